"""From when on the service was steady again after a fault, and what is no steadiness."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from checks.latency import latency
from checks.recovery.phases import phases
from checks.recovery.waterfall import Step, waterfall
from history.faults import FaultRecord
from history.history import History
from tests.checks.recovery.failovers import failover

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Clock = Callable[[float], int]


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
