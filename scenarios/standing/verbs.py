"""The verbs ``up``, ``status`` and ``down``: clusters to look around in."""

from __future__ import annotations

import logging

from rich.console import Console

from cluster.errors import ConfigurationError
from cluster.platform import ownership
from scenarios.outlet import lost
from scenarios.progress import Progress
from scenarios.signals import interruptible, undisturbed
from scenarios.standing.standing import Kept, find
from scenarios.standing.status import Watcher, changes, show
from scenarios.standing.up import bring_up, plan

log = logging.getLogger("meshbench")


def up(topology: str, *, mesh: str | None, pods: int | None, name: str | None, settings: list[str]) -> int:
    """mesh: None for the usual one. name: None for the topology's word. Raises ConfigurationError, HarnessError."""
    name, scenario = plan(topology, mesh=mesh, pods=pods, name=name, settings=settings)
    progress = Progress()
    log.setLevel(logging.INFO)
    log.addHandler(progress)
    try:
        with interruptible():
            ownership.reap()
            bring_up(scenario, name=name)
    finally:
        log.removeHandler(progress)
    return 0


def status(name: str | None, *, watch: bool) -> int:
    """name: of one cluster, None for all. watch: go on until Ctrl-C. Raises ConfigurationError."""
    clusters = find()
    if name is not None:
        clusters = [_named(name, clusters, verb="status")]
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
        if watch:
            console.print("\nwatching; Ctrl-C ends it")
            for change in changes(watchers):
                console.print(change)
                if lost():
                    break
    except KeyboardInterrupt:
        print()  # how watching ends; nothing is left to clean up
    return 0


def down(name: str | None, *, everything: bool) -> int:
    """name: None for the only one that is up. Raises ConfigurationError."""
    clusters = find()
    if not clusters and name is None:
        print("no cluster is up")
        return 0
    for one in _chosen(clusters, name=name, everything=everything):
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
