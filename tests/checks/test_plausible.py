"""A record that is not of the trial it claims to be is void, and beside each such record one that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.judge import judge
from checks.plausible import implausible
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run

KILLED = {"container": "exited", "exit_code": 137, "answers": False}
BACK = {"container": "running", "answers": True, "in_service": True, "caught_up": True}


@pytest.fixture
def killed(run: Run) -> Run:
    """Ten seconds of transfers; node1 leads, is killed at four, and node2 leads from five on."""
    run.traffic(0, 5_000)
    run.traffic(5_000, 10_000, server="node2")
    for at_ms in range(0, 10_000, 100):
        leader = "node1" if at_ms < 4000 else None if at_ms < 5000 else "node2"
        for name in run.nodes:
            role = "primary" if name == leader else "replica"
            run.pod(at_ms, name, up=not (name == "node1" and at_ms >= 4000), role=role, read_only=role == "replica")
    run.fault(injected_ms=4000, healed_ms=6000, clean_ms=7000, bitten_evidence=KILLED, clean_evidence=BACK)
    run.manifest = {"scenario": {"faults": [{"fault": "kill", "target": "primary", "at": "4s"}]}}
    return run


def altered(run: Run, **changes: Any) -> History:
    """The history with its one fault changed."""
    return run.history(faults=(replace(run.faults[0], **changes),))


def test_a_record_of_what_was_planned_is_plausible(killed: Run) -> None:
    judgement = judge(killed.history())
    assert (judgement.verdict, judgement.void_reasons) == ("pass", [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"fault": "pause"},
            "fault 0 (pause on node1): pause of primary is on record, and planned was kill of primary",
        ),
        ({"target": "one_replica"}, "kill of one_replica is on record, and planned was kill of primary"),
        (
            {"clean_evidence": {**BACK, "caught_up": False}},
            "is recorded as healed, but its evidence says caught_up: false",
        ),
        ({"pods": ("node3",)}, "fault 0 (kill on node3) was to hit primary, and node3 had another role then"),
        ({"pods": ("node9",)}, "hit node9, which is not a pod of this run (node1, node2, node3)"),
        ({"bitten_evidence": {**KILLED, "container": "running"}}, "its evidence says container: running"),
        (
            {"bitten_evidence": {"answers": True}},
            "is recorded as effective, but its evidence says answers: true",
        ),
        (
            {"clean_evidence": {**BACK, "answers": False}},
            "is recorded as healed, but its evidence says answers: false",
        ),
    ],
)
def test_another_fault_than_planned_and_evidence_of_the_opposite_are_void(
    killed: Run, changes: dict[str, Any], reason: str
) -> None:
    judgement = judge(altered(killed, **changes))
    assert judgement.verdict == "void"
    assert any(reason in one for one in judgement.void_reasons)


def test_a_fault_that_nobody_planned_is_void_unless_nobody_says_what_was_planned(killed: Run) -> None:
    killed.manifest = {"scenario": {"faults": []}}
    assert "planned was none" in implausible(killed.history())[0]
    killed.manifest = {}
    assert implausible(killed.history()) == []


def test_a_planned_step_that_is_not_on_record_is_void_wherever_ids_begin(killed: Run) -> None:
    step = {"fault": "kill", "target": "primary"}
    assert implausible(altered(killed, id=1)) == []
    killed.manifest = {"scenario": {"faults": [step, step]}}
    for number in (0, 1):
        found = implausible(altered(killed, id=number))
        assert found == ["2 faults were planned and 1 are on record in faults.jsonl"]
    further = replace(killed.faults[0], id=2)  # a further pod of the first is not the second
    assert len(implausible(killed.history(faults=(killed.faults[0], further)))) == 1


def test_every_further_pod_of_a_step_is_planned_with_it(killed: Run) -> None:
    killed.manifest = {"scenario": {"faults": [{"fault": "kill", "target": "minority"}]}}
    both = [replace(killed.faults[0], id=number, target="minority", pods=(f"node{number + 1}",)) for number in (0, 1)]
    assert implausible(killed.history(faults=tuple(both))) == []
    other = replace(both[1], fault="pause", bitten_evidence={}, clean_evidence={})
    assert "planned was kill of minority" in implausible(killed.history(faults=(both[0], other)))[0]


@pytest.mark.parametrize(
    ("at_ms", "when"), [(-5000, "before the load had begun"), (10_500, "after the load had ended")]
)
def test_a_fault_outside_of_the_load_is_void(killed: Run, ns: Callable[[float], int], at_ms: float, when: str) -> None:
    found = implausible(altered(killed, injected_ns=ns(at_ms), pods=("node1",)))
    assert len(found) == 1
    assert when in found[0]


def test_the_load_began_when_the_manifest_says(killed: Run, ns: Callable[[float], int]) -> None:
    early = altered(killed, injected_ns=ns(-3000))
    assert implausible(early) != []
    manifest = {**killed.manifest, "load": {"zero_ns": ns(-4000)}}  # arrivals are few, the first is late
    assert implausible(replace(early, manifest=manifest)) == []


@pytest.mark.parametrize(
    ("fault", "bites", "does_not"),
    [
        ("pause", {"paused": True, "answers": False}, {"paused": False, "answers": False}),
        ("partition", {"rule": True, "packets_dropped": 3}, {"rule": False, "packets_dropped": 3}),
        ("partition", {"reached_from": {"node2": False}}, {"reached_from": {"node2": True, "node3": False}}),
        ("switchover", {"primary": "node2"}, {"primary": "node1"}),
    ],
)
def test_each_fault_has_evidence_that_says_the_opposite(
    killed: Run, fault: str, bites: dict[str, Any], does_not: dict[str, Any]
) -> None:
    killed.manifest = {}
    assert implausible(altered(killed, fault=fault, bitten_evidence=bites, clean_evidence={})) == []
    assert len(implausible(altered(killed, fault=fault, bitten_evidence=does_not, clean_evidence={}))) == 1


@pytest.mark.parametrize("target", ["candidate", "old_primary", "agent of primary", "majority"])
def test_a_target_beside_or_among_the_pods_is_one_of_this_run(killed: Run, target: str) -> None:
    killed.manifest = {}
    assert implausible(altered(killed, target=target)) == []
    assert "is not a pod of this run" in implausible(altered(killed, target=target, pods=("node9",)))[0]
    assert implausible(altered(killed, target="proxy", pods=("gateway",))) == []


def test_two_pods_promoted_in_one_epoch_are_void_where_one_leads(killed: Run) -> None:
    killed.decide(4900, "promoted", "node2")
    assert implausible(killed.history()) == []
    killed.decide(4950, "promoted", "node3")
    assert implausible(killed.history()) == [
        "the control plane promoted node2 and node3 in epoch 1, which has one primary"
    ]
    several = {**killed.manifest, "topology": {"kind": "group-multi", "primaries": 3}}
    assert implausible(killed.history(manifest=several)) == []


def test_a_pod_of_which_nodes_json_does_not_tell_proves_nothing_of_it(killed: Run) -> None:
    history = killed.history()
    nodes: dict[str, Any] = dict(history.nodes or {})
    without = {name: one for name, one in nodes.items() if name != "node3"}
    judgement = judge(replace(history, nodes=without))
    assert judgement.verdict == "fail", "convergence: it is in the tables, and not among the pods"
    assert any("does not tell of node3" in reason for reason in judgement.void_reasons)
    silent = {**nodes, "node3": {**nodes["node3"], "state": None}}
    assert "does not tell the state of node3" in implausible(replace(history, nodes=silent))[0]
    gone = {**nodes, "node3": {"role": None, "state": "UNREACHABLE", "gtid_executed": None, "checksums": {}}}
    assert implausible(replace(history, nodes=gone)) == []


@pytest.mark.slow
def test_a_check_that_needs_what_was_not_seen_makes_the_run_void(killed: Run, ns: Callable[[float], int]) -> None:
    killed.manifest["gates"] = {"require": ["replication"]}
    history = killed.history()
    assert judge(history).void_reasons == []
    observed = history.observed
    assert observed is not None
    blind = replace(history, observed=observed[(observed["at_ns"] < ns(3500)) | (observed["at_ns"] > ns(8000))])
    judgement = judge(blind)
    assert judgement.verdict == "void"
    assert "the observer did not see node1 for 4.7 s of the load" in judgement.void_reasons[0]
    unneeded = replace(blind, manifest={**killed.manifest, "gates": {}})
    assert judge(unneeded).void_reasons == []


def test_a_write_on_record_as_a_read_or_by_no_pod_of_the_run_is_void(killed: Run) -> None:
    manifest = {**killed.manifest, "scenario": {"workload": {"name": "transfer"}}}
    history = killed.history(manifest=manifest)
    sound = implausible(history)
    first = history.ops.index[(history.ops["f"] == "transfer") & (history.ops["outcome"] == "ok")][0]
    hidden, strange = history.ops.copy(), history.ops.copy()
    hidden["gtid"] = hidden["gtid"].astype(object)
    hidden.loc[first, ["f", "gtid"]] = ["read", "3e11fa47-71ca-11e1-9e33-c80aa9429562:7"]
    strange.loc[first, "server"] = "node9"
    assert any("has a GTID, as only a write has" in one for one in implausible(replace(history, ops=hidden)))
    assert any("by node9, which is not a pod" in one for one in implausible(replace(history, ops=strange)))
    assert not any("GTID" in one or "is not a pod" in one for one in sound)


def test_nobody_is_quarantined_in_a_group(killed: Run) -> None:
    history = killed.history(manifest={**killed.manifest, "topology": {"kind": "group"}})
    nodes: dict[str, Any] = dict(history.nodes or {})
    nodes["node3"] = {**nodes["node3"], "state": "QUARANTINED"}
    assert any("in a group nobody is" in one for one in implausible(replace(history, nodes=nodes)))
    source = replace(history, nodes=nodes, manifest={**killed.manifest, "topology": {"kind": "async"}})
    assert not any("nobody is" in one for one in implausible(source))


@pytest.mark.parametrize("seen", [{"a": 1}, {"container": None, "exit_code": None, "answers": None}])
def test_evidence_of_ours_that_shows_nothing_is_none(killed: Run, seen: dict[str, Any]) -> None:
    history = killed.history()
    fault = replace(history.faults[0], kind="fault", bitten=True, bitten_evidence=seen)
    assert any("shows nothing of a kill" in one for one in implausible(replace(history, faults=(fault,))))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        ({"plugged": True}, "its evidence says plugged: true"),
        ({"plugged": None}, "its evidence shows nothing of a unplug"),
        ({"container": "exited"}, "its evidence is that of a kill"),
    ],
)
def test_evidence_of_a_fault_that_the_judge_does_not_know_is_held_to_its_own_words(
    killed: Run, seen: dict[str, Any], says: str
) -> None:
    history = killed.history()
    own: dict[str, Any] = {"fault": "unplug", "kind": "fault", "refuted_by": {"bitten": {"plugged": [True]}}}
    fault = replace(history.faults[0], **own, bitten=True, bitten_evidence=seen)
    assert any(says in one for one in implausible(replace(history, faults=(fault,))))
    sound = replace(fault, bitten_evidence={"plugged": False})
    assert not any("evidence" in one for one in implausible(replace(history, faults=(sound,))))
