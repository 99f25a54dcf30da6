"""Targets are words: whom a fault hits is decided when it strikes, from who plays which part then.

Nobody waits for that: in the middle of a failover ``primary`` is the last one that was settled, ``candidate`` whom the
control plane has chosen, or would choose.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import pymysql

from chaos import topologies
from chaos.fault import Mode
from chaos.feed import Decision
from chaos.outlook import Settled, Statuses, handover
from chaos.probes import load_pods, proxy_pods
from cluster.cluster import Cluster
from cluster.control_plane import POD
from cluster.errors import HarnessError
from cluster.operations.scaling import next_name
from cluster.topology import Kind
from history.fault_lines import Part, Role

Node = Literal[
    "primary", "one_replica", "replicas", "minority", "majority", "all", "candidate", "old_primary", "new_primary"
]
Target = Literal[
    "primary", "one_replica", "replicas", "minority", "majority", "all", "candidate", "old_primary", "new_primary",
    "control_plane", "new_replica", "proxy", "load",
    "agent of primary", "agent of one_replica", "agent of replicas", "agent of all", "agent of candidate",
    "agent of old_primary", "agent of new_primary",
    "proxy of primary", "proxy of one_replica", "proxy of replicas", "proxy of all", "proxy of candidate",
    "proxy of old_primary", "proxy of new_primary",
]  # fmt: skip
TARGETS: tuple[str, ...] = get_args(Target)
NODES: tuple[str, ...] = get_args(Node)
AGENTS = tuple(word for word in TARGETS if word.startswith("agent of "))
#: The proxies beside MySQL pods, which only the mesh ``mtls`` has.
SERVER_PROXIES = tuple(word for word in TARGETS if word.startswith("proxy of "))
ASK_TIMEOUT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """Where a word for MySQL pods means somebody: the topologies, and the least number of pods. role: what each of them
    is when the step strikes, where the word says so."""

    topologies: tuple[Kind, ...] = topologies.ALL
    least_pods: int = 1
    role: Role | None = None


_OF_A_FAILOVER = Meaning(topologies=topologies.ONE_PRIMARY, least_pods=2)
_MEANINGS: Mapping[str, Meaning] = {
    "primary": Meaning(role="primary"),
    "one_replica": Meaning(least_pods=2, role="replica"),
    "replicas": Meaning(least_pods=2, role="replica"),
    "minority": Meaning(least_pods=3),
    "majority": Meaning(least_pods=2),
    "candidate": _OF_A_FAILOVER,
    "old_primary": _OF_A_FAILOVER,
    "new_primary": _OF_A_FAILOVER,
}


class NobodyError(HarnessError):
    """Nobody plays the part that a word names: the step cannot strike."""


class Scene(Protocol):
    """What is known when a fault strikes, without asking anybody anew."""

    @property
    def settled(self) -> Settled: ...

    @property
    def statuses(self) -> Statuses: ...


@dataclass(frozen=True, kw_only=True)
class Aim:
    """made: what the control plane has decided since the load began."""

    cluster: Cluster
    scene: Scene
    made: list[Decision]
    rng: random.Random


def part_of(target: str) -> Part:
    """What of its pods a target hits: ``agent of primary`` hits agents."""
    first = target.partition(" of ")[0]
    return first if first in ("agent", "proxy", "control_plane", "load") else "node"  # type: ignore[return-value]


def node_of(target: str) -> str:
    """The word for MySQL pods in a target: ``primary`` in ``agent of primary``."""
    return target.rpartition(" of ")[2]


def meaning(target: str) -> Meaning:
    return _MEANINGS.get(node_of(target), Meaning())


def has_proxy(target: str, mesh: Mode) -> bool:
    """Whether a mesh of this mode has the proxy that a target names; true of every other target."""
    if part_of(target) != "proxy":
        return True
    return mesh == "mtls" if target in SERVER_PROXIES else mesh != "direct"


def minority(pods: int) -> int:
    """How many pods can be lost at most so that a majority is left: 2 of 5."""
    return (pods - 1) // 2


def majority(pods: int) -> int:
    """How many pods must be lost at least so that no majority is left: 3 of 5."""
    return (pods + 1) // 2


def resolve(target: str, aim: Aim) -> list[str]:
    """The pods that the word means now, in order of their names; raises NobodyError when there is none.

    minority and majority include the primary; the rest are chosen at random (seeded).
    """
    match target:
        case "control_plane":
            return [POD]
        case "new_replica":
            return [next_name(aim.cluster)]
        case "proxy":
            return _some(proxy_pods(aim.cluster), "the mesh has no proxy")
        case "load":
            return _some(load_pods(aim.cluster), "no load pod is on this machine")
    found = _nodes(node_of(target), aim)
    return _some([name for name in found if name in aim.cluster.pods], f"{', '.join(found)} no longer exists")


def _nodes(word: str, aim: Aim) -> list[str]:
    pods = sorted(aim.cluster.pods)
    primary = aim.scene.settled.primary
    others = [name for name in pods if name != primary]
    match word:
        case "all":
            return pods
        case "primary":
            return [primary]
        case "one_replica":
            return [_one_in_service(aim, others)]
        case "replicas":
            return _some(others, "the primary is alone, so there is no replica to break")
        case "old_primary" | "new_primary":
            last = handover(aim.made)
            return _some(
                [last.old if word == "old_primary" else last.new], f"there is no {word}: no primary was replaced yet"
            )
        case "candidate":
            return _some([_candidate(aim)], "no node could be promoted")
    count = (minority if word == "minority" else majority)(len(pods))
    if count < 1:
        raise NobodyError(f"{len(pods)} pods have no {word} to break")
    return sorted([primary, *aim.rng.sample(others, count - 1)])


def _some(names: list[str] | list[str | None], otherwise: str) -> list[str]:
    found = [name for name in names if name]
    if not found:
        raise NobodyError(otherwise)
    return found


def _one_in_service(aim: Aim, others: list[str]) -> str:
    statuses = aim.scene.settled.statuses
    serving = [name for name in others if (status := statuses.get(name)) and status.in_service]
    if not serving:
        raise NobodyError("no replica is in service, so there is none to break")
    return aim.rng.choice(serving)


def _candidate(aim: Aim) -> str | None:
    """Who is to lead: chosen already, else whom those who decide would choose."""
    chosen = handover(aim.made).candidate
    if chosen is not None:
        return chosen
    if aim.cluster.topology.replication.elects_by_itself:
        return _elected(aim.scene) or _first_in_line(aim)
    try:
        return aim.cluster.control.candidate()
    except OSError as silence:
        raise NobodyError(f"the control plane, which would choose, does not answer: {silence}") from silence


def _elected(scene: Scene) -> str | None:
    """Whom a group has elected and not opened yet, as its members see it."""
    views = [one.view for one in scene.statuses.values() if one is not None and one.in_service]
    leading = {name for view in views for name, part in view.items() if part == "ONLINE/PRIMARY"}
    return next(iter(sorted(leading - {scene.settled.primary})), None)


def _first_in_line(aim: Aim) -> str | None:
    """Whom a group would elect: of the lowest version the heaviest, then the lowest UUID."""
    statuses, primary = aim.scene.settled.statuses, aim.scene.settled.primary
    able = [name for name in aim.cluster.pods if name != primary and (one := statuses.get(name)) and one.in_service]

    def rank(name: str) -> tuple[tuple[int, ...], int, str] | None:
        try:
            with aim.cluster.connect(name, timeout_s=ASK_TIMEOUT_S) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT VERSION(), @@group_replication_member_weight, @@server_uuid")
                version, weight, uuid = cursor.fetchone()
        except pymysql.MySQLError:
            return None  # it would not be elected either
        return tuple(int(part) for part in version.partition("-")[0].split(".")), -int(weight), str(uuid)

    with ThreadPoolExecutor(max_workers=max(1, len(able))) as pool:
        ranks: Mapping[str, tuple[tuple[int, ...], int, str]] = {
            name: found for name, found in zip(able, pool.map(rank, able), strict=True) if found is not None
        }
    return min(ranks, key=lambda name: ranks[name], default=None)
