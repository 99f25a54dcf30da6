"""Two groups of trials of one number: is one of them larger, by how much, and could that be told at all?

Ranks alone are compared, because outages and latencies have long tails and a trial that took ten times as long must not
decide. The test is that of Mann and Whitney (On a Test of Whether one of Two Random Variables is Stochastically Larger
than the Other, 1947), exact: with ties too, which counts have and which tables and most libraries leave to a normal
approximation. The distribution of the rank sum given the ties is that of the shift algorithm (Streitberg and Röhmel,
Exact Distributions for Permutation and Rank Tests, 1986), which needs no list of all arrangements: 12 and 12 trials
have 2.7 million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact, hypergeom, mannwhitneyu, norm, rankdata

#: So many trials together are compared exactly; with more, the normal approximation (with ties and continuity
#: corrected) is right to more digits than are shown.
EXACT_MAX = 100
#: Of the interval of the shift.
CONFIDENCE = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TwoSamples:
    """What two samples say of each other, in the unit of the numbers.

    level_a, level_b: the medians. shift: b minus a, the median of all pairwise differences (Hodges and Lehmann 1963).
    low, high: its 95 % interval (Moses; Hollander and Wolfe, Nonparametric Statistical Methods, section 4.3), None with
    too few trials for one. superiority: the share of pairs in which b is larger, a draw is half (Vargha and Delaney
    2000). p_larger, p_smaller: one-sided, that b is larger, or smaller. p_least: the smallest p that these numbers
    could have had in any order; 1 where all are equal.
    """

    n_a: int
    n_b: int
    level_a: float
    level_b: float
    shift: float
    low: float | None
    high: float | None
    superiority: float
    p_larger: float
    p_smaller: float
    p_least: float
    exact: bool


def two_samples(a: Sequence[float], b: Sequence[float]) -> TwoSamples:
    """a, b: at least one number each, finite."""
    differences = np.sort(np.subtract.outer(np.asarray(b, dtype=np.float64), np.asarray(a, dtype=np.float64)).ravel())
    superiority = float(np.mean(differences > 0) + np.mean(differences == 0) / 2)
    exact = len(a) + len(b) <= EXACT_MAX
    p_larger, p_smaller, p_least = _exact_p(a, b) if exact else _approximate_p(a, b)
    low, high = _interval(differences, n_a=len(a), n_b=len(b))
    return TwoSamples(
        n_a=len(a),
        n_b=len(b),
        level_a=float(np.median(a)),
        level_b=float(np.median(b)),
        shift=float(np.median(differences)),
        low=low,
        high=high,
        superiority=superiority,
        p_larger=p_larger,
        p_smaller=p_smaller,
        p_least=p_least,
        exact=exact,
    )


def two_shares(a: Sequence[bool], b: Sequence[bool]) -> TwoSamples:
    """The same of shares, such as of trials that failed, by Fisher's exact test. level_a, level_b, shift: the shares
    and their difference; there is no interval."""
    hits_a, hits_b = sum(a), sum(b)
    table = np.array([[hits_b, len(b) - hits_b], [hits_a, len(a) - hits_a]])
    chances = hypergeom(len(a) + len(b), hits_a + hits_b, len(b))
    least, most = max(0, hits_a + hits_b - len(a)), min(len(b), hits_a + hits_b)
    level_a, level_b = hits_a / len(a), hits_b / len(b)
    return TwoSamples(
        n_a=len(a),
        n_b=len(b),
        level_a=level_a,
        level_b=level_b,
        shift=level_b - level_a,
        low=None,
        high=None,
        superiority=(1 + level_b - level_a) / 2,
        p_larger=float(fisher_exact(table, alternative="greater").pvalue),
        p_smaller=float(fisher_exact(table, alternative="less").pvalue),
        p_least=float(min(chances.pmf(least), chances.pmf(most))),
        exact=True,
    )


def least_p(n_a: int, n_b: int) -> float:
    """The smallest one-sided p that so many trials can have: every number of the one above every number of the other,
    or every trial of the one failed and none of the other."""
    return 1 / comb(n_a + n_b, n_a)


def trials_needed(p: float) -> int:
    """Of each of two groups, so that a p as small as this is possible. p: above 0."""
    needed = 1
    while least_p(needed, needed) > p:
        needed += 1
    return needed


def _exact_p(a: Sequence[float], b: Sequence[float]) -> tuple[float, float, float]:
    """(b larger, b smaller, the least possible)."""
    doubled = np.rint(2 * rankdata([*a, *b])).astype(int)  # midranks are halves
    chances = _rank_sums(tuple(sorted(doubled)), len(b))
    of_b = int(doubled[len(a) :].sum())
    possible = chances[chances > 0]
    return (
        min(1.0, float(chances[of_b:].sum())),
        min(1.0, float(chances[: of_b + 1].sum())),
        float(min(possible[0], possible[-1])),
    )


@lru_cache(maxsize=512)
def _rank_sums(ranks: tuple[int, ...], chosen: int) -> Floats:
    """The probability of each sum of ``chosen`` of these whole numbers, when every choice is as likely; by the sum."""
    largest = sum(ranks[-chosen:])
    ways = np.zeros((chosen + 1, largest + 1))
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : largest + 1 - rank]
    of_all: Floats = ways[chosen] / comb(len(ranks), chosen)
    return of_all


def _approximate_p(a: Sequence[float], b: Sequence[float]) -> tuple[float, float, float]:
    if len({*a, *b}) == 1:
        return 1.0, 1.0, 1.0
    larger = mannwhitneyu(b, a, alternative="greater", method="asymptotic")
    smaller = mannwhitneyu(b, a, alternative="less", method="asymptotic")
    return float(larger.pvalue), float(smaller.pvalue), least_p(len(a), len(b))


def _interval(differences: Floats, *, n_a: int, n_b: int) -> tuple[float | None, float | None]:
    """differences: sorted. The k-th from either end, k so that a smaller rank statistic is rare enough."""
    tail = (1 - CONFIDENCE) / 2
    if n_a + n_b <= EXACT_MAX:
        sums = _rank_sums(tuple(range(1, n_a + n_b + 1)), n_b)[n_b * (n_b + 1) // 2 :]
        k = int(np.count_nonzero(np.cumsum(sums) <= tail))
    else:
        spread = sqrt(n_a * n_b * (n_a + n_b + 1) / 12)
        k = int(n_a * n_b / 2 - float(norm.ppf(1 - tail)) * spread)
    if k < 1:
        return None, None
    return float(differences[k - 1]), float(differences[-k])
