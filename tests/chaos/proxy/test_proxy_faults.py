"""Which faults of proxies and agents fit where, and what is refused before anything starts."""

from __future__ import annotations

import pytest

from chaos.applicability import misfit
from chaos.fault import Mode, Setting
from chaos.registry import FAULTS
from chaos.targets import Target
from chaos.timeline import PlannedFault
from cluster.keys import MistakesError
from mesh.proxies.lookup import PROXIES


def why_not(name: str, target: Target, mesh: Mode, *, proxy: str = "envoy") -> str:
    """Empty where the step fits."""
    step = PlannedFault(fault=FAULTS[name].read({}), target=target, at_s=1.0)
    mistake = misfit(step, Setting(kind="async", pods=3, mesh=mesh, proxy=proxy))
    return "" if mistake is None else f"{mistake.key}: {mistake.words}"


@pytest.mark.parametrize("name", ["certificate-expired", "wrong-ca", "certificate-rotated"])
def test_only_a_mesh_with_certificates_can_have_bad_ones(name: str) -> None:
    assert why_not(name, "proxy of primary", "mtls") == ""
    assert why_not(name, "proxy", "mtls") == ""
    assert why_not(name, "proxy", "gateway") == f"fault: {name} does not apply to mesh gateway; it applies to mtls"


@pytest.mark.parametrize("name", ["agent-lies", "agent-slow"])
def test_an_agent_is_hit_and_nothing_else(name: str) -> None:
    assert why_not(name, "agent of one_replica", "direct") == ""
    assert why_not(name, "primary", "direct").startswith(f"target: {name} cannot have target primary; it can: agent of")


@pytest.mark.parametrize("latency", ["-3ms", "1ms", "1m"])
def test_a_latency_that_no_probe_could_wait_for_is_refused(latency: str) -> None:
    with pytest.raises(MistakesError, match="latency"):
        FAULTS["agent-slow"].read({"latency": latency})


def test_only_a_proxy_that_can_drain_is_drained() -> None:
    assert why_not("listener-drained", "proxy", "gateway") == ""
    assert why_not("listener-drained", "proxy", "gateway", proxy="haproxy") == ""
    assert "MySQL Router" in why_not("listener-drained", "proxy", "gateway", proxy="router")
    assert why_not("listener-drained", "proxy", "direct").startswith("fault: listener-drained does not apply to mesh")


@pytest.mark.parametrize("product", PROXIES)
def test_a_product_says_how_it_drains_and_the_fault_believes_it(product: str) -> None:
    refused = why_not("listener-drained", "proxy", "gateway", proxy=product)
    assert bool(refused) == (PROXIES[product].drain is None)
