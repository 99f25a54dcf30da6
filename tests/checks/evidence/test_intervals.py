"""Stretches of time: joined, shared, taken out, added up."""

from __future__ import annotations

import random

from checks.evidence.intervals import Span, intersection, total_ms, union, without


def instants(spans: list[Span]) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}


def test_what_touches_or_overlaps_is_one_stretch() -> None:
    assert union([(20, 30), (1, 5), (5, 9), (2, 3), (25, 40)]) == [(1, 9), (20, 40)]
    assert union([(1, 5), (6, 9)]) == [(1, 5), (6, 9)]
    assert union([]) == []


def test_what_both_cover_is_kept_and_nothing_of_no_length() -> None:
    assert intersection([(0, 10), (20, 30)], [(5, 25)]) == [(5, 10), (20, 25)]
    assert intersection([(0, 10)], [(10, 20)]) == []
    assert intersection([(0, 100)], [(1, 2), (3, 4), (90, 200)]) == [(1, 2), (3, 4), (90, 100)]


def test_several_stretches_are_taken_out() -> None:
    assert without([(0, 100)], [(10, 20), (30, 40)]) == [(0, 10), (20, 30), (40, 100)]
    assert without([(0, 100)], [(0, 50)]) == [(50, 100)]
    assert without([(5, 9)], []) == [(5, 9)]
    assert without([(5, 9)], [(1, 20)]) == []


def test_instant_by_instant_they_are_what_sets_of_instants_are() -> None:
    rng = random.Random(7)
    for _ in range(300):
        left, right = (
            union((at, at + rng.randint(1, 9)) for at in rng.sample(range(1, 60), rng.randint(0, 5))) for _ in "ab"
        )
        assert instants(intersection(left, right)) == instants(left) & instants(right)
        assert instants(without(left, right)) == instants(left) - instants(right)
        assert instants(union([*left, *right])) == instants(left) | instants(right)


def test_the_length_counts_no_moment_twice_and_is_in_milliseconds() -> None:
    assert total_ms([(0, 2_000_000), (1_000_000, 3_000_000), (10_000_000, 10_500_000)]) == 3.5
    assert total_ms([]) == 0
