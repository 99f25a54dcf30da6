"""The clock of a worker on another machine: the fastest answer counts, its error bounds, drift is a straight line."""

from __future__ import annotations

import random

import pytest

from loadgen.worker.clock import ROW_TIMES, Reading, Translation, reading

AHEAD_NS = 5_000 * 10**9
MS = 1_000_000


@pytest.mark.parametrize("seed", range(20))
def test_the_true_offset_is_within_the_error_however_the_ways_differ(seed: int) -> None:
    rng = random.Random(seed)
    now_ns, exchanges = 10**15, []
    for _ in range(10):
        there_ns, back_ns = (rng.randint(10_000, 20 * MS) for _ in range(2))
        exchanges.append((now_ns, now_ns + there_ns + AHEAD_NS, now_ns + there_ns + back_ns))
        now_ns += there_ns + back_ns + 20 * MS
    found = reading(exchanges)
    assert abs(found.offset_ns - AHEAD_NS) <= found.error_ns
    assert found.error_ns == min(answered - asked + 1 for asked, _, answered in exchanges) // 2


def test_drift_between_two_readings_is_a_straight_line() -> None:
    """50 ppm over an hour, on a clock that has run for a year: 180 ms, to the nanosecond."""
    year_ns, hour_ns = 31_536_000 * 10**9, 3_600 * 10**9
    drift_ns = hour_ns * 50 // 10**6
    begin = Reading(at_ns=year_ns, offset_ns=-AHEAD_NS, error_ns=200)
    end = Reading(at_ns=year_ns + hour_ns, offset_ns=-AHEAD_NS + drift_ns, error_ns=900)
    clock = Translation([begin, end])
    assert clock.error_ns == 900
    for share in (0, 1, 2, 4):  # quarters of the hour
        at_ns = year_ns + hour_ns * share // 4
        assert clock.master_ns(at_ns) == at_ns - AHEAD_NS + drift_ns * share // 4
    row = {"key": "k", "intended_ns": year_ns, "start_ns": year_ns + 7, "end_ns": year_ns + hour_ns}
    assert clock.moved(row, ROW_TIMES) == {
        "key": "k",
        "intended_ns": year_ns - AHEAD_NS,
        "start_ns": year_ns + 7 - AHEAD_NS,
        "end_ns": year_ns + hour_ns - AHEAD_NS + drift_ns,
    }


def test_one_reading_is_an_offset() -> None:
    clock = Translation([Reading(at_ns=5, offset_ns=100, error_ns=3)])
    assert [clock.master_ns(at_ns) for at_ns in (0, 5, 10**18)] == [100, 105, 10**18 + 100]
    assert clock.moved({"event": "second", "offered": 3}, ROW_TIMES) == {"event": "second", "offered": 3}
