"""``meshbench judge``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.cli.exit_codes import EXIT_OF
from scenarios.cli.options import JUDGE, RunFolder
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=JUDGE)(judge)


def judge(
    *,
    folder: RunFolder,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="write the reports there; not into a sealed run")
    ] = None,
    unsealed: Annotated[bool, typer.Option("--unsealed", help="judge it even if it was changed after the run")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="gates.KEY=VALUE", help="a second opinion, with another gate; repeatable"),
    ] = None,
) -> int:
    """judge a run folder again, offline, without Docker"""
    with at_once():
        from reports.formats.console import print_table
        from scenarios.run.judging import judged_again
        from scenarios.schema.read import read_gates

    summary = judged_again(folder, out=out, unsealed=unsealed, gates=read_gates(settings or []))
    print_table(summary, folder=out)
    return EXIT_OF[summary["verdict"]]
