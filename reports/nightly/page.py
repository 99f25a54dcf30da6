"""The page of a night: what moved, capacity, every cell with its trials, and what was not run. One file that works
offline.

Fills ``nightly.html.j2`` from the content of nightly.json; says nothing that does not hold. No numbers of its own.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from reports.formats.page import CSS, template
from reports.nightly.capacity import system_words
from reports.nightly.nightly_types import CapacityRow, CellRow, FindingRow, Nightly, TrialRow
from reports.text.units import duration, measured

_HERE = Path(__file__).parent
#: Columns of a cell's trials: metric and heading.
SHOWN = {
    "write_outage_ms": "write outage",
    "response_p99_during_ms": "p99 during",
    "response_p99_after_ms": "p99 after",
    "lost": "lost",
}
_BADGES = {"pass": "pass", "fail": "fail", "not run": "not-run"}


def nightly_html(night: Nightly) -> str:
    """The page; links lead to the run folders, relative to that of nightly.json."""
    return template(_HERE / "nightly.html.j2").render(
        n=night,
        css=CSS.read_text() + (_HERE / "nightly.css").read_text(),
        badge_of=_BADGES,
        header={"pass": "pass", "fail": "fail"}.get(night["verdict"], "void"),
        headings=list(SHOWN.values()),
        cells=[_cell(cell, night) for cell in night["cells"] if cell["not_applicable"] is None],
        not_applicable=[cell for cell in night["cells"] if cell["not_applicable"] is not None],
        findings=[_finding(one) for one in (night["gate"] or {"findings": []})["findings"]],
        capacity=night.get("capacity"),
        systems=[_capacity(row) for row in (night.get("capacity") or {"series": []})["series"]],
        budget="no limit" if night["budget_s"] is None else duration(night["budget_s"] * 1000),
        spent=duration(night["spent_s"] * 1000),
        command=shlex.join(night["command"]),
    )


def _cell(cell: CellRow, night: Nightly) -> dict[str, Any]:
    own = [one for one in night["trials"] if (one["scenario"], one["cell"]) == (cell["scenario"], cell["cell"])]
    counts = {"as expected": cell["passed"], "failed": cell["failed"], "void": cell["void"], "broken": cell["broken"]}
    counts["not run"] = cell["left_out"]
    return {
        "id": f"{cell['scenario']}-{cell['topology']}-{cell['mesh']}",
        "name": f"{cell['scenario']}, {cell['cell']}",
        "verdict": cell["verdict"],
        "expected": cell["expected"],
        "counts": ", ".join(f"{number} {words}" for words, number in counts.items() if number),
        "medians": [_value(cell["medians"], name) for name in SHOWN],
        "trials": [_trial(one) for one in sorted(own, key=lambda one: (one["number"], one["attempt"]))],
    }


def _trial(trial: TrialRow) -> dict[str, Any]:
    sentinel = trial["sentinel"]
    return {
        **trial,
        "numbers": [_value(trial["numbers"], name) for name in SHOWN],
        "href": None if trial["folder"] is None else f"{trial['folder']}/report.html",
        "again": shlex.join(trial["command"]),
        "took": duration(trial["took_s"] * 1000),
        "sentinel": "" if sentinel is None else f"{sentinel['cpu_s']:.2f} s, {sentinel['fsync_ms']:.2f} ms",
    }


def _finding(finding: FindingRow) -> dict[str, Any]:
    confirmed = {True: "confirmed by a rerun", False: "not confirmed by a rerun", None: "not rerun"}
    return {**finding, "badge": "fail" if finding["confirmed"] else "void", "told": confirmed[finding["confirmed"]]}


def _capacity(row: CapacityRow) -> dict[str, Any]:
    change = row["change"]
    mark, badge = "no mark", "unknown"
    if change is not None:
        mark = "worse" if change["worse"] else "better"
        badge = "fail" if row["fails"] else "void" if change["worse"] else "pass"
    return {
        "name": system_words(row),
        "text": row["text"],
        "href": f"{row['folder']}/report.html",
        "mark": mark,
        "badge": badge,
    }


def _value(numbers: dict[str, float], name: str) -> str:
    return measured(numbers.get(name), name)
