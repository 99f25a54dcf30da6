"""Whether objectives held outside of an outage that a fault brought about, of a run that was recorded. Pure.

The outage begins with the fault and lasts until the objectives hold again for a second: the time without writes, and
the time in which what had queued up meanwhile is worked off. All that was due before or after it counts, with the node
dead and while it comes back. Of what came before, the warm-up is cut off by test, as in a step; and what was due so
shortly before the kill that it still had time is the outage's, which cut it off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from history.history import History
from reports.capacity.figures import Figures, figures
from reports.capacity.objective import Objective
from reports.text.units import duration

WINDOW_NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Outside:
    """holds: None where the run cannot tell. words: with the numbers."""

    holds: bool | None
    words: str


def outside(history: History, objectives: Sequence[Objective]) -> Outside:
    """Of a run with one fault."""
    struck = [fault.injected_ns for fault in history.faults if fault.injected_ns is not None]
    if not struck or history.ops.empty:
        return Outside(holds=None, words="the node was not killed, or nothing was recorded")
    killed_ns = min(struck)
    begin_ns, end_ns = int(history.ops["intended_ns"].min()), int(history.ops["intended_ns"].max()) + 1
    if not begin_ns < killed_ns < end_ns:
        return Outside(holds=None, words="the node was killed outside of the load")

    def of(since_ns: int, until_ns: int, *, all_counts: bool = True) -> Figures:
        return figures(history.ops, history.workload, start_ns=since_ns, until_ns=until_ns, all_counts=all_counts)

    had_time_ns = max([WINDOW_NS, *(round(one.limit * 1e6) for one in objectives if one.quantile is not None)])
    before = of(begin_ns, max(begin_ns + 1, killed_ns - had_time_ns), all_counts=False)
    back_ns = next(
        (
            at_ns
            for at_ns in range(killed_ns, end_ns - WINDOW_NS, WINDOW_NS)
            if _missed(objectives, of(at_ns, at_ns + WINDOW_NS)) is None
        ),
        None,
    )
    if back_ns is None:
        return Outside(holds=False, words="after the kill it did not hold again for a second before the load ended")
    after = of(back_ns, end_ns)
    told = f"it held again {duration((back_ns - killed_ns) / 1e6)} after the kill"
    for when, part in (("before the kill", before), (f"after that, for {duration(after.duration_s * 1e3)}", after)):
        if (missed := _missed(objectives, part)) is not None:
            return Outside(holds=False, words=f"{told}; {when} it did not: {missed}")
    return Outside(
        holds=True, words=f"{told}, and then until the end of the load, {duration((end_ns - back_ns) / 1e6)} later"
    )


def _missed(objectives: Sequence[Objective], part: Figures) -> str | None:
    """The first objective that a part of the run does not meet, with its number; None where it meets all."""
    for objective in objectives:
        if not objective.met(part):
            value = objective.value_of(part)
            said = "not known" if value is None else f"{value:.4g}{objective.unit and ' ' + objective.unit}"
            return f"{objective.metric} {said}"
    return None
