"""A step in a long series is marked where it was, noise is left alone, and one slow run is no change."""

from __future__ import annotations

import numpy as np
import pytest

from reports.trends.change_points import MARKED_FROM, SEGMENT_MIN, change_points


def outages_ms(seed: int, levels: list[tuple[int, float]]) -> list[float]:
    """Write outages as runs have them: log-normal, with a coefficient of variation of 15 %. levels: (runs, median)."""
    rng = np.random.default_rng(seed)
    return [float(value) for runs, median in levels for value in median * rng.lognormal(0, 0.15, runs)]


def test_a_step_in_300_runs_is_marked_within_5_of_where_it_was() -> None:
    for seed in range(50):
        marked = change_points(outages_ms(seed, [(180, 2000), (120, 2600)]))
        near = [one for one in marked if abs(one.index - 180) <= 5]
        assert len(near) == 1, (seed, marked)
        assert near[0].before == pytest.approx(2000, rel=0.1)
        assert near[0].after == pytest.approx(2600, rel=0.1)


def test_several_steps_are_marked_in_their_order() -> None:
    marked = change_points(outages_ms(1, [(60, 2000), (60, 3000), (60, 2000)]))
    assert [round(one.index, -1) for one in marked] == [60, 120]
    assert [one.before < one.after for one in marked] == [True, False]


def test_of_unchanged_series_hardly_any_is_marked() -> None:
    series = [outages_ms(seed, [(length, 2000)]) for seed in range(200) for length in (30, 100, 300)]
    assert sum(bool(change_points(values)) for values in series) <= len(series) * 0.01


def test_one_slow_run_is_no_change_and_hides_none() -> None:
    quiet, stepped = outages_ms(2, [(60, 2000)]), outages_ms(2, [(30, 2000), (30, 3000)])
    quiet[20] = stepped[20] = 100_000
    assert change_points(quiet) == []
    assert [one.index for one in change_points(stepped)] == pytest.approx([30], abs=1)


def test_the_same_values_have_the_same_change_points_in_any_unit() -> None:
    values = outages_ms(3, [(40, 2000), (40, 2600)])
    marked = change_points(values)
    assert marked == change_points(values)
    assert [one.index for one in marked] == [one.index for one in change_points([value / 1000 for value in values])]


def test_a_series_that_is_short_or_constant_has_none() -> None:
    assert change_points([]) == []
    assert change_points([1.0] * (SEGMENT_MIN - 1) + [9.0] * SEGMENT_MIN) == []
    assert change_points([0.0] * 300) == []


def test_the_least_that_marks_a_clear_change_is_what_the_night_and_its_guide_say() -> None:
    def marked(before: int, after: int) -> bool:
        return bool(change_points([100.0 + at for at in range(before)] + [50.0 + at for at in range(after)]))

    short = [(before, total - before) for total in range(MARKED_FROM) for before in range(total)]
    assert not any(marked(*lengths) for lengths in short)
    assert marked(6, 6)
    assert not any(marked(before, 5) for before in range(5, 9))
    assert all(marked(before, 5) for before in range(9, 15))
    assert all(marked(before, 6) for before in range(6, 15))


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no number"):
        change_points([1.0, float("nan")])
