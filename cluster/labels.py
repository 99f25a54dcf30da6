"""Whose is it: every container, network and volume of a run says which run and which process started it.

Ryuk's image cannot be had without a registry, so resources are reaped by label: a run removes its own, and ``meshbench
gc`` (as well as the start of every run) removes what processes that no longer live have left. A run with a container
that is labelled KEPT outlives its process, until it is removed by name or the machine boots again. Nothing without our
label is ever touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docker.errors import APIError, NotFound

from cluster.engine import client

RUN = "meshbench.run"
OWNER = "meshbench.owner"
KEPT = "meshbench.kept"


def owner() -> str:
    """This process, so that it cannot be mistaken for a later one with the same pid: boot id, pid, start time."""
    return _identity(os.getpid()) or f"unknown:{os.getpid()}:0"


def _identity(pid: int) -> str | None:
    boot_file = Path("/proc/sys/kernel/random/boot_id")
    if not boot_file.exists():
        return None  # not Linux: the engine runs in a virtual machine and owners cannot be told apart
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    started_ticks = stat.rpartition(")")[2].split()[19]  # field 22 of proc(5), counted after the command's name
    return f"{boot_file.read_text().strip()}:{pid}:{started_ticks}"


def alive(owner_label: str) -> bool:
    """Whether the process that wrote this label still runs."""
    pid = owner_label.split(":")[1] if owner_label.count(":") == 2 else "0"
    return pid.isdigit() and _identity(int(pid)) == owner_label


def boot() -> str:
    """This boot of the machine: what was kept in an earlier one has no running pod any more."""
    return owner().partition(":")[0]


def labels(run_id: str) -> dict[str, str]:
    return {RUN: run_id, OWNER: owner()}


def remove(run_id: str) -> list[str]:
    """Remove everything of one run; returns what was removed, such as ``container node1``."""
    return _sweep(f"{RUN}={run_id}", lambda _: True)


def reap() -> list[str]:
    """Remove everything whose owner no longer lives and that is not kept; returns what was removed."""
    return _sweep(RUN, lambda one: not _in_use(one))


def live_runs() -> set[str]:
    """Runs on this engine whose owner lives, or that are kept."""
    containers = client().containers.list(all=True, filters={"label": RUN}, ignore_removed=True)
    return {one.labels[RUN] for one in containers if _in_use(one.labels)}


def _in_use(one: Mapping[str, str]) -> bool:
    # in this order: an owner labels its run as kept before it ends, so that at no moment neither holds
    return alive(one.get(OWNER, "")) or _kept(one.get(RUN, ""))


def _kept(run_id: str) -> bool:
    wanted: dict[str, str | list[str] | bool] = {"label": [f"{RUN}={run_id}", f"{KEPT}={boot()}"]}
    return bool(client().containers.list(all=True, filters=wanted, ignore_removed=True))


def _sweep(label: str, ours: Callable[[Mapping[str, str]], bool]) -> list[str]:
    engine = client()
    wanted: dict[str, str | list[str] | bool] = {"label": label}
    containers = [
        one for one in engine.containers.list(all=True, filters=wanted, ignore_removed=True) if ours(one.labels)
    ]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda one: _quiet(lambda: one.remove(force=True, v=True)), containers))
    networks = [one for one in engine.networks.list(filters=wanted) if ours(one.attrs.get("Labels") or {})]
    volumes = [one for one in engine.volumes.list(filters=wanted) if ours(one.attrs.get("Labels") or {})]
    for network in networks:
        _quiet(network.remove)
    for volume in volumes:
        _quiet(volume.remove)
    return [
        *(f"container {one.name}" for one in containers),
        *(f"network {one.name}" for one in networks),
        *(f"volume {one.name}" for one in volumes),
    ]


def _quiet(removal: Callable[[], object]) -> None:
    """Gone already is as good as removed; so is a removal that is under way (the engine answers 409)."""
    try:
        removal()
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:
            raise
