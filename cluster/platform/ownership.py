"""Whose is it: every container, network and volume of a run says which run and which process started it.

Ryuk's image cannot be had without a registry, so resources are reaped by label: a run removes its own, and ``meshbench
gc`` (as well as the start of every run) removes what processes that no longer live have left. Whether one lives the
engine itself says (`cluster.platform.keeper`), so that another container or host is never mistaken about it. A run with
a container that is labelled KEPT outlives its process, for as long as any of its containers runs. Nothing without our
label is ever touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from cluster.platform import keeper
from cluster.platform.docker_engine import client
from cluster.platform.docker_errors import engine_errors

RUN = "meshbench.run"
#: The token of its process's keeper.
KEEPER = "meshbench.keeper"
#: Boot, pid and start time of its process: for people, and for older versions that share the engine.
OWNER = "meshbench.owner"
KEPT = "meshbench.kept"

Labels = Mapping[str, str]


def owner(pid: int | None = None) -> str:
    """A process, this one where none is given, so that it cannot be mistaken for a later one with the same pid: boot
    id, pid, start time."""
    pid = os.getpid() if pid is None else pid
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # not Linux, or there is no such process
        return f"unknown:{pid}:0"
    started_ticks = stat.rpartition(")")[2].split()[19]  # field 22 of proc(5), counted after the command's name
    return f"{boot_id}:{pid}:{started_ticks}"


def lives(owned_by: str) -> bool:
    """Whether the process that `owner` told of lives, as seen from this machine and container."""
    _, _, rest = owned_by.partition(":")
    pid, _, _ = rest.partition(":")
    return pid.isdecimal() and owner(int(pid)) == owned_by


def boot() -> str:
    """This boot of the machine."""
    return owner().partition(":")[0]


@engine_errors()
def labels(run_id: str) -> dict[str, str]:
    """What everything of a run is to carry; the first call starts this process's keeper."""
    return {RUN: run_id, OWNER: owner(), KEEPER: keeper.token()}


@engine_errors()
def remove(run_id: str) -> list[str]:
    """Remove everything of one run; returns what was removed, such as ``container node1``."""
    return _sweep(f"{RUN}={run_id}", lambda _: lambda _: False)


@engine_errors()
def remove_own() -> list[str]:
    """Remove everything that this process has started and that is not kept; returns what was removed."""
    if (own := keeper.started()) is None:
        return []
    outliving = _kept()
    return _sweep(f"{KEEPER}={own}", lambda _: lambda one: one[RUN] in outliving)


@engine_errors()
def reap() -> list[str]:
    """Remove everything whose owner no longer lives and that is not kept; returns what was removed."""
    keeper.remove_unstarted()
    return _sweep(RUN, _in_use)


@engine_errors()
def live_runs() -> set[str]:
    """Runs on this engine whose owner lives, or that are kept."""
    containers = _containers(RUN)
    in_use = _in_use(containers)
    return {one.labels[RUN] for one in containers if in_use(one.labels)}


@engine_errors()
def running_runs() -> set[str]:
    """Runs of which any container runs."""
    return _running(_containers(RUN))


@engine_errors()
def everything() -> tuple[set[str], set[str]]:
    """What is on the engine, whoever made it, such as ``network bridge``, without what belongs to other living
    processes of ours; and the bridges of their networks, by which the host's firewall names them."""
    engine = client()
    others = keeper.living() - {keeper.token()}
    containers = engine.containers.list(all=True, ignore_removed=True)
    networks, volumes = engine.networks.list(), engine.volumes.list()
    here = {f"container {one.name}" for one in containers if one.labels.get(KEEPER) not in others}
    foreign = set()
    for network in networks:
        if (network.attrs.get("Labels") or {}).get(KEEPER) in others:
            foreign.add(f"br-{str(network.id)[:12]}")
        else:
            here.add(f"network {network.name}")
    return here | {
        f"volume {one.name}" for one in volumes if (one.attrs.get("Labels") or {}).get(KEEPER) not in others
    }, foreign


@engine_errors()
def without_keeper() -> set[str]:
    """Runs of older versions, which had no keeper: whether their owner lives nobody can say from everywhere."""
    return {one.labels[RUN] for one in _containers(RUN) if KEEPER not in one.labels and KEPT not in one.labels}


def pids(run_id: str, *, known: Collection[str]) -> Iterator[tuple[str, int]]:
    """The id of each running container of a run that is not known, and the pid of its first process, as this machine
    has it."""
    with engine_errors():
        api = client().api
        for container in api.containers(filters={"label": f"{RUN}={run_id}"}):
            if container["Id"] not in known:
                yield container["Id"], api.inspect_container(container["Id"])["State"]["Pid"]


@engine_errors()
def kept() -> list[Labels]:
    """What the containers are labelled with that have their runs outlive their processes, one a run."""
    return [one.labels for one in _containers(KEPT)]


def _in_use(containers: Sequence[Container]) -> Callable[[Labels], bool]:
    """Tells of something by its labels whether it is in use. containers: listed before; whoever starts something has a
    keeper before that, and whoever leaves something running has it labelled as kept before that keeper ends."""
    running = _running(containers)
    living = keeper.living()
    outliving = _kept()

    def in_use(one: Labels) -> bool:
        if one.get(KEEPER) in living:
            return True
        return one[RUN] in running and (one[RUN] in outliving or KEEPER not in one)

    return in_use


def _running(containers: Sequence[Container]) -> set[str]:
    return {one.labels[RUN] for one in containers if one.status in ("running", "paused")}


def _kept() -> set[str]:
    return {labelled[RUN] for labelled in kept()}


def _containers(label: str) -> list[Container]:
    return client().containers.list(all=True, filters={"label": label}, ignore_removed=True)


def _sweep(label: str, spared: Callable[[Sequence[Container]], Callable[[Labels], bool]]) -> list[str]:
    """Remove what carries the label. spared: given its containers, what not to remove; asked once all is listed."""
    engine = client()
    containers = _containers(label)
    networks = engine.networks.list(filters={"label": label})
    volumes = engine.volumes.list(filters={"label": label})
    if not (containers or networks or volumes):
        return []
    spare = spared(containers)
    containers = [one for one in containers if not spare(one.labels)]
    networks = [one for one in networks if not spare(one.attrs.get("Labels") or {})]
    volumes = [one for one in volumes if not spare(one.attrs.get("Labels") or {})]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda one: _quiet(lambda: one.remove(force=True, v=True)), containers))
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
