"""The figures of a set of ops: rates, and quantiles of response and service time. Judges nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from checks.evidence.operations import column_ns, refused
from history.vocabulary import WorkloadFacts

NS = 1_000_000_000
#: Quantiles by name, in thousandths.
QUANTILES = {"p50": 500, "p90": 900, "p99": 990, "p999": 999, "max": 1000}


def load_figures(ops: pd.DataFrame, workload: WorkloadFacts) -> dict[str, Any]:
    """Rates and latencies of some ops: ops, refused, offered_tps, achieved_tps, response_ms{…}, service_ms{…}.

    Latencies are those of acknowledged ops. An arrival is offered once, however often it was attempted. Rates are over
    the span of the intended starts; what cannot be computed is None. refused: operations that the business refused,
    which is an answer.
    """
    ok = ops[ops["outcome"] == "ok"]
    intended = column_ns(ops, "intended_ns")
    span_s = float(intended.max() - intended.min()) / 1e9 if len(intended) else 0.0
    offered = int(ops["key"].nunique())
    return {
        "ops": len(ok),
        "refused": int(ops["key"][refused(ops, workload)].nunique()),
        "offered_tps": round(offered / span_s, 3) if span_s > 0 else None,
        "achieved_tps": round(len(ok) / span_s, 3) if span_s > 0 else None,
        "response_ms": quantiles_ms(column_ns(ok, "end_ns") - column_ns(ok, "intended_ns")),
        "service_ms": quantiles_ms(column_ns(ok, "end_ns") - column_ns(ok, "start_ns")),
    }


def behind_ms(ops: pd.DataFrame) -> float | None:
    """How far behind the system was when the load ended: median response time of the acknowledged ops that were due
    in the last twentieth of the load, or in its last second where that is longer; None without any."""
    if ops.empty:
        return None
    intended = column_ns(ops, "intended_ns")
    last_ns = max(NS, int(intended.max() - intended.min()) // 20)
    late = ops[(intended > intended.max() - last_ns) & (ops["outcome"] == "ok").to_numpy(dtype=bool)]
    return quantiles_ms(column_ns(late, "end_ns") - column_ns(late, "intended_ns"))["p50"]


def quantiles_ms(latency_ns: Any) -> dict[str, float | None]:
    """Quantiles of latencies in nanoseconds, shape (n,), as milliseconds; all None when n is 0.

    Nearest rank: the smallest latency that at least that share of all does not exceed, so each is one that occurred.
    """
    ordered = np.sort(latency_ns)
    if not len(ordered):
        return dict.fromkeys(QUANTILES)
    # Whole numbers: 0.99 * 100 in floats may land above 99 and pick the next rank.
    ranks = {name: -(-len(ordered) * thousandths // 1000) for name, thousandths in QUANTILES.items()}
    return {name: round(float(ordered[rank - 1]) / 1e6, 3) for name, rank in ranks.items()}
