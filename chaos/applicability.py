"""Which step fits which topology and mesh, by what faults, targets and events declare, before anything starts.

A step that fits nowhere would bite nothing, or break what it was not meant to; the scenario's author is told instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from chaos.events import EVENTS, KNOWN
from chaos.fault import Setting
from chaos.registry import FAULTS
from chaos.targets import SERVER_PROXIES, has_proxy, meaning, node_of, part_of
from chaos.timeline import PlannedFault
from cluster.keys import Mistake
from cluster.topology import Kind


def misfit(step: PlannedFault, setting: Setting, *, timeline: Sequence[PlannedFault] = ()) -> Mistake | None:
    """The first reason why a step does not fit, or None where it does. timeline: all steps of the scenario."""
    return (
        _target(step, setting)
        or step.fault.misfit(step.target, setting)
        or _event(step, setting, timeline)
        or _healing(step)
        or _nodes_left(step, setting, timeline)
    )


def _target(step: PlannedFault, setting: Setting) -> Mistake | None:
    fault, target, kind = step.fault, step.target, setting.kind
    if target not in fault.targets:
        can = ", ".join(fault.targets)
        return Mistake(key="target", why=f"{fault.name} cannot have target {target}; it can: {can}")
    means = meaning(target)
    where = _where(fault.name, fault.topologies, fault.least_pods, setting)
    if where:
        return Mistake(key="fault", why=where)
    if where := _where(node_of(target), means.topologies, means.least_pods, setting):
        return Mistake(key="target", why=where + (_those(step, setting) if kind not in means.topologies else ""))
    if setting.mesh not in fault.meshes:
        has = ", ".join(fault.meshes)
        return Mistake(key="fault", why=f"{fault.name} does not apply to mesh {setting.mesh}; it applies to {has}")
    if not has_proxy(target, setting.mesh):
        what = "no proxy beside its MySQL pods" if target in SERVER_PROXIES else "no proxy"
        return Mistake(key="target", why=f"mesh {setting.mesh} has {what}{_those(step, setting)}")
    return None


def _where(word: str, topologies: tuple[Kind, ...], least_pods: int, setting: Setting) -> str:
    """Why a word does not apply to a topology; empty where it does."""
    if setting.kind not in topologies:
        return f"{word} does not apply to topology {setting.kind}; it applies to {', '.join(topologies)}"
    if setting.pods < least_pods:
        return f"{word} needs at least {least_pods} pods; topology {setting.kind} has {setting.pods}"
    return ""


def _those(step: PlannedFault, setting: Setting) -> str:
    """The targets that this topology and mesh have."""
    have = [
        word
        for word in step.fault.targets
        if setting.kind in meaning(word).topologies and has_proxy(word, setting.mesh)
    ]
    return f"; targets here: {', '.join(have)}"


def _event(step: PlannedFault, setting: Setting, timeline: Sequence[PlannedFault]) -> Mistake | None:
    if step.after is None:
        return None
    kind, several = setting.kind, setting.pods > 1
    ever = [event for event in EVENTS if several and kind in KNOWN[event].kinds]  # type: ignore[index]
    if step.after not in ever:
        have = f"it has: {', '.join(ever)}" if ever else "it has no event; give the step a moment with at"
        return Mistake(
            key="after", why=f"{step.after} never happens in topology {kind} of {_pods(setting.pods)}; {have}"
        )
    added = [other for other in timeline if other is not step and other.fault.intends == "pod_added"]
    if step.after == "clone-started" and not added:
        return Mistake(key="after", why="clone-started never happens without a step scale-out; add one")
    return None


def _nodes_left(step: PlannedFault, setting: Setting, timeline: Sequence[PlannedFault]) -> Mistake | None:
    """Of all nodes that are removed one must be left, whatever is added meanwhile."""
    removing = [other for other in timeline if other.fault.intends == "pod_removed"]
    added = sum(other.fault.intends == "pod_added" for other in timeline)
    if step in removing and len(removing) >= setting.pods + added:
        have = f"{_pods(setting.pods)}{f' and {added} more' if added else ''}"
        return Mistake(key="fault", why=f"{len(removing)} steps remove a node, and topology {setting.kind} has {have}")
    return None


def _pods(count: int) -> str:
    return f"{count} pod{'' if count == 1 else 's'}"


def _healing(step: PlannedFault) -> Mistake | None:
    name = step.fault.name
    if step.for_good and not step.fault.may_stay:
        who = ", ".join(fault.name for fault in FAULTS.values() if fault.may_stay)
        instead = "give it a duration, or leave it out" if step.fault.lasts else "leave it out"
        return Mistake(key="heal_after", why=f"never does not apply to {name}, only to {who}; {instead}")
    if step.for_good and part_of(step.target) in ("agent", "proxy"):
        return Mistake(
            key="heal_after",
            why=f"never is allowed for MySQL nodes only; give {step.target} a duration, or leave it out",
        )
    if step.heal_after_s is not None and not step.fault.lasts:
        return Mistake(key="heal_after", why=f"heal_after does not apply to {name}; leave it out")
    if step.heal_after_s is not None and step.heal_after_s < step.fault.proof_s:
        least = f"{round(step.fault.proof_s, 3):g}s"
        return Mistake(key="heal_after", why=f"{name} with these keys takes {least} to show; give it {least} or more")
    return None
