"""What was in force of a varied key, from run folders that say so, or say otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reports.matrix.experiment import Cell, Effective
from scenarios.matrix.plan import plan
from scenarios.matrix.read_back import FAULTS, MANIFEST, NOT_SHOWN, PODS, PROXIES, VARIABLES, read_back, unlike
from scenarios.schema.scenario import Scenario

EXPEL = "group_replication_member_expel_timeout"
NODES = ("node1", "node2", "node3")


def cell_of(axis: str, *, name: str = "gray-delay", number: int = 1) -> tuple[Cell, Scenario]:
    """The cell of one value of an axis."""
    found = plan(name, topologies=None, meshes=None, vary=[axis])
    cell = found.cells[number]
    return cell, found.runnable[cell].scenario


def run_folder(folder: Path, scenario: Scenario, *, variables: Mapping[str, Mapping[str, str]], **extra: Any) -> Path:
    """As a run of the scenario leaves it, as far as it is read here."""
    manifest = {"scenario": scenario.model_dump(mode="json"), "variables": variables, **extra}
    if composed := scenario.composed():
        manifest["composed"] = composed
    (folder / "manifest.json").write_text(json.dumps(manifest))
    lines = [
        {"id": number, "step": "planned", "at_ns": 5, **vars(step.asked())}
        for number, step in enumerate(scenario.timeline())
    ]
    (folder / "faults.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def read(folder: Path, axis: str, *, variables: Mapping[str, str] | None = None, **options: Any) -> Effective:
    """Of a run in which every pod says the same."""
    name, number = options.pop("name", "gray-delay"), options.pop("number", 1)
    cell, scenario = cell_of(axis, name=name, number=number)
    run_folder(folder, scenario, variables=dict.fromkeys(NODES, variables or {}), **options)
    (found,) = read_back(folder, scenario, cell.varied)
    return found


@pytest.mark.parametrize(
    ("axis", "shown"),
    [
        (f"mysql.config.{EXPEL}=0,5", {EXPEL: "5"}),
        ("mysql.config.sync-binlog=1,0", {"sync_binlog": "0"}),
        ("mysql.config.innodb_flush_sync=on,off", {"innodb_flush_sync": "OFF"}),
        ("mysql.config.max_binlog_size=1M,16M", {"max_binlog_size": "16777216"}),
        ("mysql.config.sql_mode=ANSI,STRICT_ALL_TABLES", {"sql_mode": "STRICT_ALL_TABLES"}),
    ],
)
def test_an_option_of_mysqld_is_read_from_every_pod_in_mysql_s_normal_form(
    tmp_path: Path, axis: str, shown: dict[str, str]
) -> None:
    found = read(tmp_path, axis, variables=shown)
    (value,) = shown.values()
    assert (found.source, found.read, found.wrong) == (VARIABLES, dict.fromkeys(NODES, value), None)


def test_a_pod_with_another_value_is_named_and_the_trial_is_none_of_its_cell(tmp_path: Path) -> None:
    cell, scenario = cell_of(f"mysql.config.{EXPEL}=5,0")
    variables = {"node1": {EXPEL: "0"}, "node2": {EXPEL: "5"}, "node3": {EXPEL: "0"}}
    found = read_back(run_folder(tmp_path, scenario, variables=variables), scenario, cell.varied)
    assert unlike(found) == f"mysql.config.{EXPEL}: asked 0, in force 5 on node2"


def test_a_word_for_a_value_is_in_force_where_the_run_found_it_so(tmp_path: Path) -> None:
    axis, shown = "mysql.config.transaction_isolation=1,2", {"transaction_isolation": "REPEATABLE-READ"}
    noted = [{"option": "transaction_isolation", "effective": dict.fromkeys(NODES, "REPEATABLE-READ")}]
    assert read(tmp_path, axis, variables=shown, options=noted).wrong is None
    noted[0]["effective"] = dict.fromkeys(NODES, "READ-COMMITTED")
    assert "asked 2, in force REPEATABLE-READ on node1" in (
        read(tmp_path, axis, variables=shown, options=noted).wrong or ""
    )


def test_an_option_that_nothing_shows_is_said_to_be_so_and_one_that_no_pod_told_is_void(tmp_path: Path) -> None:
    axis = "mysql.config.maximum-max_connections=100,200"
    found = read(tmp_path, axis, variables={"max_connections": "151"})
    assert (found.source, found.read, found.wrong) == (NOT_SHOWN, {}, None)
    cell, scenario = cell_of(axis)
    (silent,) = read_back(run_folder(tmp_path, scenario, variables={}), scenario, cell.varied)
    assert "no pod told" in (silent.wrong or "")


@pytest.mark.parametrize("key", [EXPEL, "loose_foo_bar"])
def test_an_option_that_the_pods_do_not_have_is_not_in_force(tmp_path: Path, key: str) -> None:
    note = [{"option": key, "effective": {}, "note": "not in effect: topology async has no Group Replication"}]
    found = read(tmp_path, f"mysql.config.{key}=5,0", variables={"sync_binlog": "1"}, options=note)
    assert unlike([found]) == f"mysql.config.{key}: asked 0, node1 has no such variable"


def test_an_option_that_mysqld_took_and_no_variable_shows_is_no_reason_to_be_void(tmp_path: Path) -> None:
    note = [{"option": "symbolic_links", "effective": {}, "note": NOT_SHOWN}]
    found = read(tmp_path, "mysql.config.symbolic_links=0,1", variables={"sync_binlog": "1"}, options=note)
    assert (found.source, found.read, found.wrong) == (NOT_SHOWN, {}, None)


def test_a_setting_of_the_mesh_is_read_from_every_proxy(tmp_path: Path) -> None:
    def mesh(value: str) -> dict[str, Any]:
        return {"mode": "gateway", "proxy": "envoy", "settings": {"gateway": {"check_interval": value, "fall": 2}}}

    found = read(tmp_path, "mesh.check_interval=1s,0.1s", mesh=mesh("100ms"))
    assert (found.source, found.read, found.wrong) == (PROXIES, {"gateway": "100ms"}, None)
    found = read(tmp_path, "mesh.check_interval=1s,0.1s", mesh=mesh("250ms"))
    assert found.wrong == "mesh.check_interval: asked 0.1s, in force 250ms on gateway"


def test_where_no_proxy_told_it_is_the_scenario_of_the_manifest(tmp_path: Path) -> None:
    found = read(tmp_path, "mesh.check_interval=1s,0.1s")
    assert (found.source, found.read) == (MANIFEST, {"": "100ms"})


@pytest.mark.parametrize(("number", "value"), [(0, "noop"), (1, "50ms"), (2, "kill")])
def test_a_fault_is_read_from_what_was_recorded_of_it(tmp_path: Path, number: int, value: str) -> None:
    found = read(tmp_path, "faults.0.latency=0ms,50ms,kill", number=number)
    assert (found.source, found.read, found.wrong) == (FAULTS, {"": value}, None)


def test_another_fault_than_asked_for_is_no_trial_of_the_cell(tmp_path: Path) -> None:
    cell, scenario = cell_of("faults.0.latency=200ms,50ms")
    run_folder(tmp_path, scenario, variables={})
    recorded = (tmp_path / "faults.jsonl").read_text()
    (tmp_path / "faults.jsonl").write_text(recorded.replace('"50ms"', '"200ms"'))
    (found,) = read_back(tmp_path, scenario, cell.varied)
    assert found.wrong == "faults.0.latency: asked 50ms, in force 200ms"
    (tmp_path / "faults.jsonl").write_text("")
    (found,) = read_back(tmp_path, scenario, cell.varied)
    assert "faults.jsonl has no such step" in (found.wrong or "")


def test_what_was_measured_of_a_fault_stands_beside_it(tmp_path: Path) -> None:
    cell, scenario = cell_of("faults.0.latency=200ms,50ms")
    run_folder(tmp_path, scenario, variables={})
    line = json.loads((tmp_path / "faults.jsonl").read_text())
    measured = [{"what": "delay of most packets, sent", "unit": "ms", "measured": 50.3}]
    steps = [line, line | {"step": "injected", "at_ns": 6}]
    steps.append(line | {"step": "bitten", "at_ns": 7, "ok": True, "evidence": {"measured": measured}})
    (tmp_path / "faults.jsonl").write_text("".join(json.dumps(one) + "\n" for one in steps))
    (found,) = read_back(tmp_path, scenario, cell.varied)
    assert found.read == {"": "50ms", "measured, delay of most packets, sent": "50.3 ms"}


def test_the_number_of_pods_is_how_many_answered_and_any_other_key_is_the_manifest_s(tmp_path: Path) -> None:
    found = read(tmp_path, "topology.pods=5,3", name="primary-kill", variables={"x": "1"})
    assert (found.source, found.read, found.wrong) == (PODS, {"": 3}, None)
    found = read(tmp_path, "topology.pods=3,5", name="primary-kill", variables={"x": "1"})
    assert found.wrong == "topology.pods: asked 5, in force 3"
    found = read(tmp_path, "load.rate=100,200")
    assert (found.source, found.read, found.wrong) == (MANIFEST, {"": 200}, None)


def test_a_composition_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = read(tmp_path, "faults.0.mix.steps=2,3", name="mix")
    assert (found.source, found.read, found.wrong) == (MANIFEST, {"": 3}, None)
    cell, scenario = cell_of("faults.0.mix.steps=2,3", name="mix")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["composed"][0]["mix"]["steps"] = 2
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (changed,) = read_back(tmp_path, scenario, cell.varied)
    assert changed.wrong == "faults.0.mix.steps: asked 3, in force 2"
