"""The last thing a matrix prints: the sentences and the sorted table of its page, and where the page is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from reports.matrix.headline import loss
from reports.matrix.matrix_types import Matrix
from reports.matrix.trial_stats import words
from reports.text.visible import all_visible, visible

_COLOURS = {"pass": "green", "fail": "red", "void": "yellow", "broken": "yellow"}
_COLUMNS_OF_A_PIPE = 110


def print_matrix(matrix: Matrix, *, folder: Path, console: Console | None = None) -> None:
    """Print the matrix; ``folder`` is where the page lies. Without a terminal it is plain text."""
    matrix = all_visible(matrix)
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _COLUMNS_OF_A_PIPE
    for sentence in matrix["headline"]:
        console.print(Text(sentence))
    table = Table(box=None, pad_edge=False, header_style="dim")
    columns = ("topology / mesh", "result", "write outage", "lost", "p99 before", "frontier", "trials")
    for column in columns:
        table.add_column(column, overflow="fold")
    for cell in matrix["cells"]:
        seen = cell["trials_by_verdict"].items()
        table.add_row(
            escape(cell["name"]),
            Text(cell["verdict"], style=_COLOURS.get(cell["verdict"], "dim")),
            words(cell["write_outage_ms"], "_ms"),
            loss(cell),
            words(cell["response_ms"]["before"]["p99"], "_ms"),
            {True: "on it", False: "", None: "not compared"}[cell["frontier"]["in_set"]],
            ", ".join(f"{number} {verdict}" for verdict, number in seen if number),
        )
    console.print()
    console.print(table)
    for cell in matrix["cells"]:
        if cell["verdict"] in ("broken", "void", "not applicable"):
            console.print(Text(f"{cell['name']}: {cell['why']}", style="dim"), soft_wrap=True)
    console.print()
    console.print(Text(visible(f"page: {folder / 'report.html'}")), soft_wrap=True)
