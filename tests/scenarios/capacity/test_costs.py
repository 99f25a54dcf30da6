"""What ``--tax`` and ``--density`` add: the scenario in other shapes, and the reason where it cannot be had so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError, HarnessError
from cluster.platform.fake import FakePlatform
from scenarios.capacity import costs
from scenarios.capacity.plan import Plan, plan
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from tests.reports.capacity.made import step


def planned(subject: str = "group", **words: Any) -> Plan:
    return plan(subject, slo=["response_p99<=250ms"], **words)


def nothing_yet() -> Any:
    """What a capacity has before its taxes: any content, as the tests put words in place of rows."""
    return {"steps": [], "missing": {}, "mesh_tax": None, "container_tax": None, "density": None}


def test_every_mesh_is_read_into_the_same_scenario_and_keeps_what_has_a_meaning_there() -> None:
    given = planned(mesh="envoy", settings=["mesh.check_interval=700ms"])
    haproxy, direct = costs.with_mesh(given, "haproxy"), costs.with_mesh(given, "direct")
    assert (haproxy.mesh.proxy, direct.mesh.mode) == ("haproxy", "direct")
    assert haproxy.mesh.settings["check_interval"] == "700ms"
    assert direct.mesh.settings == {}
    assert haproxy.topology == given.scenario.topology
    assert haproxy.seed == given.scenario.seed


def test_the_server_of_the_container_tax_is_alone_and_density_compares_topologies() -> None:
    given = planned("group", mesh="envoy")
    server = costs.alone(given)
    assert (server.topology.kind, server.topology.pods, server.mesh.mode) == ("single", 1, "direct")
    scenarios = costs.as_topologies(given)
    assert list(scenarios) == ["group", "single", "semisync"]
    assert {one.mesh.proxy for one in scenarios.values()} == {"envoy"}


def test_a_topology_that_the_scenario_cannot_have_is_left_out_of_density(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = planned("group", mesh="envoy")

    def reads(name: str, *, settings: list[str], **words: Any) -> Scenario:
        if settings[-1] == "topology.kind=semisync":
            raise ConfigurationError("topology.kind: semisync is not for this scenario")
        return read_scenario(name, settings=settings, **words)

    monkeypatch.setattr(costs, "read_scenario", reads)
    assert list(costs.as_topologies(given)) == ["group", "single"]
    assert "density: no semisync: topology.kind: semisync is not for this scenario" in capsys.readouterr().err


def test_steps_of_the_taxes_go_into_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measures(*_: object, told: Any, **__: object) -> dict[str, str]:
        told(step())
        return {"direct": "its cost"}

    monkeypatch.setattr(costs, "mesh_tax", measures)
    monkeypatch.setattr(costs, "measure_container_tax", measures)
    measured = nothing_yet()
    costs.add_taxes(measured, planned(), platform=FakePlatform(), folder=tmp_path)
    assert str(measured["mesh_tax"]) == str(measured["container_tax"]) == "{'direct': 'its cost'}"
    assert len(measured["steps"]) == 2
    assert measured["missing"] == {}


def test_what_this_machine_cannot_have_is_missing_with_the_reason_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise ConfigurationError("a server outside of containers is started by chroot, which needs root")

    monkeypatch.setattr(costs, "mesh_tax", lambda *_, **__: {"direct": "its cost"})
    monkeypatch.setattr(costs, "measure_container_tax", refuses)
    monkeypatch.setattr(costs, "density", lambda *_, **__: ["a row"])
    measured = nothing_yet()
    costs.add_taxes(measured, planned(), platform=FakePlatform(), folder=tmp_path)
    costs.add_density(measured, planned(), platform=FakePlatform(), folder=tmp_path)
    assert measured["missing"] == {
        "container_tax": "a server outside of containers is started by chroot, which needs root"
    }
    assert measured["container_tax"] is None
    assert str(measured["density"]) == "['a row']"


def test_a_tax_that_broke_is_not_told_as_one_that_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise HarnessError("the load broke")

    monkeypatch.setattr(costs, "mesh_tax", breaks)
    with pytest.raises(HarnessError, match="the load broke"):
        costs.add_taxes(nothing_yet(), planned(), platform=FakePlatform(), folder=tmp_path)
