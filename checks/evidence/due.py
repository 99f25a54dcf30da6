"""When the load was over: the end of what was due.

Until then a write that has been asked for and not been answered is wanted. Afterwards nothing is: the generator drains,
which is to say that it waits for the answers of what was under way and tries it again, and no answer is late by more
than the load was long. What a user's own locustfile still asks for then belongs to tasks that were under way, so it is
not due either. Judges nothing.
"""

from __future__ import annotations

import itertools

import pandas as pd

from checks.evidence.intervals import END_OF_TIME_NS, Span, union
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
    """Those of the ops that were wanted before the load was over, and not while more nodes were gone than the topology
    survives; all, where none was, which is no load to judge by."""
    if ops.empty:
        return ops
    intended = column_ns(ops, "intended_ns")
    within = intended <= load_end_ns(history)
    for start_ns, end_ns in unsurvivable(history):
        within &= (intended < start_ns) | (intended >= end_ns)
    return ops[within] if within.any() and not within.all() else ops


def unsurvivable(history: History) -> list[Span]:
    """When more nodes were gone than the topology survives, of a scenario that means that (``survivable: false``): no
    progress is demanded then. A node is gone from the injection of what took it until it was proved to be back."""
    can_lose = history.run.topology.can_lose
    if history.run.scenario.survivable is not False or can_lose is None:
        return []
    lost = [
        (fault.injected_ns, END_OF_TIME_NS if fault.clean_ns is None else fault.clean_ns, pod)
        for fault in history.faults
        if fault.lost_node and fault.bitten and fault.injected_ns is not None
        for pod in fault.pods
    ]
    edges = sorted({edge for start_ns, end_ns, _ in lost for edge in (start_ns, end_ns)})
    return union(
        (begin, end)
        for begin, end in itertools.pairwise(edges)
        if len({pod for start_ns, end_ns, pod in lost if start_ns <= begin < end_ns}) > can_lose
    )


def _told_ns(history: History) -> int | None:
    zero_ns, lasted_s = history.run.load.zero_ns, history.run.scenario.load.duration_s
    return None if zero_ns is None or lasted_s is None else zero_ns + round(lasted_s * 1e9)
