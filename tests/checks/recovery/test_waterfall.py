"""The waterfall: a known answer for each way to see one, and samples that come out of order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checks.latency import latency
from checks.recovery.phases import phases
from checks.recovery.waterfall import Step, ascending, complete, waterfall
from history.history import FaultRecord, History

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Clock = Callable[[float], int]
ALL_ON = {"node1": "ONLINE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
SUSPECT = {"node1": "UNREACHABLE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
MOVED = {"node2": "ONLINE/PRIMARY", "node3": "ONLINE/SECONDARY"}


def on_primary(run: Run, at_ms: float, name: str, *, view: dict[str, str] | None) -> None:
    run.pod(at_ms, name, role="primary", read_only=False, view=view)


def failover(run: Run) -> FaultRecord:
    """The primary of three dies at 10 s; suspected at 12, node2 elected at 14, routed at 14.3, first write at 14.5."""
    run.traffic(0, 10_000)
    for at_ms in (9900, 9950):
        on_primary(run, at_ms, "node1", view=ALL_ON)
        run.pod(at_ms + 1, "node2", view=ALL_ON)
        run.proxy(at_ms + 2, write={"node1": True, "node2": False})
    for at_ms in range(10_050, 16_000, 50):
        run.pod(at_ms, "node1", up=False, role=None, state=None, read_only=None)
        if at_ms < 14_000:
            run.pod(at_ms + 1, "node2", view=ALL_ON if at_ms < 12_000 else SUSPECT)
        else:
            on_primary(run, at_ms + 1, "node2", view=MOVED)
        run.proxy(at_ms + 2, write={"node1": at_ms < 10_500, "node2": at_ms >= 14_300})
    run.transfer("lost", at_ms=10_001, took_ms=10, outcome="unknown")
    run.transfer("first", at_ms=10_010, start_ms=14_400, took_ms=4490, server="node2")
    run.traffic(14_520, 22_000, server="node2")
    return run.fault(injected_ms=10_000, healed_ms=15_000)


def since_ms(steps: list[Step]) -> dict[str, float | None]:
    """The steps; without the pod's return where nothing showed it."""
    return {step.step: step.since_ms for step in steps if step.step != "rejoined" or step.at_ns is not None}


def test_a_failover_seen_from_all_sides(run: Run, ns: Clock) -> None:
    fault = failover(run)
    steps = waterfall(run.history(), fault)
    assert since_ms(steps) == {
        "injected": 0,
        "detected": 2001,
        "elected": 4001,
        "rerouted": 4302,
        "first_ack": 4500,
        "steady": 5500,  # the first second after it holds the arrival that had waited
    }
    assert complete(steps)
    assert steps[1].at_ns == ns(12_001)
    assert [step.source for step in steps] == [
        "chaos",
        "group: node2 saw node1 UNREACHABLE",
        "observer: node2 is primary and takes writes",
        "proxy gateway: node2 healthy in pool write",
        "ops: acknowledged by node2",
        "ops: keeps up with the load, p99 as before",
        "",
    ]
    assert (steps[6].step, steps[6].note) == ("rejoined", "node1 was not shown to be back")
    assert steps[1].note == "proxy gateway: node1 unhealthy in pool write after 502 ms"


def test_rows_in_any_order_give_the_same_steps(run: Run) -> None:
    fault = failover(run)
    history = run.history()
    assert history.observed is not None
    shuffled = replace(
        history,
        ops=history.ops.sample(frac=1, random_state=7),
        observed=history.observed.sample(frac=1, random_state=7),
    )
    assert waterfall(shuffled, fault) == waterfall(history, fault)


def test_a_sample_later_than_its_effect_is_moved_to_it(run: Run) -> None:
    fault = failover(run)
    run.transfer("sooner", at_ms=10_020, start_ms=14_260, took_ms=4270, server="node2")
    steps = waterfall(run.history(), fault)
    assert since_ms(steps)["rerouted"] == since_ms(steps)["first_ack"] == 4290
    assert steps[3].note == "first sampled 12 ms later (sampling uncertainty 50 ms)"
    assert complete(steps)


def test_a_sample_too_late_for_its_effect_stays_and_the_order_is_broken(run: Run) -> None:
    fault = failover(run)
    run.transfer("too soon", at_ms=10_020, start_ms=14_100, took_ms=4090, server="node2")
    steps = waterfall(run.history(), fault)
    assert (since_ms(steps)["rerouted"], since_ms(steps)["first_ack"]) == (4302, 4110)
    assert not ascending(steps)
    assert "observed before its cause; order uncertain" in steps[4].note


def test_direct_mode_reroutes_when_the_first_acknowledged_write_starts(run: Run) -> None:
    fault = failover(run)
    run.manifest = {"mesh": {"mode": "direct"}}
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    steps = waterfall(run.history(), fault)
    assert since_ms(steps)["rerouted"] == 4400
    assert steps[3].source.startswith("ops")
    assert complete(steps)


def test_direct_mode_a_write_that_waited_for_the_election_is_rerouted_by_it(run: Run) -> None:
    fault = failover(run)
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    run.transfer("patient", at_ms=10_020, start_ms=10_020, took_ms=4180, server="node2")
    steps = waterfall(run.history(), fault)
    assert (since_ms(steps)["elected"], since_ms(steps)["rerouted"], since_ms(steps)["first_ack"]) == (4001, 4001, 4200)


def test_a_write_acknowledged_by_the_old_primary_is_not_the_first(run: Run) -> None:
    fault = failover(run)
    run.transfer("in flight", at_ms=10_000.5, took_ms=2, server="node1")
    assert since_ms(waterfall(run.history(), fault))["first_ack"] == 4500


def test_without_servers_the_first_write_started_after_the_election_counts(run: Run) -> None:
    fault = failover(run)
    for row in run.rows:
        row["server"] = None
    run.transfer("in flight", at_ms=10_000.5, took_ms=2, server=None)
    steps = waterfall(run.history(), fault)
    assert since_ms(steps)["first_ack"] == 4500
    assert steps[4].source.endswith("server not known")


def single(run: Run) -> FaultRecord:
    """The only pod is killed at 10 s, the proxy notices at 10.6, it is back at 13, routed at 13.4, writing at 13.5."""
    run.traffic(0, 10_000)
    for at_ms in range(9900, 15_000, 50):
        up = at_ms < 10_000 or at_ms >= 13_000
        role = {"role": "primary", "read_only": False} if up else {"role": None, "read_only": None}
        run.pod(at_ms, "node1", up=up, state=None, **role)
        run.proxy(at_ms + 2, write={"node1": at_ms < 10_600 or at_ms >= 13_400})
    run.transfer("in flight", at_ms=10_001, took_ms=1)
    run.traffic(10_100, 13_400, outcome="fail", errno=2003, error="refused", took_ms=1, server=None)
    run.traffic(13_495, 20_000)
    return run.fault(injected_ms=10_000)


def test_a_single_pod_is_elected_by_coming_back(new_run: type[Run]) -> None:
    run = new_run(nodes=("node1",))
    fault = single(run)
    steps = waterfall(run.history(), fault)
    assert since_ms(steps) == {
        "injected": 0,
        "detected": 602,
        "elected": 3000,
        "rerouted": 3402,
        "first_ack": 3500,
        "steady": 3500,
    }
    assert steps[1].source == "proxy gateway: node1 unhealthy in pool write"
    assert steps[2].source == "observer: node1 is back and takes writes"


def test_with_neither_group_nor_proxy_the_first_failed_write_detects(new_run: type[Run]) -> None:
    run = new_run(nodes=("node1",))
    fault = single(run)
    run.transfer("poor", at_ms=10_002, took_ms=1, outcome="fail", error="insufficient-funds")
    run.transfer("full", at_ms=10_002, took_ms=1, outcome="fail", error="overflow")
    steps = waterfall(run.history(observed=None), fault)
    assert since_ms(steps)["detected"] == 101
    assert steps[1].source == "ops: first write that was not ok"
    assert since_ms(steps)["elected"] is None
    assert steps[2].note == "no node was observed"
    assert not complete(steps)


def test_an_isolated_primary_that_still_believes_in_itself_is_not_elected(run: Run) -> None:
    fault = failover(run)
    run.seen = [row for row in run.seen if row["name"] != "node1" or row["at_ns"] <= (fault.injected_ns or 0)]
    run.pod(12_500, "node1", up=False, role=None, state=None, read_only=None)
    on_primary(run, 12_600, "node1", view=ALL_ON)
    assert since_ms(waterfall(run.history(), fault))["elected"] == 4001


def test_a_member_that_lost_its_own_place_detects_nothing(run: Run) -> None:
    fault = failover(run)
    run.pod(10_020, "node3", view={"node3": "ERROR/"})
    assert since_ms(waterfall(run.history(), fault))["detected"] == 2001


def test_nobody_is_elected_before_the_loss_was_detected(run: Run) -> None:
    fault = failover(run)
    on_primary(run, 11_000, "node2", view=ALL_ON)
    assert since_ms(waterfall(run.history(), fault))["elected"] == 4001


def test_the_same_pod_is_not_back_before_it_was_gone(new_run: type[Run]) -> None:
    run = new_run(nodes=("node1",))
    fault = single(run)
    run.transfer("cut", at_ms=10_001, took_ms=1, outcome="unknown")
    on_primary(run, 10_010, "node1", view=None)
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    steps = waterfall(run.history(), fault)
    assert (since_ms(steps)["detected"], since_ms(steps)["elected"]) == (2, 3000)


def test_a_replica_has_no_election(run: Run) -> None:
    for at_ms in range(9900, 12_000, 50):
        on_primary(run, at_ms, "node1", view=ALL_ON if at_ms < 11_000 else {"node1": "ONLINE/PRIMARY"})
        run.pod(at_ms, "node3", up=at_ms < 10_000)
        run.proxy(at_ms + 2, read={"node3": at_ms < 10_300}, write={"node1": True, "node3": False})
    run.traffic(0, 20_000)
    steps = waterfall(run.history(), run.fault(injected_ms=10_000, target="one_replica", pod="node3"))
    assert since_ms(steps) == {"injected": 0, "detected": 1000, "first_ack": 25, "steady": 25}
    assert steps[1].source == "group: node1 saw node3 no more"
    assert steps[1].note == "proxy gateway: node3 unhealthy in pool read after 302 ms"
    assert complete(steps)


def test_a_replica_that_only_the_observer_misses_is_detected_by_it(run: Run) -> None:
    run.traffic(0, 20_000)
    run.pod(9990, "node3")
    run.pod(10_040, "node3", up=False)
    steps = waterfall(run.history(), run.fault(injected_ms=10_000, target="one_replica", pod="node3"))
    assert steps[1].source == "observer: node3 did not answer"


def test_a_fault_never_injected_has_no_times(run: Run) -> None:
    run.traffic(0, 1000)
    steps = waterfall(run.history(), run.fault())
    assert {step.at_ns for step in steps} == {None}
    assert {step.note for step in steps} == {"the fault was never injected"}
    assert not complete(steps)


def steady_of(history: History, fault: FaultRecord) -> Step:
    return next(step for step in waterfall(history, fault) if step.step == "steady")


@pytest.mark.parametrize(("took_ms", "steady_ms"), [(55, 4500), (56, 6500)])
def test_steady_waits_for_the_latency_of_before(run: Run, took_ms: float, steady_ms: float) -> None:
    """p99 was 5 ms before, so 55 ms are as good; 56 ms in the second second after the first write put it off."""
    fault = failover(run)
    run.rows = [row for row in run.rows if row["key"] != "first"]
    run.transfer("first", at_ms=14_480, took_ms=20, server="node2")
    run.transfer("slow", at_ms=15_600, took_ms=took_ms, server="node2")
    assert steady_of(run.history(), fault).since_ms == steady_ms


def test_steady_waits_until_the_service_keeps_up_with_what_is_offered(run: Run, ns: Clock) -> None:
    """Writes that fail in one second put it off; a second in which fewer were offered does not."""
    fault = failover(run)
    quiet = [row for row in run.rows if not ns(15_600) <= row["intended_ns"] < ns(15_720)]
    failing = [{**row, "outcome": "fail"} if ns(15_600) <= row["intended_ns"] < ns(15_720) else row for row in run.rows]
    run.rows = quiet
    assert steady_of(run.history(), fault).since_ms == 5500
    run.rows = failing
    assert steady_of(run.history(), fault).since_ms == 6500


def test_an_operation_tried_again_is_offered_once(run: Run, ns: Clock) -> None:
    """Every write of a second needed a second attempt, and got through: that second kept up."""
    fault = failover(run)
    second = [row for row in run.rows if ns(15_600) <= row["intended_ns"] < ns(16_600)]
    for row in second:
        run.rows.append({**row, "outcome": "fail", "end_ns": row["start_ns"]})
        row["attempt"] = 2
    assert steady_of(run.history(), fault).since_ms == 5500


def test_steady_follows_a_rate_that_varies(run: Run, ns: Clock) -> None:
    """A burst of five times the load is no slump before and after it."""
    fault = failover(run)
    for number in range(200):
        run.transfer(f"burst{number}", at_ms=16_000 + 5 * number, server="node2")
    assert steady_of(run.history(), fault).since_ms == 5500


def test_steady_is_not_known_when_the_load_ends_too_soon(run: Run, ns: Clock) -> None:
    fault = failover(run)
    run.rows = [row for row in run.rows if row["intended_ns"] < ns(16_500)]
    step = steady_of(run.history(), fault)
    assert (step.at_ns, step.note) == (None, "the load ended 2.0 s after the first acknowledged write")


def test_steady_needs_full_seconds(run: Run, ns: Clock) -> None:
    fault = failover(run)
    run.rows = [row for row in run.rows if row["key"] != "first" and row["intended_ns"] < ns(17_450)]
    run.transfer("first", at_ms=14_480, took_ms=20, server="node2")
    assert steady_of(run.history(), fault).note.startswith("the load ended")


def test_steady_is_as_before_the_first_fault_not_as_between_two(run: Run) -> None:
    run.traffic(0, 2000)
    run.fault(injected_ms=2000, target="one_replica", pod="node2")
    run.traffic(2000, 20_000, took_ms=60)
    second = run.fault(injected_ms=10_000, target="one_replica", pod="node3")
    assert steady_of(run.history(), second).note == "no 3 s in a row as good as before (p99 5 ms, limit 55 ms)"


def test_steady_needs_a_healthy_time_to_compare_with(run: Run, ns: Clock) -> None:
    fault = failover(run)
    run.rows = [row for row in run.rows if row["intended_ns"] > ns(10_000)]
    assert steady_of(run.history(), fault).note == "nothing was acknowledged before the fault to compare with"


def test_a_service_that_is_bad_later_was_not_steady_before_that(run: Run, ns: Clock) -> None:
    """The demo of old: good again 5.5 s after the kill, then nine seconds in which a third gets through, then good."""
    fault = failover(run)
    run.traffic(22_000, 25_000, server="node2")
    for i in range(450):
        kept = i % 3 == 0
        run.transfer(f"dim{i}", at_ms=25_000 + 20 * i, outcome="ok" if kept else "fail", server="node2")
    run.traffic(34_000, 40_000, server="node2")
    step = steady_of(run.history(), fault)
    assert step.at_ns == ns(34_500)
    assert step.note == "p99 before 5 ms, limit 55 ms; good before for 9 s, from 1.0 s after the first ack"
    parts = phases(run.history())
    assert (parts.recovered_ns, parts.never_steady) == (ns(34_500), False)


def test_a_service_that_is_bad_when_the_load_ends_is_not_steady_again(run: Run) -> None:
    """All that followed the fault is then during it, nothing is after it, and a gate on what is after it fails."""
    fault = failover(run)
    run.traffic(22_000, 30_000, server="node2", outcome="fail", error="busy")
    step = steady_of(run.history(), fault)
    assert (step.at_ns, step.source, step.lost) == (None, "ops: not steady again", True)
    assert (
        step.note
        == "bad when the load ended (p99 5 ms, limit 55 ms; good before for 6 s, from 1.0 s after the first ack)"
    )
    assert phases(run.history()).recovered_ns is None
    judged = latency(run.history(manifest={"gates": {"response_p99_after_ms": 1000}}))
    assert judged.verdict == "fail"
    assert judged.measured["after"]["ops"] == 0
    assert [row["found"] for row in judged.witness] == ["service was not steady again"]


def test_a_second_that_is_a_little_worse_is_no_lapse(run: Run, ns: Clock) -> None:
    fault = failover(run)
    run.transfer("slow", at_ms=18_700, took_ms=90, server="node2")
    assert steady_of(run.history(), fault).since_ms == 5500
    for at_ms in (18_700, 19_700, 20_700):
        run.transfer(f"slow{at_ms}", at_ms=at_ms, took_ms=90, server="node2")
    assert steady_of(run.history(), fault).at_ns is None


def test_writes_that_never_come_back_are_not_steady_again(run: Run) -> None:
    run.traffic(0, 10_000)
    run.traffic(10_000, 20_000, outcome="fail", error="refused")
    fault = run.fault(injected_ms=10_000)
    step = steady_of(run.history(), fault)
    assert (step.at_ns, step.note, step.lost) == (None, "no first acknowledged write to count from", True)
    assert phases(run.history()).never_steady


def test_steady_after_one_fault_lasts_until_the_next_one_hits_a_pod(run: Run, ns: Clock) -> None:
    run.traffic(0, 20_000)
    first = run.fault(injected_ms=5_000, healed_ms=6000, target="one_replica", pod="node3")
    run.traffic(20_000, 24_000, outcome="fail", error="refused")
    run.traffic(24_000, 30_000)
    assert steady_of(run.history(), first).at_ns == ns(24_025)
    second = run.fault(injected_ms=20_000, healed_ms=21_000, target="one_replica", pod="node2")
    assert steady_of(run.history(), first).since_ms == 25
    assert steady_of(run.history(), second).since_ms == 4005
    assert phases(run.history()).recovered_ns == ns(24_005)


def test_samples_that_are_not_json_say_nothing(run: Run) -> None:
    fault = failover(run)
    for i, row in enumerate(run.seen):
        row["view"] = row["endpoints"] = ("{", "[]", '{"write": 1, "node1": null}', json.dumps({"write": {"x": 0}}))[
            i % 4
        ]
    steps = waterfall(run.history(), fault)
    assert steps[1].at_ns is not None
