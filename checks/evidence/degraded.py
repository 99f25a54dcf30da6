"""Brown-outs: time in which writes were acknowledged, but far fewer than were wanted.

A pod that comes back can hold up a whole group, a few commits at a time, so that no gap between two acknowledgements
is long: no outage, and no service either. Counted in whole seconds of the load. Judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from checks.evidence.intervals import Span, intersection, union
from checks.evidence.operations import column_ns, offered

SECOND_NS = 1_000_000_000
#: Less than this share of what was wanted in a second. Fewer writes than LEAST_WANTED prove nothing; where so few are
#: wanted that a second has not TYPICAL of them, several seconds are taken together.
SHARE, LEAST_WANTED, TYPICAL = 0.5, 5, 10
#: Stretches of this many seconds are told one by one.
TOLD_FROM = 3


@dataclass(frozen=True, kw_only=True)
class BrownOuts:
    """longest_ms: of all stretches, 0.0 without any; None where too few writes were wanted to tell.
    stretches: those long enough to be told, outages included, in order. slow: the same without the seconds of outages.
    """

    longest_ms: float | None
    stretches: list[Span]
    slow: list[Span]


def brown_outs(wanted: pd.DataFrame, *, outages: list[Span]) -> BrownOuts:
    """wanted: op rows of writes, as in availability. A second cut short by the end of the load is left out."""
    intended = column_ns(wanted, "intended_ns")
    asked = column_ns(offered(wanted), "intended_ns")
    first, last = int(intended.min()), int(intended.max())
    step_ns = SECOND_NS * max(1, -(-TYPICAL * (last - first) // (len(asked) * SECOND_NS)))
    # Bounded by the evidence: never more seconds than writes, whatever the clock says.
    edges = np.arange(first, last + 1, step_ns)
    if len(edges) < 2:
        return BrownOuts(longest_ms=None, stretches=[], slow=[])
    acked = column_ns(wanted[wanted["outcome"] == "ok"], "end_ns")
    count, done = (np.diff(np.searchsorted(np.sort(at), edges)) for at in (asked, acked))
    if not (count >= LEAST_WANTED).any():
        return BrownOuts(longest_ms=None, stretches=[], slow=[])
    dim = (done < SHARE * count) & (count >= LEAST_WANTED)
    seconds: list[Span] = [(int(edge), int(edge) + step_ns) for edge in edges[:-1][dim]]
    stretches, dark = union(seconds), union(outages)
    slow = union(second for second in seconds if not intersection([second], dark))
    return BrownOuts(
        longest_ms=max((end - start for start, end in stretches), default=0) / 1e6,
        stretches=_long(stretches),
        slow=_long(slow),
    )


def share_acked(wanted: pd.DataFrame, span: Span) -> dict[str, Any]:
    """How many writes were wanted and how many acknowledged in a stretch: ``{"wanted": 400, "acked": 61}``."""
    asked = column_ns(offered(wanted), "intended_ns")
    acked = column_ns(wanted[wanted["outcome"] == "ok"], "end_ns")
    return {name: int(((at >= span[0]) & (at < span[1])).sum()) for name, at in (("wanted", asked), ("acked", acked))}


def _long(stretches: list[Span]) -> list[Span]:
    return [(start, end) for start, end in stretches if end - start >= TOLD_FROM * SECOND_NS]
