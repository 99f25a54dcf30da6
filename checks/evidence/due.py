"""When the load was over: the end of what was due.

Until then a write that has been asked for and not been answered is wanted. Afterwards nothing is: the generator drains,
which is to say that it waits for the answers of what was under way and tries it again, and no answer is late by more
than the load was long. What a user's own locustfile still asks for then belongs to tasks that were under way, so it is
not due either. Judges nothing.
"""

from __future__ import annotations

import pandas as pd

from checks.evidence.operations import column_ns
from history.history import History


def load_end_ns(history: History) -> int:
    """The end of the load, CLOCK_MONOTONIC: its zero and its duration where the manifest tells both, else the moment
    the last operation was wanted. Ours never asks for anything later, whatever a manifest tells; a locustfile may.

    The history must hold operations.
    """
    last_ns = int(column_ns(history.ops, "intended_ns").max())
    told_ns = _told_ns(history)
    if told_ns is None:
        return last_ns
    return told_ns if history.run.of_locustfile else max(told_ns, last_ns)


def last_due_ns(history: History) -> int:
    """When the last operation that was due was wanted: the load's end, as far as operations show it."""
    intended = column_ns(history.ops, "intended_ns")
    within = intended[intended <= load_end_ns(history)]
    return int((within if len(within) else intended).max())


def due(ops: pd.DataFrame, history: History) -> pd.DataFrame:
    """Those of the ops that were wanted before the load was over; all, where none was, which is no load to judge by."""
    if ops.empty:
        return ops
    within = column_ns(ops, "intended_ns") <= load_end_ns(history)
    return ops[within] if within.any() and not within.all() else ops


def _told_ns(history: History) -> int | None:
    zero_ns, lasted_s = history.run.load.zero_ns, history.run.scenario.load.duration_s
    return None if zero_ns is None or lasted_s is None else zero_ns + round(lasted_s * 1e9)
