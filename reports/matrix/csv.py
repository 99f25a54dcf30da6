"""``matrix.csv``: one row a trial, flat, for spreadsheets and statistics. Void and broken trials are rows too."""

from __future__ import annotations

import csv
import io
from typing import Any

from reports.matrix.numbers import NUMBERS
from reports.text.visible import all_visible

#: Steps of a recovery that have a column, each the milliseconds since the injection.
STEPS = ("detected", "elected", "rerouted", "first_ack", "steady")
_TRIAL = ("order", "number", "seed", "verdict", "counts", "why", "took_s", "folder")
COLUMNS = ("topology", "mesh", *_TRIAL, *NUMBERS, *(f"{step}_ms" for step in STEPS))


def matrix_csv(matrix: dict[str, Any]) -> str:
    """Rows in the order the trials were run; an empty field is not known. ``counts``: whether it may be averaged."""
    rows = [_row(cell, trial) for cell in matrix["cells"] for trial in cell["trials"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: int(row["order"])))
    return text.getvalue()


def _row(cell: dict[str, Any], trial: dict[str, Any]) -> dict[str, Any]:
    recovery_ms = trial["recovery_ms"] or {}
    row = {
        "topology": cell["topology"],
        "mesh": cell["mesh"],
        **{name: trial[name] for name in _TRIAL},
        **(trial["numbers"] or {}),
        **{f"{step}_ms": recovery_ms.get(step) for step in STEPS},
    }
    shown: dict[str, Any] = all_visible(row)
    return shown
