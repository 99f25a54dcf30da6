"""Rows of capacity runs in a history, made up: a series of maxima, a day apart, of one system on one machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from history.manifest import PartOf
from reports.trends.row import TrialRow
from tests.trial_rows import trial_row

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
HOST = "x86_64, 2 cores"
NOISE = (0.01, -0.02, 0.03, -0.01, 0.0, 0.02, -0.03)


def capacity_row(max_tps: float | None, *, days_ago: float = 0.0, **changed: Any) -> TrialRow:
    """max_tps: None where no rate held. days_ago: before NOW. changed: fields that are otherwise."""
    at = NOW - timedelta(hours=1, days=days_ago)
    name = f"{at:%Y%m%dT%H%M%SZ}"
    fields: dict[str, Any] = {
        "folder": f"capacity/{name}",
        "seal": f"{name} {max_tps}",
        "scenario": "capacity of group",
        "started_at": at.isoformat(timespec="seconds"),
        "host": HOST,
        "verdict": "fail" if max_tps is None else "pass",
        "command": ("meshbench", "capacity", "group", "--slo", "response_p99<=250ms"),
        "part_of": PartOf(kind="capacity", name="group", id=name, trial=1),
        "numbers": {} if max_tps is None else {"max_tps": max_tps},
    }
    return trial_row(**fields | changed)


def series(levels: Sequence[float], *, days_ago: float = 0.0, **changed: Any) -> list[TrialRow]:
    """A value a day, the last one so long ago, each a few percent off its level."""
    return [
        capacity_row(level * (1 + NOISE[number % len(NOISE)]), days_ago=days_ago + len(levels) - 1 - number, **changed)
        for number, level in enumerate(levels)
    ]


#: A fifth less in the last six of eighteen values.
DROP = [1000.0] * 12 + [800.0] * 6
