"""Stretches in which writes were acknowledged, but far fewer than were wanted: no outage, and no service either.

A pod that comes back can hold up a whole group, a few commits at a time, so that no gap between two acknowledgements
is long. Counted in whole seconds of the load. Judges nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.operations import column_ns, offered
from checks.spans import Span, intersection, union

SECOND_NS = 1_000_000_000
#: Less than this share of what was wanted in a second, for this many seconds in a row. Fewer writes prove nothing.
SHARE, SECONDS, LEAST_WANTED = 0.5, 3, 5


def slow_stretches(wanted: pd.DataFrame, *, outages: list[Span]) -> list[Span]:
    """Stretches of slow seconds, in order, outside of the outages. wanted: op rows of writes, as in availability."""
    intended = column_ns(wanted, "intended_ns")
    acked = column_ns(wanted[wanted["outcome"] == "ok"], "end_ns")
    asked = column_ns(offered(wanted), "intended_ns")
    first = int(intended.min())
    edges = np.arange(
        first, int(intended.max()) + 1, SECOND_NS
    )  # a second cut short by the end of the load is left out
    if len(edges) < 2:
        return []
    count, done = np.histogram(asked, edges)[0], np.histogram(acked, edges)[0]
    slow = (done < SHARE * count) & (count >= LEAST_WANTED)
    seconds = [(int(edge), int(edge) + SECOND_NS) for edge in edges[:-1][slow]]
    stretches = union(second for second in seconds if not intersection([second], union(outages)))
    return [(start, end) for start, end in stretches if end - start >= SECONDS * SECOND_NS]
