"""``meshbench run``."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.options import RUN, RUNS, Runs, ScenarioName, Seed, Settings, command
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=RUN)(run)


def run(
    context: typer.Context,
    *,
    scenario: ScenarioName,
    settings: Settings = None,
    seed: Seed = None,
    live: Annotated[bool, typer.Option("--live", help="Locust's web page while it runs, on 127.0.0.1 only")] = False,
    remote_workers: Annotated[
        int, typer.Option("--remote-workers", metavar="N", help="how many of load.workers join from other machines")
    ] = 0,
    bind: Annotated[
        str | None,
        typer.Option("--bind", metavar="ADDRESS[:PORT]", help="address of this machine where they connect (port 5557)"),
    ] = None,
    runs: Runs = RUNS,
) -> int:
    """run a scenario and judge it"""
    with at_once():
        from scenarios.cli.running import run_scenario
        from scenarios.schema.read import read_scenario
        from scenarios.user_code.pod import look

    return run_scenario(
        read_scenario(scenario, settings=settings, seed=seed, look=look),
        runs=runs,
        command=command(context),
        live=live,
        remote_workers=remote_workers,
        bind=bind,
    )
