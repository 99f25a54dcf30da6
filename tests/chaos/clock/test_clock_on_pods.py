"""Faults of a clock on a real mysqld: measured from outside, healed from nothing; the host's clock stays right."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from chaos.fault import Context, Victim, await_evidence
from chaos.probes import process
from chaos.registry import FAULTS
from cluster.cluster import Cluster
from cluster.operations.start import wait_for_login
from cluster.topology import Topology

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def node(cluster: Callable[[Topology], Cluster]) -> Cluster:
    return cluster(Topology(kind="single", pods=1))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        pytest.param("clock-skew", {"offset": "1h", "direction": "behind"}),
        pytest.param("clock-jump", {}, marks=pytest.mark.nightly),
        pytest.param("clock-drift", {}, marks=pytest.mark.nightly),
        pytest.param("clock-strobe", {"period": "400ms"}, marks=pytest.mark.nightly),
    ],
)
def test_a_clock_is_wrong_as_promised_and_right_again(node: Cluster, name: str, keys: dict[str, object]) -> None:
    fault = FAULTS[name].read(keys)
    victim, context = Victim(pod="node1"), Context(cluster=node)
    injection = fault.on(victim, context)
    before = injection.effect()
    assert not before.ok, before.seen
    host_s, host_monotonic_s = time.time(), time.monotonic()
    injection.inject()
    try:
        bite = await_evidence(f"{name} shows", injection.effect, timeout_s=10)
        assert bite.ok, bite.as_seen()
        assert not injection.residue().ok, "a broken pod must not look clean"
        assert time.time() - host_s == pytest.approx(time.monotonic() - host_monotonic_s, abs=1), "the host's is right"
    finally:
        fault.on(victim, context).heal()
    injection.heal()
    clean = await_evidence(f"{name} is gone", injection.residue, timeout_s=10)
    assert clean.ok, clean.seen


def test_a_mysqld_that_is_restarted_has_the_right_time(node: Cluster) -> None:
    injection = FAULTS["clock-skew"].read({}).on(Victim(pod="node1"), Context(cluster=node))
    injection.inject()
    container = process(node, Victim(pod="node1"))
    container.kill()
    container.wait(timeout_s=20)
    container.start()
    wait_for_login(node.nodes, node.pods["node1"])
    clean = injection.residue()
    assert clean.ok, clean.seen
