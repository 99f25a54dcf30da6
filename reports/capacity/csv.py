"""``steps.csv`` and ``mesh_tax.csv``: one row a step, and one a mesh, flat, for spreadsheets and statistics."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from reports.capacity.content import CapacityContent, Interval
from reports.text.visible import all_visible

_PLAIN = (
    *("purpose", "setting", "offered_tps", "arrived_tps", "achieved_tps", "success_ratio", "concurrency"),
    *("duration_s", "warm_up_s", "operations", "backlog_per_s", "stable", "holds", "why"),
)
_PERCENTILES = ("p50", "p95", "p99", "p999")


def steps_csv(content: CapacityContent) -> str:
    """Every step in the order it was measured; an empty field is not known. limits: words, apart by semicolons."""
    return _csv(
        {
            **{name: value for name, value in step.items() if name in _PLAIN},
            **{f"response_{name}_ms": value for name, value in step["response_ms"].items()},
            **{f"service_{name}_ms": value for name, value in step["service_ms"].items()},
            "limits": "; ".join(limit["what"] for limit in step["limits"]),
            "folder": step["folder"],
        }
        for step in content["steps"]
    )


def mesh_tax_csv(content: CapacityContent) -> str:
    """Every mesh; empty where none was measured."""
    return _csv(
        {
            "mesh": mesh,
            "rounds": cost["rounds"],
            "throughput": cost["throughput"],
            **_interval("throughput_ratio", cost["throughput_ratio"]),
            "fixed_tps": cost["fixed_tps"],
            **{
                column: value
                for name in _PERCENTILES
                for column, value in _interval(f"added_{name}_ms", cost["latency_added_ms"].get(name)).items()
            },
            "cpu_us_per_txn": cost["cpu_us_per_txn"],
            "mib": cost["mib"],
            "absent": cost["absent"],
        }
        for mesh, cost in (content["mesh_tax"] or {}).items()
    )


def _interval(name: str, interval: Interval | None) -> dict[str, float | None]:
    return {
        name: interval and interval["median"],
        f"{name}_low": interval and interval["low"],
        f"{name}_high": interval and interval["high"],
    }


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    table = [all_visible(dict(row)) for row in rows]
    if not table:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()
