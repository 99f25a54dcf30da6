"""Latency and its phases: quantiles of a scripted stall, where phases begin and end, and gates that fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from checks.evidence.latency_stats import quantiles_ms
from checks.latency import latency
from checks.recovery.phases import phases

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Clock = Callable[[float], int]


def test_quantiles_are_nearest_ranks() -> None:
    hundred_ms = np.arange(100, 0, -1) * 1_000_000
    assert quantiles_ms(hundred_ms) == {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 100.0, "max": 100.0}
    assert quantiles_ms(np.array([7_000_000]))["p99"] == 7.0
    assert quantiles_ms(np.array([], dtype=np.int64))["p99"] is None


def test_a_stall_shows_in_every_arrival_it_delayed(run: Run) -> None:
    """1000 arrivals, one every 10 ms; the server stops for a second at 5 s and then answers all that waited at once.

    Service time shows nothing of it. Counted from the intended start a hundred arrivals took 1000, 990, … 10 ms: p90
    is the largest of the other 900, ten are above p99, and one is above p999.
    """
    for i in range(1000):
        at_ms = i * 10.0
        stalled = 5000 <= at_ms < 6000
        run.transfer(f"k{i}", at_ms=at_ms, start_ms=6000 if stalled else at_ms, took_ms=6000 - at_ms if stalled else 1)
    measured = latency(run.history()).measured["whole"]
    assert measured["response_ms"] == {"p50": 1.0, "p90": 1.0, "p99": 900.0, "p999": 990.0, "max": 1000.0}
    assert measured["service_ms"] == {"p50": 1.0, "p90": 1.0, "p99": 1.0, "p999": 1.0, "max": 1.0}


def test_rates_are_over_the_span_of_the_intended_starts(run: Run) -> None:
    run.traffic(0, 1020)
    run.transfer("k0", attempt=2, at_ms=500, outcome="fail")
    run.transfer("never", at_ms=500, outcome="fail", error="overflow")
    measured = latency(run.history()).measured["whole"]
    assert (measured["ops"], measured["offered_tps"], measured["achieved_tps"]) == (51, 52.0, 51.0)


@pytest.mark.parametrize(("step_ms", "behind_ms"), [(0, 5.0), (10, 4745.0)])
def test_how_far_behind_the_system_was_when_the_load_ended(run: Run, step_ms: float, behind_ms: float) -> None:
    """500 arrivals in 10 s; each is answered step_ms later than the one before. In the last second
    the last 50 are due; their median (nearest rank) is the 475th of all."""
    for i in range(500):
        run.transfer(f"k{i}", at_ms=i * 20.0, took_ms=5 + i * step_ms)
    run.transfer("in-vain", at_ms=9999, outcome="fail", error="overflow")
    assert latency(run.history()).measured["behind_ms"] == behind_ms


def test_a_refusal_is_counted_apart(run: Run) -> None:
    run.traffic(0, 1000)
    for key, error in (("poor", "insufficient-funds"), ("gone", "Lost connection")):
        run.transfer(key, at_ms=500, outcome="fail", error=error)
    assert latency(run.history()).measured["whole"]["refused"] == 1


def test_without_a_gate_it_only_measures(busy: Run) -> None:
    verdict = latency(busy.history())
    assert (verdict.verdict, verdict.measured["reason"]) == ("unknown", "no gate set; measured only")
    assert verdict.measured["before"]["response_ms"]["p50"] == 5.0
    assert verdict.measured["after"]["response_ms"]["p50"] is None


def test_phases_split_by_the_intended_start(run: Run, ns: Clock) -> None:
    run.traffic(0, 1000)
    run.fault(injected_ms=1000, healed_ms=2000)
    run.traffic(1000, 2000, took_ms=800)
    run.traffic(2000, 3000, took_ms=9)
    history = run.history()
    found = phases(history)
    assert (found.injected_ns, found.recovered_ns) == (ns(1000), ns(2000))
    measured = latency(history).measured
    assert [measured[name]["response_ms"]["p99"] for name in ("before", "during", "after")] == [5.0, 800.0, 9.0]
    assert [measured[name]["ops"] for name in ("before", "during", "after")] == [50, 50, 50]


def test_the_last_fault_to_be_over_ends_the_phase_between(run: Run, ns: Clock) -> None:
    run.traffic(0, 5000)
    run.fault(injected_ms=1000, healed_ms=4000)
    run.fault(injected_ms=2000, healed_ms=3000)
    run.fault()
    assert phases(run.history()).recovered_ns == ns(4000)
    run.fault(injected_ms=4500, pod="node2")
    assert phases(run.history()).recovered_ns == ns(4500)


def test_a_fault_is_not_over_before_the_service_is_steady(run: Run, ns: Clock) -> None:
    run.traffic(0, 5000)
    run.fault(injected_ms=5000, healed_ms=5100)
    run.transfer("lost", at_ms=5001, took_ms=1, outcome="unknown")
    run.traffic(7000, 12_000)
    assert phases(run.history()).recovered_ns == ns(7005)


@pytest.mark.parametrize(
    ("gate", "limit", "verdict"),
    [
        ("response_p99_ms", 800, "pass"),
        ("response_p99_ms", 799, "fail"),
        ("response_p99_before_ms", 5, "pass"),
        ("response_p99_before_ms", 4.9, "fail"),
        ("response_p99_after_ms", 9, "pass"),
        ("response_p99_after_ms", 8, "fail"),
    ],
)
def test_a_gate_on_a_percentile_fails_when_it_is_exceeded_in_its_phase(
    run: Run, gate: str, limit: float, verdict: str
) -> None:
    run.traffic(0, 1000)
    run.fault(injected_ms=1000, healed_ms=2000)
    run.traffic(1000, 2000, took_ms=800)
    run.traffic(2000, 3000, took_ms=9)
    judged = latency(run.history(manifest={"gates": {gate: limit}}))
    assert judged.verdict == verdict
    assert len(judged.witness) == (verdict == "fail")


def test_a_gate_on_a_phase_without_acknowledged_ops_fails(run: Run) -> None:
    run.traffic(0, 1000)
    verdict = latency(run.history(manifest={"gates": {"response_p99_after_ms": 250}}))
    assert verdict.verdict == "fail"
    assert verdict.witness == [
        {"gate": "response_p99_after_ms", "expected_ms": 250, "found": "no acknowledged op: after"}
    ]


def test_empty_ops_are_unknown(run: Run) -> None:
    assert latency(run.history()).verdict == "unknown"
