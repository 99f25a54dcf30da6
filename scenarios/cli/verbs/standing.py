"""``meshbench up``, ``status`` and ``down``: clusters to look around in."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.cli.options import LOOK, mesh_words, topology_words
from scenarios.signals import at_once


def register(app: typer.Typer) -> None:
    for verb in (up, status, down):
        app.command(rich_help_panel=LOOK)(verb)


def up(
    *,
    topology: Annotated[
        str, typer.Argument(metavar="TOPOLOGY", help="such as group or async", autocompletion=topology_words)
    ],
    mesh: Annotated[
        str | None, typer.Option(metavar="MESH", help="such as direct (envoy)", autocompletion=mesh_words)
    ] = None,
    pods: Annotated[int | None, typer.Option(metavar="N", help="how many MySQL nodes (default 3; single: 1)")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="as in a scenario, mysql.config.x=y; repeatable"),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="what to call it (its topology)")] = None,
) -> int:
    """start a cluster behind a mesh, and leave it running for exploring"""
    with at_once():
        from scenarios.standing import verbs

    return verbs.up(topology, mesh=mesh, pods=pods, name=name, settings=settings or [])


def status(
    *,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="of this cluster alone")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="go on and print changes of role until Ctrl-C")] = False,
) -> int:
    """roles, state, lag and endpoints of every cluster that is up, or of one"""
    with at_once():
        from scenarios.standing import verbs

    return verbs.status(name, watch=watch)


def down(
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="its name; not needed when only one is up")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="remove every cluster that is up")] = False,
) -> int:
    """remove a cluster that is up"""
    with at_once():
        from scenarios.standing import verbs

    return verbs.down(name, everything=everything)
