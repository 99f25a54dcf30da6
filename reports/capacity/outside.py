"""Whether objectives held outside of an outage that a fault brought about, of a run that was recorded. Pure.

The outage begins with the fault and lasts until the objectives hold again for a second: the time without writes, and
the time in which what had queued up meanwhile is worked off. All that was due before or after it counts, with the node
dead and while it comes back; so the outage has to be over for some time before the node is started again, or nobody has
seen that they hold without it. Of what came before, the warm-up is cut off by test, as in a step; and what was due so
shortly before the kill that it still had time is the outage's, which cut it off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from history.history import History
from reports.capacity.figures import Figures, figures
from reports.capacity.objective import Objective
from reports.text.units import duration

WINDOW_NS = 1_000_000_000
#: Seen at least, with the node dead and after it was started again.
DEAD_NS, AFTER_NS = 3_000_000_000, 10_000_000_000


@dataclass(frozen=True, kw_only=True)
class Outside:
    """holds: None where the run cannot tell. words: with the numbers. held_before: before the fault; None where that is
    not known."""

    holds: bool | None
    words: str
    held_before: bool | None = None


def outside(history: History, objectives: Sequence[Objective]) -> Outside:
    """Of a run with one fault."""
    struck = [(fault.injected_ns, fault.healed_ns) for fault in history.faults if fault.injected_ns is not None]
    if not struck or history.ops.empty:
        return Outside(holds=None, words="the node was not killed, or nothing was recorded")
    killed_ns, healed_ns = min(struck, key=lambda times: times[0])
    begin_ns, end_ns = int(history.ops["intended_ns"].min()), int(history.ops["intended_ns"].max()) + 1
    if not begin_ns < killed_ns < end_ns:
        return Outside(holds=None, words="the node was killed outside of the load")

    def of(since_ns: int, until_ns: int, *, all_counts: bool = True) -> Figures:
        return figures(history.ops, history.workload, start_ns=since_ns, until_ns=until_ns, all_counts=all_counts)

    had_time_ns = max([WINDOW_NS, *(round(one.limit * 1e6) for one in objectives if one.quantile is not None)])
    missed_before = _missed(objectives, of(begin_ns, max(begin_ns + 1, killed_ns - had_time_ns), all_counts=False))
    said = partial(Outside, held_before=missed_before is None)
    back_ns = next(
        (
            at_ns
            for at_ns in range(killed_ns, end_ns - WINDOW_NS, WINDOW_NS)
            if _missed(objectives, of(at_ns, at_ns + WINDOW_NS)) is None
        ),
        None,
    )
    if back_ns is None:
        return said(holds=False, words="after the kill it did not hold again for a second before the load ended")
    after = of(back_ns, end_ns)
    told = f"it held again {duration((back_ns - killed_ns) / 1e6)} after the kill"
    alone_until_ns = end_ns if healed_ns is None else min(healed_ns, end_ns)
    wrong: list[str] = []
    if missed_before is not None:
        wrong.append(f"already before the kill it did not hold: {missed_before}")
    if back_ns + DEAD_NS > alone_until_ns:
        dead_for = duration((alone_until_ns - killed_ns) / 1e6)
        wrong.append(f"it did not hold with the node dead, which it was for {dead_for}")
    if (missed := _missed(objectives, after)) is not None:
        lasted = duration(after.duration_s * 1e3)
        wrong.append(f"after that second, over {lasted} to the end of the load, it did not: {missed}")
    if wrong:
        return said(holds=False, words="; ".join([told, *wrong]))
    if healed_ns is None or healed_ns + AFTER_NS > end_ns:
        return said(holds=None, words=f"{told}, but the load ended too soon after the node was started again")
    rest = duration((end_ns - back_ns) / 1e6)
    return said(holds=True, words=f"{told}, and over the {rest} from then to the end of the load, taken together")


def _missed(objectives: Sequence[Objective], part: Figures) -> str | None:
    """The first objective that a part of the run does not meet, with its number; None where it meets all."""
    return next((objective.measured(part) for objective in objectives if not objective.met(part)), None)
