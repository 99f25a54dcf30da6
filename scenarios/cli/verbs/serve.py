"""``meshbench serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.options import LOOK, RUNS, RunsRead
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=LOOK)(serve)


def serve(
    *,
    runs: RunsRead = RUNS,
    port: Annotated[int, typer.Option("--port", metavar="N", help="of 127.0.0.1; 0: any that is free")] = 8089,
) -> int:
    """the console, every run, and what is running now, in a browser of this machine

    Listens on 127.0.0.1 alone, changes nothing, and ends with Ctrl-C.
    """
    with at_once():
        from scenarios.serve.server import serve_runs

    return serve_runs(runs, port=port)
