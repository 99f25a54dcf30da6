"""``series.csv``: the load second by second, for a spreadsheet or a plot of one's own.

``t_s`` counts from the beginning of the load. ``offered``, the outcomes and the latencies belong to the second in which
an operation was due, so a stall shows where it began and in every second it delayed; ``achieved`` counts the
acknowledgements that came in that second. ``client_cpu_s`` and ``connections_opened`` are what all load pods together
spent and opened in it, as far as they told. Percentiles are exact (nearest rank) and in milliseconds; empty where
nothing was acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from checks.evidence.latency_stats import quantiles_ms

FILE_NAME = "series.csv"
NS = 1_000_000_000
_NEEDED = ["outcome", "intended_ns", "start_ns", "end_ns"]


def write_series(folder: Path, told: Iterable[Mapping[str, Any]], *, zero_ns: int) -> None:
    """From the operations of a run folder. told: ``second`` events of the load pods, each with its ``pod``."""
    ops = pd.concat([pq.read_table(part, columns=_NEEDED).to_pandas() for part in (folder / "ops").glob("*.parquet")])
    series(ops, told, zero_ns=zero_ns).to_csv(folder / FILE_NAME, index_label="t_s")


def series(ops: pd.DataFrame, told: Iterable[Mapping[str, Any]], *, zero_ns: int) -> pd.DataFrame:
    """One row a second, without gaps. ops: outcome, intended_ns, start_ns, end_ns."""
    due = (ops["intended_ns"] - zero_ns) // NS
    ok = ops["outcome"] == "ok"
    columns: dict[str, Any] = {
        "offered": due.value_counts(),
        "achieved": ((ops["end_ns"][ok] - zero_ns) // NS).value_counts(),
        **{name: due[ops["outcome"] == name].value_counts() for name in ("ok", "fail", "unknown")},
    }
    for kind, since in (("response", "intended_ns"), ("service", "start_ns")):
        latencies = (ops["end_ns"] - ops[since])[ok].groupby(due[ok])
        found = {second: quantiles_ms(values.to_numpy()) for second, values in latencies}
        for name in ("p50", "p99"):
            columns[f"{kind}_{name}_ms"] = pd.Series({second: numbers[name] for second, numbers in found.items()})
    columns |= _spent(told)
    table = pd.DataFrame({name: pd.Series(column, dtype=float) for name, column in columns.items()})
    table = table.reindex(range(int(table.index.max()) + 1 if len(table) else 0))
    counts = ["offered", "achieved", "ok", "fail", "unknown"]
    return table.astype(dict.fromkeys([*counts, "connections_opened"], "Int64")).fillna(dict.fromkeys(counts, 0))


def _spent(told: Iterable[Mapping[str, Any]]) -> dict[str, pd.Series]:
    """CPU seconds and connections by second: what each pod told is its sum so far. Of its first second there is none
    before to take away, so that shows all CPU time since the process began, and every connection of the warm-up."""
    rows = pd.DataFrame([dict(one) for one in told], columns=["pod", "t_s", "cpu_s", "connections_opened"])
    rows["second"] = rows["t_s"].astype(float).round().astype(int) - 1
    spent = {}
    for name, source in (("client_cpu_s", "cpu_s"), ("connections_opened", "connections_opened")):
        so_far = rows[source].astype(float)
        news = so_far.groupby(rows["pod"]).diff().fillna(so_far)
        spent[name] = news.groupby(rows["second"]).sum(min_count=1).round(6)
    return spent
