"""``meshbench index`` and ``history``: all runs of a runs folder as rows."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.exit_codes import PASS
from scenarios.cli.options import LOOK, RUNS, RunsRead
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=LOOK)(index)
    app.command(rich_help_panel=LOOK)(history)


def index(
    *,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="make the history anew from the run folders")] = False,
    runs: RunsRead = RUNS,
) -> int:
    """bring the history beside the runs up to date with the run folders"""
    with at_once():
        from scenarios.trends.index import index as update

    print("\n".join(update(runs, rebuild=rebuild)))
    return PASS


def history(
    *,
    sql: Annotated[
        str | None, typer.Option("--sql", metavar="QUERY", help="a SELECT from trials; without it the newest 20")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="as comma-separated values")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as a list of objects")] = False,
    runs: RunsRead = RUNS,
) -> int:
    """ask the history of all runs, in SQL if you like"""
    if as_csv and as_json:
        raise typer.BadParameter("not with --csv; choose one", param_hint="--json")
    with at_once():
        from scenarios.trends.query import FORMS, NEWEST, ask

    form = "csv" if as_csv else "json" if as_json else "table"
    print(FORMS[form](ask(runs, NEWEST if sql is None else sql)), end="")
    return PASS
