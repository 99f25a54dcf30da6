"""Bounds from few trials, against published tables and against what the bounds promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from reports.trials.quantiles import bounds, least_for_bound, quantile, share_within, wilson


@pytest.mark.parametrize(
    ("n", "low", "high"),
    # Conover, Practical Nonparametric Statistics, 1999, section 3.2; the same in every table of the sign test.
    [(6, 1, 6), (8, 1, 8), (9, 2, 8), (10, 2, 9), (12, 3, 10), (15, 4, 12), (20, 6, 15), (25, 8, 18), (30, 10, 21)],
)
def test_bounds_of_the_median_are_those_of_the_sign_test(n: int, low: int, high: int) -> None:
    assert bounds(n, 0.5) == (low, high)


@pytest.mark.parametrize("n", range(6))
def test_five_values_carry_no_bound_of_the_median(n: int) -> None:
    assert bounds(n, 0.5) == (None, None)
    found = quantile([2.0] * n, 0.5)
    assert (found.low, found.high, found.least_for_high) == (None, None, 6)


@pytest.mark.parametrize(
    ("confidence", "share", "least"),
    [
        *[(0.95, 0.5, 6), (0.95, 0.9, 36), (0.95, 0.95, 72), (0.95, 0.99, 368)],
        # One-sided at 95 %: Wilks's numbers.
        *[(0.9, 0.5, 5), (0.9, 0.9, 29), (0.9, 0.95, 59), (0.9, 0.99, 299)],
    ],
)
def test_so_many_values_carry_an_upper_bound_and_one_fewer_does_not(
    confidence: float, share: float, least: int
) -> None:
    assert least_for_bound(share, confidence=confidence) == least
    assert bounds(least, share, confidence=confidence)[1] == least
    assert bounds(least - 1, share, confidence=confidence)[1] is None


@given(n=st.integers(1, 400), share=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_each_bound_is_missed_at_most_at_half_the_error_rate_and_is_the_tightest(n: int, share: float) -> None:
    low, high = bounds(n, share)
    if low is not None:
        assert binom.cdf(low - 1, n, share) <= 0.025
        assert binom.cdf(low, n, share) > 0.025
    if high is not None:
        assert 1 - binom.cdf(high - 1, n, share) <= 0.025 + 1e-12
        assert high == 1 or 1 - binom.cdf(high - 2, n, share) > 0.025 - 1e-12


def test_bounds_cover_the_true_quantile_as_often_as_they_say() -> None:
    rng = np.random.default_rng(13)
    drawn = np.sort(rng.lognormal(8, 1, size=(4000, 40)), axis=1)
    for share, true in ((0.5, np.exp(8)), (0.9, np.exp(8 + 1.2815515655446004))):
        low, high = bounds(40, share)
        assert low is not None
        assert high is not None
        covered = np.mean((drawn[:, low - 1] <= true) & (true <= drawn[:, high - 1]))
        exact = binom.cdf(high - 1, 40, share) - binom.cdf(low - 1, 40, share)
        assert exact >= 0.95
        assert abs(covered - exact) < 0.012


def test_the_order_of_values_plays_no_part() -> None:
    found = quantile([9.0, 1.0, 5.0, 3.0, 7.0, 11.0], 0.5)
    assert (found.value, found.low, found.high) == (6.0, 1.0, 11.0)


def test_a_quantile_beyond_which_no_value_lies_is_not_told() -> None:
    assert quantile(range(1, 10), 0.9).value is None
    assert quantile(range(1, 11), 0.9).value == 9.5
    assert quantile(range(1, 21), 0.95).value == 19.5
    assert quantile(range(1, 20), 0.95).value is None
    assert quantile([4.0], 0.5).value == 4.0
    assert quantile([], 0.5).value is None


def test_the_longest_of_59_bounds_95_of_100() -> None:
    assert share_within(59) == pytest.approx(0.9505, abs=1e-4)
    assert share_within(58) < 0.95
    assert share_within(1) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("number", "of", "low", "high"),
    # Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_wilsons_bounds(number: int, of: int, low: float, high: float) -> None:
    found = wilson(number, of)
    assert found is not None
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_a_share_of_nothing_is_not_known() -> None:
    assert wilson(0, 0) is None
