"""What the console's page shows, as compact JSON: runs as columns, and each text that many of them share once."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from reports.console.beside import Listed
from reports.text.units import plain
from reports.text.visible import all_visible, visible
from reports.trends.changes import changes
from reports.trends.metrics import METRICS
from reports.trends.row import TrialRow

#: The newest runs are on the page; a browser shows so many at ease. The others stay in the history.
ROWS_MAX = 3000
#: A run whose scenario has no name, as on its report.
UNNAMED = "unnamed run"
#: Columns of texts.
SHARED = (
    "scenario", "settings", "cell", "topology", "mesh", "workload", "commit", "versions", "images", "host", "verdict",
    "expected", "why", "void_reasons", "command", "part_of", "part_id",
)  # fmt: skip
#: Of the versions, what has a column of its own.
_IN_COLUMNS = frozenset({"commit", "dirty"})


def content(rows: Sequence[TrialRow], beside: Sequence[Listed]) -> dict[str, Any]:
    """JSON-serialisable, as reports/console/data.js reads it. rows: oldest first."""
    shown = rows[-ROWS_MAX:]
    texts: dict[str, int] = {}
    columns = [_columns(row) for row in shown]
    return {
        "total": len(rows),
        "metrics": {name: _metric(name) for name in METRICS},
        "shared": SHARED,
        "rows": {name: [_once(name, row[name], texts) for row in columns] for name in columns[0]} if columns else {},
        "texts": list(texts),
        "numbers": {name: [_short(row.numbers.get(name)) for row in shown] for name in METRICS},
        "changes": [asdict(change) for change in changes(shown)],
        "beside": [all_visible(asdict(listed)) for listed in beside],
    }


def _metric(name: str) -> dict[str, Any]:
    metric = METRICS[name]
    return {
        "words": metric.words,
        "unit": metric.unit,
        "better": metric.better,
        "least_effect": metric.least_effect,
        "least_absolute": metric.least_absolute,
    }


def _columns(row: TrialRow) -> dict[str, Any]:
    """Of one run, by column. The folder is a link and stays as it is; what acts on a reader's screen is spelt out."""
    part = row.part_of
    return {
        "folder": row.folder,
        "started_at": visible(row.started_at),
        "pods": row.pods,
        "seed": row.seed,
        "dirty": bool(row.dirty),
        "counts": row.counts,
        "scenario": visible(row.scenario) or UNNAMED,
        "settings": row.scenario_digest,
        "cell": visible(row.cell),
        "topology": visible(row.topology),
        "mesh": visible(row.mesh),
        "workload": visible(row.workload),
        "commit": row.commit and visible(row.commit),
        "versions": _named({name: value for name, value in row.versions.items() if name not in _IN_COLUMNS}),
        "images": _named(row.images),
        "host": visible(row.host),
        "verdict": row.verdict,
        "expected": row.expected,
        "why": visible(row.why),
        "void_reasons": visible("; ".join(row.void_reasons)),
        "command": visible(shlex.join(row.command)),
        "part_of": part and visible(f"{part.kind} {part.name} {part.id}, trial {part.trial}"),
        "part_id": part and part.id,
    }


def _named(values: Any) -> str:
    """As JSON, each value as a text."""
    return json.dumps({name: plain(value) for name, value in all_visible(dict(values)).items()}, sort_keys=True)


def _once(name: str, value: Any, texts: dict[str, int]) -> Any:
    """The place of a text among all texts; any other value as it is."""
    return texts.setdefault(value, len(texts)) if name in SHARED and value is not None else value


def _short(value: float | None) -> float | None:
    """Six digits are more than any page shows."""
    return None if value is None else float(f"{value:.6g}")
