"""The waterfall where a control plane decides: failover by it, beside a group's own, switchovers, and what has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.recovery.phases import phases
from checks.recovery.waterfall import Step, ascending, complete, waterfall
from history.faults import FaultRecord

if TYPE_CHECKING:
    from tests.checks.conftest import Run

ASYNC = {"topology": {"kind": "async", "pods": 3, "primaries": 1}, "mesh": {"mode": "sidecar", "proxy": "envoy"}}
FOLLOWS_OLD, FOLLOWS_NEW = {"node1": "ONLINE/PRIMARY"}, {"node2": "ONLINE/PRIMARY"}


def failover(run: Run, **changes: Any) -> FaultRecord:
    """The primary dies at 10 s; two sidecars notice at 10.5, declared gone at 11, promoted 12, routed 12.3 / 12.6."""
    run.manifest = ASYNC
    run.traffic(0, 10_000)
    for at_ms in range(9900, 16_000, 50):
        if at_ms <= 10_000:
            run.pod(at_ms, "node1", role="primary", read_only=False, view=FOLLOWS_OLD)
        else:
            run.pod(at_ms, "node1", up=False, role=None, state=None, read_only=None)
        new = at_ms >= 12_000
        role = {"role": "primary", "read_only": False} if new else {}
        run.pod(at_ms + 1, "node2", view=FOLLOWS_NEW if new else FOLLOWS_OLD, **role)
        run.pod(at_ms + 2, "node3", view=FOLLOWS_NEW if at_ms >= 12_100 else FOLLOWS_OLD)
        for name, back_ms in (("load1", 12_600), ("load2", 12_300)):
            run.proxy(at_ms + 3, name, write={"node1": at_ms < 10_500, "node2": at_ms >= back_ms})
    run.decide(9000, "published")
    run.decide(10_400, "primary_suspected", "node1")
    run.decide(11_000, "primary_gone", "node1")
    run.decide(11_500, "drained", "node2")
    run.decide(12_010, "promoted", "node2")
    run.decide(12_100, "repointed", "node3")
    run.traffic(12_400, 20_000, server="node2")
    return run.fault(**{"injected_ms": 10_000, "healed_ms": 15_000, "clean_ms": 18_000} | changes)


def since_ms(steps: list[Step]) -> dict[str, float | None]:
    return {step.step: step.since_ms for step in steps}


def test_the_control_planes_word_counts_where_it_elects(run: Run) -> None:
    fault = failover(run)
    run.decide(17_000, "rejoined", "node1")
    steps = waterfall(run.history(), fault)
    assert since_ms(steps) == {
        "injected": 0,
        "detected": 1000,
        "elected": 2010,
        "rerouted": 2303,
        "first_ack": 2405,
        "steady": 2405,
        "rejoined": 7000,
    }
    assert complete(steps)
    assert [step.source for step in steps[1:4]] == [
        "control plane: node1 is gone, and the replicas agree",
        "control plane: node2 promoted",
        "proxy load2: node2 healthy in pool write",
    ]
    assert steps[1].note == "suspected after 400 ms; proxy load1: node1 unhealthy in pool write after 503 ms"
    assert steps[6].source == "control plane: node1 rejoined"


def test_a_decision_noted_after_its_effect_is_moved_to_it(run: Run) -> None:
    fault = failover(run)
    run.decisions = [one for one in run.decisions if one.event != "promoted"]
    run.decide(12_450, "promoted", "node2")
    steps = waterfall(run.history(), fault)
    assert since_ms(steps)["elected"] == since_ms(steps)["rerouted"] == 2303
    assert ascending(steps)


def test_without_decisions_proxies_and_observer_tell(run: Run) -> None:
    fault = failover(run)
    run.decisions = []
    steps = waterfall(run.history(), fault)
    assert (since_ms(steps)["detected"], since_ms(steps)["elected"]) == (503, 2001)
    assert steps[1].source.startswith("proxy")


def test_errant_transactions_end_in_quarantine(run: Run) -> None:
    fault = failover(run)
    run.decide(17_000, "quarantined", "node1", errant="x:1", count=1)
    step = waterfall(run.history(), fault)[-1]
    assert (step.step, step.since_ms) == ("quarantined", 7000)
    assert step.source == "control plane: node1 holds transactions that no other node has"


def test_a_pod_that_is_back_before_service_is_steady_stands_there(run: Run) -> None:
    fault = failover(run)
    run.transfer("slow", at_ms=13_000, took_ms=100, server="node2")
    run.decide(12_700, "rejoined", "node1")
    steps = waterfall(run.history(), fault)
    assert [step.step for step in steps][-3:] == ["first_ack", "rejoined", "steady"]
    assert complete(steps)


def test_the_same_primary_reopened_is_elected(run: Run) -> None:
    """It came back before anybody else was chosen."""
    fault = failover(run)
    run.seen = []
    run.rows = [row for row in run.rows if row["server"] == "node1"]
    run.traffic(13_000, 20_000)
    run.decisions = []
    run.decide(10_400, "primary_suspected", "node1")
    run.decide(12_800, "reopened", "node1")
    steps = waterfall(run.history(), fault)
    assert (steps[2].since_ms, steps[2].source) == (2800, "control plane: node1 reopened")
    assert "rejoined" not in since_ms(steps)


def test_why_nothing_happened_is_the_control_planes_word(run: Run) -> None:
    run.manifest = ASYNC
    run.traffic(0, 20_000)
    run.decide(11_000, "no_failover", "node1", reason="the replicas still hear it")
    steps = waterfall(run.history(), run.fault(injected_ms=10_000, fault="pause"))
    assert steps[1].note == "the control plane saw no reason: the replicas still hear it"


def test_in_a_group_the_first_who_knew_counts(run: Run) -> None:
    fault = failover(run)
    run.manifest = {"topology": {"kind": "group"}}
    for row in run.seen:
        if row["name"] in ("node2", "node3"):
            row["view"] = '{"node1": "ONLINE/PRIMARY", "node2": "ONLINE/", "node3": "ONLINE/"}'
    run.pod(10_800, "node3", view={"node1": "UNREACHABLE/PRIMARY", "node2": "ONLINE/", "node3": "ONLINE/"})
    steps = waterfall(run.history(), fault)
    assert (steps[1].since_ms, steps[1].source) == (800, "group: node3 saw node1 UNREACHABLE")
    assert "control plane: node1 is gone, and the replicas agree after 1000 ms" in steps[1].note
    assert (steps[2].since_ms, steps[2].source) == (2001, "observer: node2 is primary and takes writes")
    assert steps[2].note == "control plane: node2 promoted after 2010 ms"
    assert (steps[-1].since_ms, steps[-1].source) == (8000, "chaos: node1 is back and caught up")


def test_the_decisions_of_the_next_fault_are_its_own(run: Run) -> None:
    fault = failover(run)
    run.decisions = []
    second = run.fault(injected_ms=15_000, pod="node2")
    run.decide(15_500, "primary_gone", "node2")
    run.decide(16_000, "promoted", "node3")
    history = run.history()
    assert waterfall(history, fault)[2].source == "observer: node2 is primary and takes writes"
    assert waterfall(history, second)[2].source == "control plane: node3 promoted"


def switchover(run: Run) -> FaultRecord:
    fault = failover(run, fault="switchover", pod="node1", healed_ms=None, clean_ms=13_000)
    run.decisions = []
    run.seen = [row for row in run.seen if row["name"] != "node1"]
    for at_ms in range(9900, 16_000, 50):
        role = {"role": "primary", "read_only": False} if at_ms < 11_500 else {}
        run.pod(at_ms, "node1", view=FOLLOWS_OLD, **role)
    return fault


def test_a_switchover_has_the_steps_of_a_failover(run: Run) -> None:
    fault = switchover(run)
    run.decide(10_050, "switchover_started", "node2", old="node1")
    run.decide(11_900, "drained", "node2")
    run.decide(12_010, "promoted", "node2")
    run.decide(12_200, "repointed", "node1")
    run.decide(12_300, "switchover_done", "node2")
    steps = waterfall(run.history(), fault)
    assert [step.source for step in steps[:3]] == [
        "the request",
        "control plane: switchover started",
        "control plane: node2 promoted",
    ]
    assert (since_ms(steps)["detected"], since_ms(steps)["elected"], since_ms(steps)["rejoined"]) == (50, 2010, 2200)
    assert complete(steps)


def test_a_refused_switchover_says_so(run: Run) -> None:
    fault = switchover(run)
    run.decide(10_050, "switchover_refused", "node2", reason="node2 lags")
    assert waterfall(run.history(), fault)[1].note == "the control plane refused: node2 lags"


@pytest.mark.parametrize(
    ("fault", "target", "pod"),
    [("kill", "control_plane", "control"), ("scale-out", "new_replica", "node4"), ("scale-in", "one_replica", "node3")],
)
def test_where_no_pod_is_lost_there_is_nothing_to_fall(run: Run, fault: str, target: str, pod: str) -> None:
    run.traffic(0, 20_000)
    record = run.fault(injected_ms=10_000, clean_ms=12_000, fault=fault, target=target, pod=pod)
    steps = waterfall(run.history(), record)
    assert since_ms(steps) == {"injected": 0, "detected": None, "first_ack": None, "steady": None}
    assert {step.note for step in steps[1:]} == {"no node was lost, so nothing fails over"}
    assert phases(run.history()).recovered_ns == record.clean_ns


def test_of_several_pods_hit_at_once_the_primary_tells(run: Run) -> None:
    fault = failover(run, target="minority", pod="node3, node1")
    steps = waterfall(run.history(), fault)
    assert since_ms(steps)["elected"] == 2010
    assert steps[-1].source == "chaos: node1 is back and caught up"


def test_a_proxy_that_shows_every_pod_all_along_leaves_it_to_the_ops(run: Run) -> None:
    fault = failover(run)
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    for at_ms in range(9900, 16_000, 50):
        run.proxy(at_ms, write={"node1": True, "node2": True, "node3": True})
    step = waterfall(run.history(), fault)[3]
    assert step.source == "ops: start of the first write acknowledged"
    assert step.note == "the proxy was never seen to take node1 out of pool write"


def test_a_proxy_that_adds_the_new_before_it_drops_the_old_has_rerouted(run: Run) -> None:
    fault = failover(run)
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    for at_ms in range(9900, 16_000, 50):
        run.proxy(at_ms, write={"node1": at_ms < 14_000, "node2": at_ms >= 12_300})
    assert since_ms(waterfall(run.history(), fault))["rerouted"] == 2300


def test_a_fault_that_only_makes_a_node_slower_has_no_steps_of_a_failover(run: Run) -> None:
    run.traffic(0, 20_000)
    run.pod(9_900, "node1", role="primary", read_only=False, view=FOLLOWS_OLD)
    fault = run.fault(injected_ms=10_000, clean_ms=12_000, fault="delay", loses_node=False)
    steps = waterfall(run.history(), fault)
    assert since_ms(steps) == {"injected": 0, "detected": None, "first_ack": None, "steady": None}
    assert phases(run.history()).recovered_ns == fault.clean_ns


def test_a_primary_that_is_slow_enough_to_be_replaced_has_them_all_the_same(run: Run) -> None:
    fault = failover(run, fault="delay", loses_node=False)
    assert since_ms(waterfall(run.history(), fault))["elected"] == 2010
