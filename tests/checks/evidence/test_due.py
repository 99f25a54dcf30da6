"""An outage is only where writes were wanted: it ends with the load, and what the drain does is none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from checks.availability import availability
from checks.evidence.blind import blind_stretches
from checks.evidence.due import last_due_ns, load_end_ns
from checks.latency import latency
from checks.plausible import implausible
from checks.recovery.waterfall import waterfall

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Clock = Callable[[float], int]
LOCUSTFILE = {"name": "mine/locustfile.py"}


def manifest(ns: Clock, *, duration: Any = "10s", workload: Any = None) -> dict[str, Any]:
    """Of a load that began at zero."""
    load = {"duration": duration, "drain": "10s"}
    return {"load": {"zero_ns": ns(0)}, "scenario": {"load": load, "workload": workload or {"name": "transfer"}}}


def found(run: Run, ns: Clock, **told: Any) -> dict[str, Any]:
    return availability(run.history(manifest=manifest(ns, **told))).measured


def test_an_outage_that_lasts_into_the_drain_counts_up_to_the_end_of_the_load(run: Run, ns: Clock) -> None:
    run.traffic(0, 7000)
    run.traffic(7000, 10_000, took_ms=9000)
    measured = found(run, ns)
    assert measured["outages"] == [{"start_ns": ns(7000), "end_ns": ns(10_000), "outage_ms": 3000.0}]
    assert measured["write_unavailable_ms"] == 3000.0


def test_a_closed_loop_that_waits_wants_its_answer_until_the_load_is_over(run: Run, ns: Clock) -> None:
    """All users are stalled from 4 s on, so nobody asks for anything more; that is no reason to call it well."""
    run.traffic(0, 4000)
    for user in range(4):
        run.transfer(f"stalled{user}", at_ms=4000 + user, took_ms=12_000)
    assert found(run, ns)["outages"] == [{"start_ns": ns(4000), "end_ns": ns(10_000), "outage_ms": 6000.0}]


def test_a_locustfile_that_asks_after_the_load_is_over_wants_nothing_that_was_due(run: Run, ns: Clock) -> None:
    """A task that was under way goes on in the drain, with a transaction that nobody answers for 6.8 s."""
    run.traffic(0, 10_000)
    run.transfer("idle", at_ms=10_005, took_ms=6800)
    run.transfer("after", at_ms=16_810)
    assert found(run, ns, workload=LOCUSTFILE)["outages"] == []
    assert found(run, ns, workload=LOCUSTFILE)["write_outage_ms"] == 5.0
    # Ours asks for nothing after the end, so there the duration in the manifest is what is wrong.
    assert found(run, ns)["write_outage_ms"] == 6800.0


def test_the_last_write_that_is_due_and_answered_in_the_drain_is_no_outage(run: Run, ns: Clock) -> None:
    run.traffic(0, 9980)
    run.transfer("last", at_ms=9998, took_ms=8000)
    measured = found(run, ns)
    assert (measured["write_outage_ms"], measured["trailing_outage_ms"]) == (5.0, 0.0)


def test_what_the_drain_tries_again_in_vain_prolongs_nothing(run: Run, ns: Clock) -> None:
    run.traffic(0, 8000)
    failed: dict[str, Any] = {"outcome": "fail", "error": "read only"}
    for attempt in range(1, 10):
        start_ms = 8000 + 1500 * attempt
        run.transfer("again", at_ms=8000, start_ms=start_ms, took_ms=1500 * attempt + 10, attempt=attempt, **failed)
    measured = found(run, ns)
    assert measured["outages"] == [{"start_ns": ns(8000), "end_ns": ns(10_000), "outage_ms": 2000.0}]
    assert measured["trailing_outage_ms"] == 2000.0


def test_reads_are_held_to_the_same_end(run: Run, ns: Clock) -> None:
    run.traffic(0, 10_000)
    for at_ms in range(0, 8000, 500):
        run.op(f"r{at_ms}", "read", {"account": 1, "balance": 1}, at_ms=at_ms)
    run.op("stuck", "read", {"account": 1, "balance": 1}, at_ms=8000, took_ms=9000)
    assert found(run, ns)["read_outage_ms"] == 2000.0


def test_a_brown_out_and_steady_service_end_with_the_load_too(run: Run, ns: Clock) -> None:
    run.traffic(0, 10_000)
    run.fault(injected_ms=3000, healed_ms=3500, clean_ms=4000, pod="node2", target="one_replica")
    run.traffic(11_000, 19_000, every_ms=100, outcome="unknown")
    history = run.history(manifest=manifest(ns, workload=LOCUSTFILE))
    assert availability(history).measured["brownout_ms"] == 0.0
    steady = next(step for step in waterfall(history, history.faults[0]) if step.step == "steady")
    assert steady.at_ns is not None


def test_what_a_locustfile_does_after_the_end_is_no_load_to_look_at_or_to_break(run: Run, ns: Clock) -> None:
    run.traffic(0, 10_000)
    run.transfer("after", at_ms=18_000)
    for at_ms in range(-200, 10_000, 100):
        for name in run.nodes:
            run.pod(at_ms, name)
    run.fault(injected_ms=12_000, pod="node2", target="one_replica")
    history = run.history(manifest=manifest(ns, workload=LOCUSTFILE))
    assert blind_stretches(history) == []
    assert any("came after the load had ended" in why for why in implausible(history))
    assert latency(history).measured["behind_ms"] == 5.0


@pytest.mark.parametrize("duration", [None, "ten", 10, "", "1 s", {"s": 10}])
def test_a_manifest_that_tells_no_duration_leaves_the_last_write_wanted(run: Run, ns: Clock, duration: Any) -> None:
    run.traffic(0, 5000)
    assert load_end_ns(run.history(manifest=manifest(ns, duration=duration))) == ns(4980)


def test_the_last_that_was_due_is_an_operation_and_not_the_clock(run: Run, ns: Clock) -> None:
    run.traffic(0, 5000)
    assert last_due_ns(run.history(manifest=manifest(ns))) == ns(4980)


def lost_two_of_three(run: Run, ns: Clock, *, survivable: bool | None, can_lose: int = 1) -> dict[str, Any]:
    """No write is acknowledged from 2 s to 8 s, since node1 and node2 are gone from 2 s to 6 s."""
    run.traffic(0, 2000)
    run.traffic(2000, 8000, outcome="fail", error="read only")
    run.traffic(8000, 10_000)
    for pod in ("node1", "node2"):
        run.fault(injected_ms=2000, healed_ms=5000, clean_ms=6000, pod=pod, loses_node=True)
    told = manifest(ns)
    told["scenario"]["survivable"] = survivable
    return availability(run.history(manifest=told | {"topology": {"can_lose": can_lose}})).measured


def test_no_progress_is_demanded_while_more_is_gone_than_the_topology_survives(run: Run, ns: Clock) -> None:
    measured = lost_two_of_three(run, ns, survivable=False)
    assert measured["outages"] == [{"start_ns": ns(6000), "end_ns": ns(8005), "outage_ms": 2005.0}]


def test_nor_of_a_write_that_was_wanted_just_before(run: Run, ns: Clock) -> None:
    run.transfer("straggler", at_ms=1990, outcome="fail", error="connection lost")
    measured = lost_two_of_three(run, ns, survivable=False)
    assert measured["outages"] == [{"start_ns": ns(6000), "end_ns": ns(8005), "outage_ms": 2005.0}]


@pytest.mark.parametrize(("survivable", "can_lose"), [(None, 1), (True, 1), (False, 2)])
def test_it_is_demanded_where_the_scenario_does_not_say_so_or_enough_is_left(
    run: Run, ns: Clock, survivable: bool | None, can_lose: int
) -> None:
    assert lost_two_of_three(run, ns, survivable=survivable, can_lose=can_lose)["write_outage_ms"] > 5900
