"""``meshbench capacity``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from scenarios.cli.exit_codes import EXIT_OF
from scenarios.cli.options import (
    RUN,
    RUNS,
    Runs,
    Seed,
    command,
    mesh_words,
    scenario_names,
    topology_words,
)
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=RUN)(capacity)


def _subjects(incomplete: str) -> Iterator[str]:
    yield from topology_words(incomplete)
    yield from scenario_names(incomplete)


def capacity(
    context: typer.Context,
    *,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO|TOPOLOGY",
            help="a scenario, whose faults and rate are left out, or a topology, such as group",
            autocompletion=_subjects,
        ),
    ],
    slo: Annotated[
        list[str] | None,
        typer.Option(
            "--slo",
            metavar="OBJECTIVE",
            help="what has to hold: 'response_p99<=250ms', 'success_ratio>=0.999'; needed, repeatable",
        ),
    ] = None,
    topology: Annotated[
        str | None, typer.Option(metavar="T", help="instead of the scenario's", autocompletion=topology_words)
    ] = None,
    mesh: Annotated[
        str | None, typer.Option(metavar="M", help="instead of the scenario's", autocompletion=mesh_words)
    ] = None,
    workload: Annotated[str | None, typer.Option(metavar="W", help="instead of the scenario's")] = None,
    lose: Annotated[
        int,
        typer.Option(
            "--lose", metavar="1", help="also with one node dead, while it comes back, and the load safe for a failover"
        ),
    ] = 0,
    tax: Annotated[bool, typer.Option("--tax", help="also what each mesh costs, and what containers cost")] = False,
    density: Annotated[bool, typer.Option("--density", help="also how many whole systems this machine holds")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="override one key of the system, mysql.config.sync_binlog=0; repeatable"
        ),
    ] = None,
    seed: Seed = None,
    runs: Runs = RUNS,
) -> int:
    """find the highest rate that holds an objective, and who is the limit

    Writes runs/capacity/TIME/ with report.html and capacity.json. Exit code: 0 such a rate was found; 1 there is none;
    3 the load generator was the limit, or the machine was too noisy; 4 it broke. After Ctrl-C, SIGTERM and the like as
    for run, whatever was measured until then. A topology is measured as the scenario steady with it.
    """
    with at_once():
        from cluster.platform import ownership
        from scenarios.capacity.bare import remove_left
        from scenarios.capacity.capacity import Capacity
        from scenarios.capacity.plan import plan
        from scenarios.signals import interruptible
        from scenarios.user_code.pod import look

    planned = plan(
        subject,
        slo=slo or [],
        topology=topology,
        mesh=mesh,
        workload=workload,
        lose=lose,
        settings=settings or [],
        seed=seed,
        look=look,
    )
    measuring = Capacity(planned, runs=runs, command=command(context), tax=tax, density=density)
    with interruptible():
        ownership.reap()
        remove_left()
        content = measuring.execute()
    print("\n".join([*content["headline"], f"  {measuring.folder}"]))
    if measuring.interrupted is not None:
        raise measuring.interrupted
    return EXIT_OF[content["verdict"]]
