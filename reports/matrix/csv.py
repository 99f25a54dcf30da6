"""``matrix.csv``: one row a trial, flat, for spreadsheets and statistics. Void and broken trials are rows too."""

from __future__ import annotations

import csv
import io

from reports.matrix.matrix_types import CellRow, Matrix, TrialRow
from reports.matrix.numbers import NUMBERS
from reports.text.visible import all_visible

#: Steps of a recovery that have a column, each the milliseconds since the injection.
STEPS = ("detected", "elected", "rerouted", "first_ack", "steady")
_TRIAL = ("order", "number", "seed", "verdict", "counts", "why", "took_s", "folder")
COLUMNS = ("topology", "mesh", *_TRIAL, *NUMBERS, *(f"{step}_ms" for step in STEPS))


def matrix_csv(matrix: Matrix) -> str:
    """Rows in the order the trials were run; an empty field is not known. ``counts``: whether it may be averaged."""
    trials = [(trial, cell) for cell in matrix["cells"] for trial in cell["trials"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(cell, trial) for trial, cell in sorted(trials, key=lambda pair: pair[0]["order"]))
    return text.getvalue()


def _row(cell: CellRow, trial: TrialRow) -> dict[str, object]:
    recovery_ms = trial["recovery_ms"] or {}
    row: dict[str, object] = {
        "topology": cell["topology"],
        "mesh": cell["mesh"],
        **{name: value for name, value in trial.items() if name in _TRIAL},
        **(trial["numbers"] or {}),
        **{f"{step}_ms": recovery_ms.get(step) for step in STEPS},
    }
    return all_visible(row)
