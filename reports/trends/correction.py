"""Many metrics looked at together: how small a p has to be, so that unchanged code rarely raises an alarm.

The false discovery rate is held by the procedure of Benjamini and Hochberg (1995) with weights (Genovese, Roeder and
Wasserman, False Discovery Control with P-value Weighting, Biometrika 2006). Where nothing changed, the chance of any
alarm at all is at most `ALPHA`. Decision 0040 says why not Holm, why these weights and why 3 %.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Of unchanged code: at most so many comparisons raise an alarm. "At most 5 of 100" holds almost always only where the
#: chance of each is well below 5 %.
ALPHA = 0.03
#: Of a rerun, which looks at nothing but what was flagged.
CONFIRMED = 0.05
#: How much of ALPHA goes to what a failover is about: its write outage, its money, its verdict.
HEADLINE_SHARE = 2 / 3


def shares(headline: Sequence[bool]) -> list[float]:
    """What of ALPHA each of several tests gets, adding up to 1. headline: whether a test is one of those."""
    first, rest = sum(headline), len(headline) - sum(headline)
    if not first or not rest:
        return [1 / len(headline) for _ in headline]
    return [HEADLINE_SHARE / first if is_first else (1 - HEADLINE_SHARE) / rest for is_first in headline]


def adjusted(ps: Sequence[float], parts: Sequence[float]) -> list[float]:
    """Each p so that it can be held against ALPHA itself. parts: of `shares`, in the same order."""
    weighted = [p / part for p, part in zip(ps, parts, strict=True)]  # Bonferroni with weights, before the step-up
    order = sorted(range(len(ps)), key=lambda test: weighted[test])
    smallest, result = 1.0, [1.0] * len(ps)
    for rank in range(len(ps), 0, -1):
        smallest = min(smallest, weighted[order[rank - 1]] / rank)
        result[order[rank - 1]] = smallest
    return result
