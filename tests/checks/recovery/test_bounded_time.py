"""Putting sampled moments in order: what may move, how far, and what must stay as seen."""

from __future__ import annotations

import pytest

from checks.recovery.bounded_time import Moment, absent, earlier, exact, in_order

MS = 1_000_000


def sampled(at_ms: int, *, earliest_ms: int) -> Moment:
    return Moment(at_ns=at_ms * MS, earliest_ns=earliest_ms * MS, latest_ns=at_ms * MS, source="sample")


def started(at_ms: int, *, latest_ms: int) -> Moment:
    return Moment(at_ns=at_ms * MS, earliest_ns=at_ms * MS, latest_ns=latest_ms * MS, source="ops")


@pytest.mark.parametrize(
    ("moments", "expected_ms"),
    [
        ([exact(10 * MS, "a"), exact(20 * MS, "b")], [10, 20]),
        ([sampled(100, earliest_ms=50), exact(80 * MS, "b")], [80, 80]),
        ([sampled(100, earliest_ms=85), exact(80 * MS, "b")], [100, 80]),
        # A chain: the middle one is moved first, and takes the one before it along.
        ([sampled(100, earliest_ms=50), sampled(95, earliest_ms=45), exact(80 * MS, "c")], [80, 80, 80]),
        # A write that waited from 85 to 90: an election after its start happened before its end.
        ([sampled(100, earliest_ms=50), started(85, latest_ms=90), exact(90 * MS, "c")], [85, 85, 90]),
        ([sampled(100, earliest_ms=88), started(85, latest_ms=90), exact(90 * MS, "c")], [90, 90, 90]),
        ([sampled(70, earliest_ms=65), started(60, latest_ms=90), exact(90 * MS, "c")], [70, 70, 90]),
        ([exact(10 * MS, "a"), absent("not seen"), exact(5 * MS, "c")], [10, None, 5]),
    ],
)
def test_moments_move_within_their_doubt_only(moments: list[Moment], expected_ms: list[int | None]) -> None:
    ordered = in_order(moments)
    assert [None if moment.at_ns is None else moment.at_ns // MS for moment in ordered] == expected_ms


def test_the_earlier_of_two_is_the_one_that_has_a_time_and_of_none_the_first() -> None:
    early, late, never, nor = exact(5 * MS, "a"), exact(6 * MS, "b"), absent("not seen"), absent("nor this")
    assert earlier(late, early) == earlier(early, late) == earlier(never, early) == earlier(early, never) == early
    assert earlier(never, nor) == never


def test_what_moved_and_what_could_not_say_so() -> None:
    moved, _ = in_order([sampled(100, earliest_ms=50), exact(80 * MS, "b")])
    assert moved.note == "first sampled 20 ms later (sampling uncertainty 50 ms)"
    _, stuck = in_order([exact(10 * MS, "a"), exact(5 * MS, "b")])
    assert stuck.note == "observed before its cause; order uncertain"
