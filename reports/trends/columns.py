"""The columns of ``trials``, the view that SQL and pandas read: one a fact of a row, one a number.

The table below it keeps each row as one JSON text, so that a new metric is a new column of the view, and no store has
to be converted.
"""

from __future__ import annotations

from reports.trends.metrics import METRICS

#: Column -> path in the JSON text of a row.
COLUMNS = {
    **{
        name: f"$.{name}"
        for name in (
            *("scenario", "cell", "topology", "pods", "mesh", "workload", "seed", "started_at", "verdict", "expected"),
            *("why", "folder", "seal", "scenario_digest", "dirty", "host"),
        )
    },
    "git_commit": "$.commit",  # COMMIT is a word of SQL
    "mysqld": "$.versions.mysqld",
    **{name: f"$.{name}" for name in ("versions", "images", "void_reasons", "command")},
    **{f"part_{name}": f"$.part_of.{name}" for name in ("kind", "name", "id")},
    **{name: f"$.part_of.{name}" for name in ("trial", "attempt")},
    **{f"sentinel_{name}": f"$.part_of.sentinel.{name}" for name in ("cpu_s", "fsync_ms")},
    **{name: f"$.numbers.{name}" for name in METRICS},
}


def view() -> str:
    """The statement that creates ``trials``, oldest first."""
    columns = ", ".join(f"json_extract(row, '{path}') AS {name}" for name, path in COLUMNS.items())
    return f"CREATE VIEW trials AS SELECT {columns} FROM sealed_runs ORDER BY started_at, folder"
