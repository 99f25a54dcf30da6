"""Where a series of results changed level for good: a step, not one slow run.

E-divisive (Matteson and James, A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data, JASA
109, 2014), as Daly et al. (The Use of Change Point Detection to Identify Software Performance Regressions in a
Continuous Integration System, ICPE 2020) use it for a nightly build: the series is split where the two sides differ
most, a permutation test decides whether they do, and each side is split on. Two choices make it fast and steady:

- the exponent of the energy distance is 2, so that the distance of two sides is that of their means, in linear time;
- it looks at ranks, not at values, so that one run that took ten times as long neither is a change nor hides one.

The random permutations have a fixed seed: equal values, equal change points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

#: A level is at least so many values: fewer are runs that were slow, not a change.
SEGMENT_MIN = 5
#: Of fewer values none is marked, however clear a change is, because they have too few orders for one of them to be as
#: rare as `SIGNIFICANT`. Of so many, six have to follow six; five are enough after nine.
MARKED_FROM = 12
#: A page shows dozens of series, each tested several times: a mark on one that did not change has to be rare.
SIGNIFICANT = 0.005
_PERMUTATIONS = 1999

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ChangePoint:
    """index: of the first value on the new level. p: of the permutation test. before, after: the medians of the values
    between the neighboring change points, in the unit of the series."""

    index: int
    p: float
    before: float
    after: float


def change_points(values: Sequence[float]) -> list[ChangePoint]:
    """By index; none in a series that is too short to have one. values: oldest first, finite.

    Raises ValueError for a value that is not finite.
    """
    series = np.asarray(values, dtype=np.float64)
    if not np.isfinite(series).all():
        raise ValueError("a series with a value that is no number has no change points")
    splits = dict(sorted(_splits(series, 0)))
    edges = [0, *splits, len(series)]
    return [
        ChangePoint(
            index=index,
            p=p,
            before=float(np.median(series[before:index])),
            after=float(np.median(series[index:after])),
        )
        for before, (index, p), after in zip(edges, splits.items(), edges[2:], strict=False)
    ]


def _splits(series: Floats, offset: int) -> Iterator[tuple[int, float]]:
    """(index, p) of each change; offset: the index of the first value of this part of the series."""
    if len(series) < 2 * SEGMENT_MIN:
        return
    ranks = rankdata(series)
    divergence = _divergence(ranks[np.newaxis, :])[0]
    at = int(np.argmax(divergence)) + SEGMENT_MIN
    as_large = int(np.count_nonzero(_by_chance(tuple(np.sort(ranks))) >= divergence.max() * (1 - 1e-12)))
    p = (1 + as_large) / (1 + _PERMUTATIONS)
    if p <= SIGNIFICANT:
        yield offset + at, p
        yield from _splits(series[:at], offset)
        yield from _splits(series[at:], offset + at)


def _divergence(series: Floats) -> Floats:
    """Of each row, for each place where it can be split: the scaled energy distance of its two sides with exponent 2,
    m n / (m + n) times twice the squared difference of their means (equations 5 and 6 of the paper)."""
    length = series.shape[1]
    left = np.arange(SEGMENT_MIN, length - SEGMENT_MIN + 1)
    right = length - left
    sums = np.cumsum(series, axis=1)
    of_left = sums[:, left - 1]
    difference = of_left / left - (sums[:, -1:] - of_left) / right
    scaled: Floats = left * right / length * 2 * difference**2
    return scaled


@lru_cache(maxsize=256)
def _by_chance(ranks: tuple[float, ...]) -> Floats:
    """The largest divergence of each of many random orders; the same for all series of a length without ties."""
    orders = np.random.default_rng(0).permuted(np.tile(ranks, (_PERMUTATIONS, 1)), axis=1)
    largest: Floats = _divergence(orders).max(axis=1)
    return largest
