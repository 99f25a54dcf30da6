"""Several trials of one number: the median, the extremes and all points; an interval only where there are enough.

Four points have no distribution worth a curve, so up to four only median, extremes and the points themselves are told.
From five on there is a percentile bootstrap interval of the median (Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, chapter 13). With so few points it is an orientation, no proof.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reports.matrix.matrix_types import Spread
from reports.text.units import measured

#: Fewer trials get no interval.
ENOUGH = 5
_RESAMPLES = 10_000
CI95_METHOD = (
    f"percentile bootstrap of the median, {_RESAMPLES:,} resamples, fixed seed (Efron and Tibshirani 1993, chapter 13);"
    f" only from {ENOUGH} trials"
)


def spread(values: Iterable[float | None]) -> Spread | None:
    """{median, min, max, values, ci95} of the known values, in their order; ci95 is [low, high] or None.

    None when no value is known.
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    return {
        "median": float(np.median(known)),
        "min": min(known),
        "max": max(known),
        "values": known,
        "ci95": _ci95(known) if len(known) >= ENOUGH else None,
    }


def _ci95(values: list[float]) -> list[float]:
    drawn = np.random.default_rng(0).choice(values, size=(_RESAMPLES, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return [float(low), float(high)]


def words(found: Spread | None, name: str) -> str:
    """``2.4 s``, or ``2.4 s (2.1 s to 3.0 s)``, in the unit that ends ``name``."""
    if found is None:
        return measured(None, name)
    ends = extremes(found, name)
    return f"{middle_words(found, name)} ({ends})" if ends else middle_words(found, name)


def middle_words(found: Spread | None, name: str) -> str:
    """The median alone: ``2.4 s``."""
    return measured(None if found is None else found["median"], name)


def extremes(found: Spread | None, name: str) -> str:
    """``2.1 s to 3.0 s``; empty when that would say no more than the median."""
    if found is None:
        return ""
    low, high = measured(found["min"], name), measured(found["max"], name)
    return "" if low == high else f"{low} to {high}"


def middle(found: Spread | None) -> float | None:
    """The median, None when nothing is known."""
    return None if found is None else float(found["median"])
