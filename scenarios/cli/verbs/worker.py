"""``meshbench worker``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from scenarios.cli.options import RUN
from scenarios.signals import at_once, exit_code, interruptible


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=RUN)(worker)


def worker(
    *,
    place: Annotated[str, typer.Argument(metavar="ADDRESS[:PORT]", help="the address that run was given as --bind")],
) -> int:
    """be a load worker of a run on another machine"""
    with at_once():
        import logging

        from scenarios.cli.worker import work
        from scenarios.progress import Progress

    progress, log = Progress(), logging.getLogger("meshbench")
    log.setLevel(logging.INFO)
    log.addHandler(progress)
    try:
        with interruptible("interrupted: ending this worker …"):
            return work(place, progress)
    except KeyboardInterrupt as ended:
        print("meshbench: this worker has stopped; a run that it had joined goes on without it", file=sys.stderr)
        return exit_code(ended)
    finally:
        log.removeHandler(progress)
