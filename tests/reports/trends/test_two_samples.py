"""The exact test agrees with SciPy, with ties and without; effect, interval and the least number of trials."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, rankdata

from reports.trends.correction import adjusted, shares
from reports.trends.two_samples import EXACT_MAX, least_p, trials_needed, two_samples, two_shares

SMALL = st.lists(st.integers(0, 5), min_size=1, max_size=6)


@pytest.mark.parametrize(("n_a", "n_b"), [(3, 3), (12, 12), (5, 9), (40, 20)])
def test_without_ties_p_is_that_of_scipy(n_a: int, n_b: int) -> None:
    rng = np.random.default_rng(n_a)
    a, b = list(rng.normal(0, 1, n_a)), list(rng.normal(0.5, 1, n_b))
    both = two_samples(a, b)
    assert both.exact
    assert both.p_larger == pytest.approx(mannwhitneyu(b, a, alternative="greater", method="exact").pvalue)
    assert both.p_smaller == pytest.approx(mannwhitneyu(b, a, alternative="less", method="exact").pvalue)
    assert both.superiority == pytest.approx(mannwhitneyu(b, a).statistic / (n_a * n_b))
    assert both.p_least == pytest.approx(least_p(n_a, n_b))


@given(a=SMALL, b=SMALL)
def test_with_ties_p_is_the_share_of_all_arrangements_that_are_as_extreme(a: list[int], b: list[int]) -> None:
    ranks = rankdata([*a, *b])
    sums = [sum(ranks[list(chosen)]) for chosen in combinations(range(len(ranks)), len(b))]
    of_b = sum(ranks[len(a) :])
    both = two_samples(a, b)
    assert both.p_larger == pytest.approx(np.mean([one >= of_b for one in sums]))
    assert both.p_smaller == pytest.approx(np.mean([one <= of_b for one in sums]))
    assert both.p_least == pytest.approx(min(sums.count(max(sums)), sums.count(min(sums))) / len(sums))


def test_many_trials_are_compared_by_the_normal_approximation() -> None:
    rng = np.random.default_rng(0)
    a, b = list(rng.normal(0, 1, EXACT_MAX)), list(rng.normal(0.4, 1, EXACT_MAX))
    both = two_samples(a, b)
    assert not both.exact
    assert both.p_larger == pytest.approx(mannwhitneyu(b, a, alternative="greater", method="exact").pvalue, rel=0.05)
    assert both.low is not None
    assert both.high is not None
    assert 0 < both.low < both.shift < both.high < 1
    assert two_samples([1.0] * 60, [1.0] * 60).p_least == 1


def test_the_interval_holds_the_true_shift_in_at_least_95_of_100() -> None:
    held = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        both = two_samples(list(rng.lognormal(0, 0.15, 12)), list(rng.lognormal(0, 0.15, 12) + 0.3))
        assert both.low is not None
        assert both.high is not None
        held += both.low <= 0.3 <= both.high
    assert held >= 0.94 * 400


def test_too_few_trials_have_no_interval_and_say_how_many_there_must_be() -> None:
    both = two_samples([1, 2, 3], [4, 5, 6])
    assert both.p_larger == pytest.approx(1 / 20)
    assert both.low is both.high is None
    assert two_samples([1, 2, 3, 4], [5, 6, 7, 8]).low == 1  # the smallest of all differences, with 4 and 4: 97.1 %
    assert [trials_needed(p) for p in (0.5, 0.05, 0.049, 0.02, 0.001)] == [1, 3, 4, 4, 7]


def test_a_count_that_is_always_zero_can_never_be_told_apart() -> None:
    both = two_samples([0] * 12, [0] * 12)
    assert (both.p_larger, both.p_smaller, both.p_least, both.shift, both.superiority) == (1, 1, 1, 0, 0.5)


def test_equal_shares_are_the_procedure_of_benjamini_and_hochberg() -> None:
    ps = [0.01, 0.04, 0.03, 0.5]
    assert adjusted(ps, shares([False] * 4)) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


def test_a_headline_needs_no_more_evidence_because_many_others_are_looked_at_too() -> None:
    few, many = shares([True, False]), shares([True, *[False] * 20])
    assert few[0] == many[0] == pytest.approx(2 / 3)
    assert sum(many) == pytest.approx(1)
    assert adjusted([0.02, *[1.0] * 20], many)[0] == pytest.approx(0.03)
    assert shares([True, True]) == [0.5, 0.5]
    assert adjusted([], shares([])) == []


@pytest.mark.parametrize(("failed_a", "failed_b"), [(0, 5), (3, 1), (12, 12), (0, 0), (6, 12)])
def test_shares_are_compared_by_fishers_exact_test(failed_a: int, failed_b: int) -> None:
    a, b = ([at < failed for at in range(12)] for failed in (failed_a, failed_b))
    both = two_shares(a, b)
    of_ranks = two_samples(a, b)  # the exact rank test of zeros and ones is the same test
    assert (both.level_a, both.level_b) == (failed_a / 12, failed_b / 12)
    assert both.shift == pytest.approx((failed_b - failed_a) / 12)
    assert (both.p_larger, both.p_smaller) == pytest.approx((of_ranks.p_larger, of_ranks.p_smaller))
    assert (both.p_least, both.superiority) == pytest.approx((of_ranks.p_least, of_ranks.superiority))
