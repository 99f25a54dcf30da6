"""``meshbench matrix``."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.exit_codes import EXIT_OF
from scenarios.cli.options import (
    RUN,
    RUNS,
    Metrics,
    Runs,
    ScenarioName,
    Seed,
    Settings,
    command,
    mesh_words,
    topology_words,
)
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=RUN)(matrix)


def matrix(
    context: typer.Context,
    *,
    scenario: ScenarioName,
    topology: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="such as async,semisync,group", autocompletion=topology_words)
    ] = None,
    mesh: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="such as direct,envoy", autocompletion=mesh_words)
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", metavar="KEY=V1,V2,…", help="any key of the scenario, load.rate=100,200; repeatable"),
    ] = None,
    trials: Annotated[int, typer.Option(metavar="N", help="trials per combination")] = 1,
    settings: Settings = None,
    seed: Seed = None,
    metrics: Metrics = None,
    runs: Runs = RUNS,
) -> int:
    """run a scenario under every topology, mesh and value of its keys, and compare them on one page

    What is not given is the scenario's own. A value that did not take effect makes its cell void.
    Exit code: of the worst cell. 1 one failed a gate, 4 one only broke, 3 one has only void trials, 0 all passed. A
    cell that is not applicable has no say. After Ctrl-C, SIGTERM and the like as for run, whatever was found until
    then. The seed is that of trial 1 of every combination; trial 2 gets the next.
    """
    with at_once():
        from cluster.errors import ConfigurationError
        from cluster.platform import ownership
        from reports.matrix.console import print_matrix
        from scenarios.live.metrics import exporting
        from scenarios.matrix.matrix import Matrix
        from scenarios.matrix.plan import plan
        from scenarios.signals import interruptible
        from scenarios.user_code.pod import look

    if topology is None and mesh is None and not vary:
        raise ConfigurationError("matrix: nothing to compare; give --topology A,B, --mesh A,B or --vary KEY=V1,V2")
    planned = plan(
        scenario,
        topologies=_words(topology),
        meshes=_words(mesh),
        vary=vary or [],
        settings=settings or [],
        trials=trials,
        seed=seed,
        look=look,
    )
    with exporting(metrics):
        run = Matrix(planned, name=scenario, runs=runs, command=command(context))
        with interruptible():
            ownership.reap()
            content = run.execute()
    print_matrix(content, folder=run.folder)
    if run.interrupted is not None:
        raise run.interrupted
    return EXIT_OF[content["verdict"]]


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",")]
