"""``meshbench trace``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.cli.options import LOOK
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=LOOK)(trace)


def trace(
    *,
    key: Annotated[str, typer.Argument(metavar="KEY", help="of an operation, as in ops/*.parquet and in witnesses")],
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="a run folder")] = Path("runs/latest"),
) -> int:
    """what became of one transfer: when it was due, who acknowledged it, where it is at the end

    Also of an operation of any other workload. Offline, without Docker.
    """
    with at_once():
        from scenarios.cli.tracing import print_trace

    return print_trace(folder, key)
