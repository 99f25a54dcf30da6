"""``meshbench nightly``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from scenarios.cli.options import RUN, RUNS, Metrics, Runs, Settings, command
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=RUN)(nightly)


def _suites(incomplete: str) -> Iterator[str]:
    files = (Path(__file__).parents[2] / "suites").glob("*.yaml")
    yield from sorted(file.name for file in files if file.name.startswith(incomplete))


def nightly(
    context: typer.Context,
    *,
    suite: Annotated[
        str,
        typer.Argument(metavar="SUITE", help="nightly.yaml, smoke.yaml, or a file of your own", autocompletion=_suites),
    ],
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="such as 2h: what does not fit is not run, and said")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with an unfinished night; by default with one of the last day")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="begin a new night, whatever is unfinished")] = False,
    settings: Settings = None,
    metrics: Metrics = None,
    runs: Runs = RUNS,
) -> int:
    """run a suite of scenarios again and again, and say whether anything got worse since the nights before

    Exit code: 1 where a trial did not end as its scenario expects, something got worse and a rerun confirms it, or
    the history marks the capacity of this machine as worse; 4 where a cell only broke, 3 where it has void trials only,
    else 0.
    """
    if resume and fresh:
        raise typer.BadParameter("not with --resume; choose one", param_hint="--fresh")
    again = True if resume else False if fresh else None
    with at_once():
        from scenarios.live.metrics import exporting
        from scenarios.nightly.verb import run_suite

    with exporting(metrics):
        return run_suite(
            suite, budget=budget, again=again, settings=settings or [], runs=runs, command=command(context)
        )
