"""Which acknowledged writes show that a pod took writes while another was the primary, or while it was none itself.

An operation took effect somewhere between its start and its end, so one comes after another for certain only if it
started after the other had ended. If a pod acknowledges a write after another pod acknowledged one, the writes were
handed over in between; where nobody handed them over, both pods took writes (after Gibbons and Korach's view of
operations as intervals, "Testing Shared Memories", 1997). Uses ops, known handovers, and what pods said of themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from checks.evidence.ledger import Codes
from checks.evidence.operations import column_ns, writes
from checks.leadership.changes import Handover
from checks.leadership.claims import out_of_service
from history.history import History

#: A handover is noted this much sooner or later than it took effect, at most.
SLACK_NS = 1_000_000_000
#: A write that was under way when its pod ceased to be the primary may be acknowledged for so long.
UNDER_WAY_NS = 250_000_000


@dataclass(frozen=True, kw_only=True)
class Intruder:
    """A write that a pod acknowledged after another pod had, although nobody had handed the writes back to it."""

    key: str
    server: str
    start_ns: int
    end_ns: int


def intruders(history: History, pods: Collection[str], handovers: Sequence[Handover]) -> list[Intruder]:
    """All such writes in order of their start; ops without the name of a pod in ``server`` tell nothing."""
    acked = writes(history.ops, history.workload)
    acked = acked[(acked["outcome"] == "ok") & acked["server"].isin(list(pods))]
    found: list[Intruder] = []
    for server in acked["server"].unique():
        own, others = acked[acked["server"] == server], acked[acked["server"] != server]
        starts, ends = column_ns(own, "start_ns"), column_ns(own, "end_ns")
        since = _latest_start_before(others, starts)
        unexplained = since >= 0
        for handover in handovers:
            if handover.pod == server:
                unexplained &= ~((handover.latest_ns > since - SLACK_NS) & (handover.earliest_ns < ends + SLACK_NS))
        found += [
            Intruder(key=str(key), server=str(server), start_ns=int(start), end_ns=int(end))
            for key, start, end in zip(own["key"][unexplained], starts[unexplained], ends[unexplained], strict=True)
        ]
    return sorted(found, key=lambda one: (one.start_ns, one.key))


def outsiders(history: History) -> list[Intruder]:
    """Writes that a pod acknowledged from start to end while it said that it was no primary in service: it had left its
    group, or followed another. In order of their start."""
    acked = writes(history.ops, history.workload)
    acked = acked[acked["outcome"] == "ok"]
    found: list[Intruder] = []
    for pod, spans in out_of_service(history.samples).items():
        own = acked[acked["server"] == pod]
        starts, ends = column_ns(own, "start_ns"), column_ns(own, "end_ns")
        for begin_ns, end_ns in spans:
            within = (starts >= begin_ns + UNDER_WAY_NS) & (ends <= end_ns)
            found += [
                Intruder(key=str(key), server=pod, start_ns=int(start), end_ns=int(end))
                for key, start, end in zip(own["key"][within], starts[within], ends[within], strict=True)
            ]
    return sorted(found, key=lambda one: (one.start_ns, one.key))


def _latest_start_before(others: pd.DataFrame, starts: Codes) -> Codes:
    """For each start, the latest start among the other pods' writes that had ended by then; -1 where there is none."""
    others = others.sort_values("end_ns", kind="stable")
    latest = np.concatenate([[-1], np.maximum.accumulate(column_ns(others, "start_ns"))]).astype(np.int64)
    before: Codes = latest[np.searchsorted(column_ns(others, "end_ns"), starts, side="left")]
    return before
