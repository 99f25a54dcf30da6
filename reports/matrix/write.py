"""Everything a matrix leaves: the page, its machine-readable twin, one row a trial, and the plots."""

from __future__ import annotations

import json

from reports.charts.charts import picture
from reports.files import write_atomically
from reports.matrix.csv import cells_csv, matrix_csv
from reports.matrix.experiment import Experiment
from reports.matrix.failover_chart import draw_failovers
from reports.matrix.matrix_types import Matrix
from reports.matrix.page import matrix_html
from reports.matrix.recovery_chart import draw_recoveries
from reports.matrix.summary import matrix_summary
from reports.matrix.tradeoff_chart import draw_tradeoff
from reports.schema import validate


def write_matrix(experiment: Experiment) -> Matrix:
    """Write report.html, matrix.json, matrix.csv, cells.csv, tradeoff.png, recovery.png, and where a fault varies
    failovers.png, into its folder; returns matrix.json.

    Raises OSError where it cannot write, and jsonschema.ValidationError before anything is written.
    """
    out, matrix = experiment.folder, matrix_summary(experiment)
    validate(matrix, "matrix")
    # The numbers first: were the drawing to fail, the trials would not have been run for nothing.
    write_atomically(
        out / "matrix.json", json.dumps(matrix, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    )
    write_atomically(out / "matrix.csv", matrix_csv(matrix).encode())
    write_atomically(out / "cells.csv", cells_csv(matrix).encode())
    pictures = {
        "recovery": picture(lambda size: draw_recoveries(matrix, size)),
        "tradeoff": picture(lambda size: draw_tradeoff(matrix, size)),
    }
    if matrix["failover_curves"]:
        pictures["failovers"] = picture(lambda size: draw_failovers(matrix["failover_curves"], size))
    files = {f"{name}.png": drawn.wide for name, drawn in pictures.items()}
    files["report.html"] = matrix_html(matrix, pictures).encode()
    for name, content in files.items():
        write_atomically(out / name, content)
    return matrix
