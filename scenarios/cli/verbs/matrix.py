"""``meshbench matrix``."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.exit_codes import EXIT_OF
from scenarios.cli.options import RUN, RUNS, Runs, ScenarioName, Seed, Settings, command, mesh_words, topology_words
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=RUN)(matrix)


def matrix(
    context: typer.Context,
    *,
    scenario: ScenarioName,
    topology: Annotated[
        str,
        typer.Option(metavar="A,B,…", help="such as async,semisync,group; required", autocompletion=topology_words),
    ],
    mesh: Annotated[
        str, typer.Option(metavar="A,B,…", help="such as direct,envoy; required", autocompletion=mesh_words)
    ],
    trials: Annotated[int, typer.Option(metavar="N", help="trials per combination")] = 1,
    settings: Settings = None,
    seed: Seed = None,
    runs: Runs = RUNS,
) -> int:
    """run a scenario under every topology and mesh, and compare them on one page

    Exit code: of the worst cell. 1 one failed a gate, 4 one only broke, 3 one has only void trials, 0 all passed. A
    cell that is not applicable has no say. After Ctrl-C, SIGTERM and the like as for run, whatever was found until
    then. The seed is that of trial 1 of every combination; trial 2 gets the next.
    """
    with at_once():
        from cluster.platform import ownership
        from reports.matrix.console import print_matrix
        from scenarios.matrix.matrix import Matrix
        from scenarios.matrix.plan import plan
        from scenarios.signals import interruptible
        from scenarios.user_code.pod import look

    planned = plan(
        scenario,
        topologies=_words(topology),
        meshes=_words(mesh),
        settings=settings or [],
        trials=trials,
        seed=seed,
        look=look,
    )
    run = Matrix(planned, name=scenario, runs=runs, command=command(context))
    with interruptible():
        ownership.reap()
        content = run.execute()
    print_matrix(content, folder=run.folder)
    if run.interrupted is not None:
        raise run.interrupted
    return EXIT_OF[content["verdict"]]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]
