"""``meshbench run``."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.options import RUN, RUNS, Metrics, Runs, ScenarioName, Seed, Settings, command
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
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", help="run it so often, each with a seed of its own; one page of all")
    ] = 1,
    metrics: Metrics = None,
    runs: Runs = RUNS,
) -> int:
    """run a scenario and judge it

    With --trials the seed is that of trial 1, the next ones count up, and the exit code is that of the worst: 1 one
    failed a gate, 4 one broke, 3 there are only void trials, 0 else. A void trial is repeated, twice at most, and N
    times in all.
    """
    with at_once():
        from scenarios.cli.running import require_trials, run_scenario, run_trials
        from scenarios.live.metrics import exporting
        from scenarios.schema.read import read_scenario
        from scenarios.user_code.pod import look

    require_trials(trials, alone={"--live": live, "--remote-workers": remote_workers, "--bind": bind})
    read = read_scenario(scenario, settings=settings, seed=seed, look=look)
    with exporting(metrics):
        if trials > 1:
            return run_trials(
                read, name=scenario, settings=settings or [], trials=trials, runs=runs, command=command(context)
            )
        return run_scenario(
            read,
            runs=runs,
            command=command(context),
            live=live,
            remote_workers=remote_workers,
            bind=bind,
        )
