"""Which step fits which target and topology: a table, read before anything starts.

A step that fits nowhere would bite nothing, or break what it was not meant to; the scenario's author is told instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.injector import PlannedFault
from cluster.topology import Kind

_BREAKABLE = ("primary", "one_replica", "replicas", "minority", "majority", "all", "control_plane")
_REPLICATED: tuple[Kind, ...] = ("async", "semisync", "group", "group-multi")

#: Step -> the targets it can have.
TARGETS_OF: Mapping[str, tuple[str, ...]] = {
    "kill": _BREAKABLE,
    "pause": _BREAKABLE,
    "partition": _BREAKABLE,
    "scale-out": ("new_replica",),
    "scale-in": ("one_replica",),
    "switchover": ("primary",),
}
#: Step -> the topologies it has a meaning in; all, where it is not named.
KINDS_OF: Mapping[str, tuple[Kind, ...]] = {
    "scale-out": _REPLICATED,
    "scale-in": _REPLICATED,
    "switchover": ("async", "semisync", "group"),
}
#: Target, or step, -> the least number of pods it needs; 1, where it is not named.
LEAST_PODS: Mapping[str, int] = {"one_replica": 2, "replicas": 2, "minority": 3, "majority": 2, "switchover": 2}
#: Target of a partition -> the peers it can be cut off from alone.
PEERS_OF: Mapping[str, tuple[str, ...]] = {
    "primary": ("replicas", "control_plane"),
    "replicas": ("primary", "control_plane"),
    "one_replica": ("primary", "control_plane"),
    "control_plane": ("primary", "replicas", "all"),
}
#: Steps that are done when they are done: there is nothing to heal, and no time to heal it after.
OPERATIONS = ("scale-out", "scale-in", "switchover")


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """key: the key of the step that cannot stand as it is. why: what is wrong, and what would be right."""

    key: str
    why: str


def misfit(step: PlannedFault, *, kind: Kind, pods: int) -> Misfit | None:
    """The first reason why a step does not fit a topology of so many pods, or None where it does."""
    targets = TARGETS_OF[step.fault]
    if step.target not in targets:
        return Misfit(key="target", why=f"{step.fault} cannot have target {step.target}; it can: {', '.join(targets)}")
    kinds = KINDS_OF.get(step.fault, (kind,))
    if kind not in kinds:
        return Misfit(key="fault", why=f"{step.fault} has no meaning in topology {kind}; it has in {', '.join(kinds)}")
    for word in (step.target, step.fault, step.peer or ""):
        if pods < (least := LEAST_PODS.get(word, 1)):
            reason = f"{word} needs at least {least} pods; topology {kind} has {pods}"
            return Misfit(
                key="fault" if word == step.fault else "target" if word == step.target else "peer", why=reason
            )
    if step.peer is not None:
        peers = PEERS_OF.get(step.target, ()) if step.fault == "partition" else ()
        if step.peer not in peers:
            allowed = ", ".join(peers) or "none; leave it out"
            return Misfit(
                key="peer", why=f"{step.fault} of {step.target} cannot have peer {step.peer}; it can: {allowed}"
            )
    if step.for_good and step.fault != "kill":
        return Misfit(key="heal_after", why=f"never is for kill alone; give {step.fault} a duration, or leave it out")
    if step.heal_after_s is not None and step.fault in OPERATIONS:
        return Misfit(key="heal_after", why=f"{step.fault} breaks nothing that could be healed; leave it out")
    return None
