"""Which step fits which target, topology and mesh: tables, read before anything starts.

A step that fits nowhere would bite nothing, or break what it was not meant to; the scenario's author is told instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos.events import EVENTS, KNOWN
from chaos.targets import NODES, OF_A_FAILOVER, TARGETS, node_of, part_of
from chaos.timeline import PlannedFault
from cluster.topology import Kind

_AGENTS = tuple(word for word in TARGETS if word.startswith("agent of "))
_SERVER_PROXIES = tuple(word for word in TARGETS if word.startswith("proxy of "))
_REPLICATED: tuple[Kind, ...] = ("async", "semisync", "group", "group-multi")
_ONE_PRIMARY: tuple[Kind, ...] = ("async", "semisync", "group")
#: The modes of a mesh that has a proxy, and of those in which it stands in the load pods' network.
_WITH_PROXY, _BESIDE_CLIENTS = ("gateway", "sidecar", "mtls"), ("sidecar", "mtls")

#: Step -> the targets it can have. A load pod that is killed records nothing more; agents and sidecars have no network
#: of their own.
TARGETS_OF: Mapping[str, tuple[str, ...]] = {
    "kill": (*NODES, "control_plane", "proxy", *_AGENTS, *_SERVER_PROXIES),
    "pause": (*NODES, "control_plane", "proxy", "load", *_AGENTS, *_SERVER_PROXIES),
    "partition": (*NODES, "control_plane", "proxy", "load"),
    "scale-out": ("new_replica",),
    "scale-in": ("one_replica",),
    "switchover": ("primary",),
}
#: Step, or target -> the topologies it has a meaning in; all, where it is not named.
KINDS_OF: Mapping[str, tuple[Kind, ...]] = {
    "scale-out": _REPLICATED,
    "scale-in": _REPLICATED,
    "switchover": _ONE_PRIMARY,
    **dict.fromkeys(OF_A_FAILOVER, _ONE_PRIMARY),
}
#: Target, or step, -> the least number of pods it needs; 1, where it is not named.
LEAST_PODS: Mapping[str, int] = {
    "one_replica": 2,
    "replicas": 2,
    "minority": 3,
    "majority": 2,
    "switchover": 2,
    **dict.fromkeys(OF_A_FAILOVER, 2),
}
#: Target of a partition -> the peers it can be cut off from alone.
PEERS_OF: Mapping[str, tuple[str, ...]] = {
    "primary": ("replicas", "control_plane"),
    "replicas": ("primary", "control_plane"),
    "one_replica": ("primary", "control_plane"),
    "candidate": ("primary", "control_plane"),
    "old_primary": ("new_primary", "control_plane"),
    "new_primary": ("old_primary", "control_plane"),
    "control_plane": ("primary", "replicas", "all"),
    "proxy": ("primary", "replicas"),
    "load": ("primary", "replicas", "proxy"),
}
#: Steps that are done when they are done: there is nothing to heal, and no time to heal it after.
OPERATIONS = ("scale-out", "scale-in", "switchover")


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """key: the key of the step that cannot stand as it is. why: what is wrong, and what would be right."""

    key: str
    why: str


def misfit(
    step: PlannedFault, *, kind: Kind, pods: int, mesh: str = "gateway", timeline: Sequence[PlannedFault] = ()
) -> Misfit | None:
    """The first reason why a step does not fit a topology of so many pods, or None where it does.

    mesh: its mode. timeline: all steps of the scenario.
    """
    return _target(step, kind, pods, mesh) or _peer(step, mesh) or _event(step, kind, pods, timeline) or _healing(step)


def _target(step: PlannedFault, kind: Kind, pods: int, mesh: str) -> Misfit | None:
    targets = TARGETS_OF[step.fault]
    if step.target not in targets:
        return Misfit(key="target", why=f"{step.fault} cannot have target {step.target}; it can: {', '.join(targets)}")
    target = node_of(step.target)
    for key, word in (("fault", step.fault), ("target", target), ("peer", step.peer or "")):
        if kind not in (kinds := KINDS_OF.get(word, (kind,))):
            have = _those(targets, kind, mesh) if key == "target" else ""
            return Misfit(key=key, why=f"{word} has no meaning in topology {kind}; it has in {', '.join(kinds)}{have}")
        if pods < (least := LEAST_PODS.get(word, 1)):
            return Misfit(key=key, why=f"{word} needs at least {least} pods; topology {kind} has {pods}")
    if not _has_proxy(step.target, mesh):
        what = "no proxy beside its MySQL pods" if step.target in _SERVER_PROXIES else "no proxy"
        return Misfit(key="target", why=f"mesh {mesh} has {what}{_those(targets, kind, mesh)}")
    if step.fault == "partition" and step.target == "proxy" and mesh in _BESIDE_CLIENTS:
        return Misfit(key="target", why=f"in mesh {mesh} the proxy shares the network of its load pod; target load")
    return None


def _those(targets: Sequence[str], kind: Kind, mesh: str) -> str:
    """The targets that this topology and mesh have."""
    have = [word for word in targets if kind in KINDS_OF.get(node_of(word), (kind,)) and _has_proxy(word, mesh)]
    return f"; targets here: {', '.join(have)}"


def _has_proxy(target: str, mesh: str) -> bool:
    """Whether the mesh has the proxy that a target names; true of every other target."""
    if part_of(target) != "proxy":
        return True
    return mesh == "mtls" if target in _SERVER_PROXIES else mesh in _WITH_PROXY


def _peer(step: PlannedFault, mesh: str) -> Misfit | None:
    if step.peer is None:
        return None
    peers = PEERS_OF.get(step.target, ()) if step.fault == "partition" else ()
    if mesh != "gateway":
        peers = tuple(peer for peer in peers if peer != "proxy")
    if step.peer in peers:
        return None
    allowed = ", ".join(peers) or "none; leave it out"
    return Misfit(key="peer", why=f"{step.fault} of {step.target} cannot have peer {step.peer}; it can: {allowed}")


def _event(step: PlannedFault, kind: Kind, pods: int, timeline: Sequence[PlannedFault]) -> Misfit | None:
    if step.after is None:
        return None
    if kind not in KNOWN[step.after].kinds or pods < 2:
        ever = [event for event in EVENTS if kind in KNOWN[event].kinds and pods > 1]  # type: ignore[index]
        have = f"it has: {', '.join(ever)}" if ever else "it has no event; give the step a moment with at"
        return Misfit(key="after", why=f"{step.after} never happens in topology {kind} of {_pods(pods)}; {have}")
    if step.after == "clone-started" and not any(one.fault == "scale-out" for one in timeline if one is not step):
        return Misfit(key="after", why="clone-started never happens without a step scale-out; add one")
    return None


def _pods(count: int) -> str:
    return f"{count} pod{'' if count == 1 else 's'}"


def _healing(step: PlannedFault) -> Misfit | None:
    if step.for_good and step.fault != "kill":
        return Misfit(key="heal_after", why=f"never is for kill alone; give {step.fault} a duration, or leave it out")
    if step.for_good and part_of(step.target) in ("agent", "proxy"):
        return Misfit(key="heal_after", why=f"never is for MySQL pods; give {step.target} a duration, or leave it out")
    if step.heal_after_s is not None and step.fault in OPERATIONS:
        return Misfit(key="heal_after", why=f"heal_after does not apply to {step.fault}; leave it out")
    return None
