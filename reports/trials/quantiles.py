"""What a few trials say of all that could be run: quantiles with bounds, and shares with theirs. Pure; no distribution
is assumed.

A quantile's bounds are two of the values themselves, found by counting: how many of n independent values lie below the
true quantile is binomial (David and Nagaraja, Order Statistics, 2003, section 7.1; Hahn, Meeker and Escobar,
Statistical Intervals, 2017, chapter 5). Each of the two is missed with at most half of the error rate, whatever the
distribution; with ties more rarely. Where n values carry no such bound there is none, and `least_for_bound` says how
many would. A share has Wilson's score interval (Wilson, JASA 22, 1927). Nothing is resampled: with so few values exact
bounds are better than a bootstrap's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy.stats import binom, binomtest

CONFIDENCE = 0.95
#: The quantiles that are told of a distribution; the first is the median.
SHARES = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True, kw_only=True)
class Quantile:
    """share: 0.5 is the median. value, low, high: None where so few values do not carry it. least_for_high: how many
    values carry an upper bound."""

    share: float
    value: float | None
    low: float | None
    high: float | None
    least_for_high: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """``number`` of ``of``, and the bounds of the share in all that could be run."""

    number: int
    of: int
    low: float
    high: float


def quantile(values: Sequence[float], share: float, *, confidence: float = CONFIDENCE) -> Quantile:
    """The quantile of values in any order, and its two-sided bounds. share: above 0, below 1.

    The value is that of the averaged inverted empirical distribution (Hyndman and Fan, The American Statistician 50,
    1996, definition 2): a value that was measured, or the middle of two. It is None where n values have none beyond it:
    of nine values, the 90 % quantile would be the largest, and say nothing of its own.
    """
    ordered = sorted(values)
    low, high = bounds(len(ordered), share, confidence=confidence)
    rarer = min(share, 1 - share)
    enough = len(ordered) * rarer >= 1 - 1e-9 or (share == 0.5 and len(ordered) > 0)
    return Quantile(
        share=share,
        value=float(np.quantile(ordered, share, method="averaged_inverted_cdf")) if enough else None,
        low=None if low is None else ordered[low - 1],
        high=None if high is None else ordered[high - 1],
        least_for_high=least_for_bound(share, confidence=confidence),
    )


def bounds(n: int, share: float, *, confidence: float = CONFIDENCE) -> tuple[int | None, int | None]:
    """Which of n ordered values, counted from 1, bound the quantile from below and from above; None where none does."""
    error = (1 - confidence) / 2
    if n == 0:
        return None, None
    below = binom.cdf(np.arange(n + 1), n, share)  # that so many values, or fewer, are below the quantile
    low = int(np.count_nonzero(below[:n] <= error))
    high = int(np.argmax(below[:n] >= 1 - error)) + 1 if below[n - 1] >= 1 - error else None
    return low or None, high


def least_for_bound(share: float, *, confidence: float = CONFIDENCE) -> int:
    """How many values there must be so that the largest is an upper bound of the quantile: ``share ** n <= error``."""
    error = (1 - confidence) / 2
    least = math.ceil(math.log(error) / math.log(share))
    return next(n for n in count(max(least - 1, 1)) if share**n <= error)


def share_within(n: int, *, confidence: float = CONFIDENCE) -> float:
    """At least this share of all that could be run is at most the largest of n values: ``error ** (1 / n)``, 0.95 with
    59 values at 95 % (Wilks, Annals of Mathematical Statistics 12, 1941)."""
    return float((1 - confidence) ** (1 / n))


def wilson(number: int, of: int, *, confidence: float = CONFIDENCE) -> Share | None:
    """A share with Wilson's bounds; None of nothing."""
    if of == 0:
        return None
    interval = binomtest(number, of).proportion_ci(confidence_level=confidence, method="wilson")
    return Share(number=number, of=of, low=float(interval.low), high=float(interval.high))
