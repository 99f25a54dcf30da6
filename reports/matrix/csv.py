"""``matrix.csv``: one row a trial, flat, for spreadsheets and statistics. Void and broken trials are rows too.
``cells.csv``: one row a cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

from reports.matrix.in_force import in_force
from reports.matrix.matrix_types import CellRow, Matrix, TrialRow
from reports.matrix.numbers import NUMBERS
from reports.text.visible import all_visible

#: Steps of a recovery that have a column, each the milliseconds since the injection.
STEPS = ("detected", "elected", "rerouted", "first_ack", "steady")
_TRIAL = ("order", "number", "seed", "verdict", "counts", "why", "took_s", "folder")
_ENDS: tuple[Literal["median", "min", "max"], ...] = ("median", "min", "max")
#: Of cells.csv, after its name, its combination and its varied keys.
CELL_COLUMNS = (
    *("verdict", "why", "counted"),
    *(
        f"{name}_{end}"
        for name in ("write_outage_ms", "lost", "response_before_p99_ms")
        for end in (*_ENDS, "ci95_low", "ci95_high")
    ),
    *("lost_per_trial", "on_frontier", "not_compared", "dominated_by"),
    *("failovers", "failovers_of", "failovers_low", "failovers_high"),
)
COLUMNS = ("topology", "mesh", *_TRIAL, *NUMBERS, *(f"{step}_ms" for step in STEPS))


def matrix_csv(matrix: Matrix) -> str:
    """Rows in the order the trials were run; an empty field is not known. ``counts``: whether it may be averaged."""
    trials = [(trial, cell) for cell in matrix["cells"] for trial in cell["trials"]]
    varied = [name for axis in matrix["axes"] for name in (axis["key"], f"{axis['key']} in force")]
    rows = [_row(cell, trial) for trial, cell in sorted(trials, key=lambda pair: pair[0]["order"])]
    return _table([*COLUMNS[:2], *varied, *COLUMNS[2:]], rows)


def cells_csv(matrix: Matrix) -> str:
    """``cells.csv``: one row a cell, what the frontier and the failover curve were made of."""
    axes = [name for axis in matrix["axes"] for name in (axis["key"], f"{axis['key']} in force")]
    rows = [_cell_row(cell) for cell in matrix["cells"]]
    return _table(["cell", "topology", "mesh", *axes, *CELL_COLUMNS], rows)


def _table(columns: Sequence[str], rows: Sequence[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _cell_row(cell: CellRow) -> dict[str, object]:
    frontier, failovers = cell["frontier"], cell["failovers"]
    row: dict[str, object] = {name: cell[name] for name in ("topology", "mesh", "verdict", "why", "counted")}
    for one in cell["varied"]:
        row |= {one["key"]: one["asked"], f"{one['key']} in force": "; ".join(one["in_force"])}
    for name, spread in (
        ("write_outage_ms", cell["write_outage_ms"]),
        ("lost", cell["lost"]),
        ("response_before_p99_ms", cell["response_ms"]["before"]["p99"]),
    ):
        ci95 = spread["ci95"] if spread else None
        row |= {f"{name}_{end}": spread[end] if spread else None for end in _ENDS}
        row |= {f"{name}_ci95_low": ci95 and ci95[0], f"{name}_ci95_high": ci95 and ci95[1]}
    row |= {
        "cell": cell["name"],
        "lost_per_trial": frontier["lost_per_trial"],
        "on_frontier": frontier["in_set"],
        "not_compared": frontier["why"],
        "dominated_by": "; ".join(by["cell"] for by in frontier["dominated_by"]),
        "failovers": failovers["number"],
        "failovers_of": failovers["of"],
        "failovers_low": failovers["low"],
        "failovers_high": failovers["high"],
    }
    return all_visible(row)


def _row(cell: CellRow, trial: TrialRow) -> dict[str, object]:
    recovery_ms = trial["recovery_ms"] or {}
    row: dict[str, object] = {
        "topology": cell["topology"],
        "mesh": cell["mesh"],
        **{one["key"]: one["asked"] for one in cell["varied"]},
        **{f"{one['key']} in force": "; ".join(in_force(one["read"])) for one in trial["effective"]},
        **{name: value for name, value in trial.items() if name in _TRIAL},
        **(trial["numbers"] or {}),
        **{f"{step}_ms": recovery_ms.get(step) for step in STEPS},
    }
    return all_visible(row)
