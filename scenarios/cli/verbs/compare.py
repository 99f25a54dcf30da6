"""``meshbench compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.cli.exit_codes import FAIL, PASS
from scenarios.cli.options import JUDGE, RUNS, Runs
from scenarios.signals import at_once

_WHAT = (
    "a commit, days (2026-11-27, 2026-11-20..2026-11-26), latest, previous, nightly/ID, certificates/ID, or a folder"
)


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=JUDGE)(compare)


def compare(
    *,
    a: Annotated[str, typer.Argument(metavar="A", help=f"what it was: {_WHAT}")],
    b: Annotated[str, typer.Argument(metavar="B", help="what it is now, in the same words")],
    least: Annotated[
        list[str] | None,
        typer.Option(
            "--least",
            metavar="METRIC=SIZE",
            help="smallest change that matters, write_outage=10% or =500ms; repeatable",
        ),
    ] = None,
    rerun: Annotated[
        int, typer.Option("--rerun", metavar="N", min=3, help="trials of each side that confirm what is flagged")
    ] = 6,
    no_rerun: Annotated[
        bool, typer.Option("--no-rerun", help="take the trials that there are as they are; starts nothing")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="for programs; schema in reports/comparison.schema.json")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="also write compare.html, compare.md and compare.json")
    ] = None,
    runs: Runs = RUNS,
) -> int:
    """did it get worse from A to B? what looks so is run again, in turns, before it is said

    Exit code: 1 where B is worse and a rerun shows it again (with --no-rerun: where B is worse), 0 where nothing is
    shown, where the rerun does not confirm it, and where there are too few trials, which is then said.
    """
    with at_once():
        from cluster.errors import ConfigurationError, EngineError
        from cluster.platform import ownership
        from cluster.platform.docker_platform import DockerPlatform
        from reports.comparison.console import lines
        from scenarios.compare.compare import Compared, in_json, write
        from scenarios.compare.least import least_of
        from scenarios.compare.rerun import InTurns
        from scenarios.signals import interruptible

    compared = Compared(a, b, runs=runs, least=least_of(least or []))
    if compared.comparison.flagged() and not no_rerun:
        try:
            with interruptible():
                in_turns = InTurns(runs=runs, platform=DockerPlatform(), trials=rerun)
                ownership.reap()
                compared.look_again(in_turns)
        except (ConfigurationError, EngineError):
            typer.echo("\n".join(lines(compared.content)), err=as_json)
            raise
    found = compared.content
    if out is not None:
        write(found, out)
    typer.echo(in_json(found) if as_json else "\n".join(lines(found)))
    return FAIL if found["verdict"] in ("regression", "flagged") else PASS
