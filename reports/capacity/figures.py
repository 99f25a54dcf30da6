"""What the operations of one measured step say: rates, times, and whether it kept up. Pure.

An operation counts by when it was due. One that was never answered has no time, so it is slower than all that were: a
quantile among these is None, which meets no objective. The number in flight is by Little's law: the time that
operations spent with a client within the step, by its length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from checks.evidence.operations import column_ns, refused
from history.vocabulary import WorkloadFacts
from reports.capacity.stability import backlog, steady
from reports.capacity.step import Outcome

QUANTILES: Mapping[str, float] = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}


@dataclass(frozen=True, kw_only=True)
class Figures(Outcome):
    """acknowledged: in what counts. since_ns: from when on it counts."""

    acknowledged: int
    since_ns: int


def figures(
    ops: pd.DataFrame, workload: WorkloadFacts, *, start_ns: int, until_ns: int, all_counts: bool = False
) -> Figures:
    """ops: the attempts of a step. start_ns, until_ns: from the first arrival that may count to the last. all_counts:
    nothing is cut off as warm-up."""
    done = by_operation(ops, workload)
    done = done[(done["due_ns"] >= start_ns) & (done["due_ns"] < until_ns)]
    due, end = column_ns(done, "due_ns"), column_ns(done, "end_ns")
    seen = np.where(done["answered"], end, max(until_ns, int(end.max(initial=until_ns))))
    if all_counts:
        growth, since_ns = backlog(due_ns=due, end_ns=seen, start_ns=start_ns, until_ns=until_ns), start_ns
    else:
        found = steady(due_ns=due, end_ns=seen, start_ns=start_ns, until_ns=until_ns)
        growth, since_ns = found.backlog, start_ns + round(found.warm_up_s * 1e9)
    lasts_s = (until_ns - since_ns) / 1e9
    counted = done[due >= since_ns]
    answered = counted["answered"].to_numpy(dtype=bool)
    acknowledged = int((done["acknowledged"] & (end >= since_ns) & (end < until_ns)).sum())
    held_ns = np.minimum(end, until_ns) - np.maximum(column_ns(done, "start_ns"), since_ns)
    return Figures(
        arrived_tps=len(counted) / lasts_s,
        achieved_tps=acknowledged / lasts_s,
        success_ratio=float(answered.mean()) if len(counted) else 0.0,
        concurrency=float(np.maximum(held_ns, 0).sum()) / 1e9 / lasts_s,
        duration_s=lasts_s,
        warm_up_s=(since_ns - start_ns) / 1e9,
        response_ms=times(counted, since="due_ns"),
        service_ms=times(counted, since="start_ns"),
        operations=len(counted),
        acknowledged=acknowledged,
        backlog_per_s=growth.per_s,
        stable=not growth.grows,
        since_ns=since_ns,
    )


def by_operation(ops: pd.DataFrame, workload: WorkloadFacts) -> pd.DataFrame:
    """A row an operation: ``due_ns``, ``start_ns`` and ``end_ns`` of the attempt that was answered (else of the last),
    ``acknowledged``, and ``answered``, which a refusal by the business is, too."""
    attempts = pd.DataFrame(
        {
            "key": ops["key"],
            "due_ns": ops["intended_ns"],
            "start_ns": ops["start_ns"],
            "end_ns": ops["end_ns"],
            "acknowledged": ops["outcome"] == "ok",
            "answered": (ops["outcome"] == "ok") | refused(ops, workload),
        }
    )
    return attempts.sort_values(["answered", "end_ns"], kind="stable").drop_duplicates("key", keep="last")


def times(done: pd.DataFrame, *, since: str) -> dict[str, float | None]:
    """Quantile -> milliseconds from a column to the answer; None where that many were not answered, and without any.

    done: of `by_operation`.
    """
    took_ms = (column_ns(done, "end_ns") - column_ns(done, since)) / 1e6
    took_ms = np.where(done["answered"], took_ms, np.inf)
    if not len(took_ms):
        return dict.fromkeys(QUANTILES)
    found = np.quantile(took_ms, list(QUANTILES.values()), method="higher")
    return {name: float(value) if np.isfinite(value) else None for name, value in zip(QUANTILES, found, strict=True)}
