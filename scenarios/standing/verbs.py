"""The verbs ``up``, ``status`` and ``down``: clusters to look around in."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from rich.console import Console

from cluster.errors import ConfigurationError
from cluster.platform import ownership
from cluster.topologies.lookup import kinds
from scenarios.outlet import lost
from scenarios.progress import Progress
from scenarios.schema.mesh import mesh_words
from scenarios.signals import interruptible, undisturbed
from scenarios.standing.standing import Kept, find
from scenarios.standing.status import Watcher, changes, show
from scenarios.standing.up import bring_up, plan

log = logging.getLogger("meshbench")


def add_verbs(verbs: Any) -> None:
    """verbs: what argparse's ``add_subparsers`` returned."""
    up = verbs.add_parser("up", help="start a cluster behind a mesh, and leave it running for exploring")
    up.add_argument("topology", help=f"one of {', '.join(kinds())}")
    up.add_argument("--mesh", default="envoy", help=f"one of {', '.join(mesh_words())}; default envoy")
    up.add_argument("--pods", type=int, help="how many MySQL nodes (default 3; single: 1)")
    up.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="as in a scenario, mysql.config.x=y"
    )
    up.add_argument("--name", help="what to call it (its topology)")
    up.set_defaults(do=_up)

    status = verbs.add_parser("status", help="roles, state, lag and endpoints of every cluster that is up, or of one")
    status.add_argument("name", nargs="?", help="of this cluster alone")
    status.add_argument("--watch", action="store_true", help="go on and print changes of role until Ctrl-C")
    status.set_defaults(do=_status)

    down = verbs.add_parser("down", help="remove a cluster that is up")
    down.add_argument("name", nargs="?", help="its name; not needed when only one is up")
    down.add_argument("--all", action="store_true", help="remove every cluster that is up")
    down.set_defaults(do=_down)


def _up(options: argparse.Namespace, _: list[str]) -> int:
    name, scenario = plan(
        options.topology, mesh=options.mesh, pods=options.pods, name=options.name, settings=options.set
    )
    progress = Progress()
    log.setLevel(logging.INFO)
    log.addHandler(progress)
    try:
        with interruptible():
            ownership.reap()
            bring_up(scenario, name=name, mesh_word=options.mesh)
    finally:
        log.removeHandler(progress)
    return 0


def _status(options: argparse.Namespace, _: list[str]) -> int:
    clusters = find()
    if options.name is not None:
        clusters = [_named(options.name, clusters, verb="status")]
    if not clusters:
        print("no cluster is up; `meshbench up group` starts one")
        return 0
    console = Console(highlight=False, soft_wrap=True)
    watchers = [Watcher(one) for one in clusters if one.current]
    for one in clusters:
        if not one.current:
            console.print(f"{one.name}: stale, its pods ended when the machine did; `meshbench down {one.name}`")
    try:
        for number, watcher in enumerate(watchers):
            console.print("\n" if number else "", end="")
            show(watcher, console)
        if options.watch:
            console.print("\nwatching; Ctrl-C ends it")
            for change in changes(watchers):
                console.print(change)
                if lost():
                    break
    except KeyboardInterrupt:
        print()  # how watching ends; nothing is left to clean up
    return 0


def _down(options: argparse.Namespace, _: list[str]) -> int:
    clusters = find()
    if not clusters and options.name is None:
        print("no cluster is up")
        return 0
    for one in _chosen(clusters, name=options.name, everything=options.all):
        with undisturbed():
            gone = ownership.remove(one.run_id)
        print(f"{one.name}: removed ({len(gone)} containers, networks and volumes)")
    return 0


def _chosen(clusters: list[Kept], *, name: str | None, everything: bool) -> list[Kept]:
    """Which clusters the words mean; raises ConfigurationError when that is not clear."""
    if everything:
        if name is not None:
            raise ConfigurationError(f"down {name} --all: give a name or --all, not both")
        return clusters
    if name is None:
        if len(clusters) != 1:
            raise ConfigurationError(f"down: which one? up: {_names(clusters)}; give a name, or --all")
        return clusters
    return [_named(name, clusters, verb="down")]


def _named(name: str, clusters: list[Kept], *, verb: str) -> Kept:
    for one in clusters:
        if one.name == name:
            return one
    raise ConfigurationError(f"{verb} {name}: no cluster of this name is up; up: {_names(clusters)}")


def _names(clusters: list[Kept]) -> str:
    return ", ".join(one.name for one in clusters) or "none"
