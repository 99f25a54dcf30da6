"""manifest.json as a typed record: what it says, what it says where nothing is there, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from history.json_files import HistoryError
from history.manifest import Manifest, PartOf, assert_consistent, read_manifest

WHOLE: dict[str, Any] = {
    "scenario": {
        "name": "primary-kill",
        "workload": {"name": "transfer", "accounts": 10},
        "load": {"duration": "50s", "drain": "5s"},
        "faults": [{"fault": "kill", "target": "primary", "at": "15s"}],
    },
    "topology": {"kind": "semisync", "pods": 3, "pods_at_end": 4},
    "mesh": {"mode": "gateway", "proxy": "envoy"},
    "load": {"zero_ns": 7, "complete": False, "dead": ["load2"], "lateness_ms": {"p50": None, "p99": 2.5}},
    "part_of": {
        "kind": "matrix",
        "name": "primary-kill",
        "id": "m1",
        "cell": "group / envoy",
        "trial": 2,
    },
    "missing": [{"what": "the log of node1", "why": "it is gone"}],
    "variables": {"node1": {"sync_binlog": "1"}},
    "site": {"room": 7},
}


def test_what_a_manifest_says_has_names_and_types() -> None:
    run = read_manifest(WHOLE)
    assert (run.scenario.name, run.workload_name, run.workload_options["accounts"]) == ("primary-kill", "transfer", 10)
    assert (run.scenario.load.duration_s, run.scenario.load.with_drain_s) == (50.0, 55.0)
    assert [(step.fault, step.target, step.peer) for step in run.scenario.faults or ()] == [("kill", "primary", None)]
    assert (run.topology.is_source_replica, run.topology.is_group, run.topology.pods_meant_at_end) == (True, False, 4)
    assert (run.mesh.is_direct, run.mesh.proxy) == (False, "envoy")
    assert (run.load.is_cut, run.load.dead, run.load.lateness_ms) == (True, ("load2",), {"p99": 2.5})
    assert run.part_of == PartOf(kind="matrix", name="primary-kill", id="m1", cell="group / envoy", trial=2, attempt=1)
    assert [(gone.what, gone.why) for gone in run.missing] == [("the log of node1", "it is gone")]


def test_a_folder_without_a_manifest_says_nothing_and_is_read() -> None:
    run = read_manifest({})
    assert run == Manifest()
    assert (run.workload_name, run.topology.primaries_meant, run.topology.pods_meant_at_end) == (None, 1, None)
    assert (run.load.is_cut, run.load.locustfile, run.scenario.load.with_drain_s) == (False, None, None)
    assert_consistent(run)


def test_a_workload_may_be_a_word_alone() -> None:
    assert read_manifest({"scenario": {"workload": "tpcb"}}).workload_name == "tpcb"
    assert read_manifest({"scenario": {"workload": "users.py"}}).of_locustfile


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"variables": 7}, "'variables' must be an object, not 7"),
        ({"variables": {"node1": 7}}, r"'variables\.node1' must be an object, not 7"),
        ({"topology": "group"}, "'topology' must be an object"),
        ({"load": {"locustfile": {"users": {"started": -1}}}}, r"'load\.locustfile\.users\.started' must be a whole"),
        ({"scenario": {"faults": [{}, {"fault": 3}]}}, r"'scenario\.faults\.1\.fault' must be text, not 3"),
        ({"part_of": {"kind": "weekly"}}, r"'part_of\.kind' must be one of trials, matrix, nightly"),
        ({"part_of": {"kind": "trials", "name": "a", "id": "b"}}, r"'trial' is missing; expected a whole"),
        ({"boot_s": float("nan")}, "'boot_s' must be a number from 0 up, not NaN"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_place_whoever_asks(content: dict[str, Any], named: str) -> None:
    with pytest.raises(HistoryError, match=f"manifest.json: {named}"):
        read_manifest(content)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"load": {"offered": 3, "ok": 2, "fail": 2}}, "'load.offered' is 3, and of these are ok 2, fail 2"),
        ({"topology": {"kind": "group", "primaries": 2}}, "'topology.primaries' is 2, but kind group has one primary"),
        (
            {"scenario": {"topology": "async"}},
            "'topology.kind' is \"semisync\", and 'scenario.topology.kind' \"async\"",
        ),
        ({"scenario": {"workload": "transfers"}}, "'scenario.workload.name' must be one of"),
        ({"scenario": {"workload": {"name": 7}}}, "'scenario.workload.name' must be text, not 7"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(HistoryError) as caught:
        assert_consistent(read_manifest(WHOLE | changes))
    assert named in str(caught.value)
