"""Whether faults.jsonl and decisions.jsonl tell one story: their lines agree with each other, with the plan in the
scenario, and with what else is on record. Where they do not, the trial was not what it claims to be, and is void.

What a fault is, its lines say themselves (`history.fault_lines`). Lines of another tool, which do not say their kind,
may say less, and are held to what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from checks.evidence.due import last_due_ns
from checks.leadership.changes import OPENED
from history.faults import FaultRecord
from history.fields import spelt
from history.history import History
from history.manifest import PlannedStep, seconds_in

_S = 1_000_000_000
#: A timer may fire this much before the moment that it was set to.
_EARLY_NS = 10_000_000
#: How far a step may be due from the moment that the scenario says: its seed moves it.
_APART_NS = 5 * _S
#: What a boot may take beyond what the manifest says of it.
_BEFORE_NS = 60 * _S
#: With these a control plane begins; it says who leads then.
_STARTED = ("started", "restarted")

#: Seconds between two moments that are the same.
SAME_S = 0.001


def name_of(fault: FaultRecord) -> str:
    """What a step of the timeline is called in a sentence: ``fault 0 (kill on node1)``."""
    return f"{'step' if fault.is_change else 'fault'} {fault.id} ({fault.fault} on {fault.whom})"


def contradictions(history: History) -> list[str]:
    """What contradicts what, one line each."""
    return [
        *_not_as_planned(history),
        *_against_the_scenario(history),
        *(f"{name_of(fault)}: {one}" for fault in history.faults for one in fault.disagreements),
        *(f"{name_of(fault)} {one}" for fault in history.faults if fault.kind for one in _cut_short(fault)),
        *(f"{name_of(fault)} {one}" for fault in history.faults if fault.kind for one in _out_of_time(fault, history)),
        *_told_twice(history),
        *_promoted_together(history),
        *_decided_of_others(history),
        *_decided_out_of_time(history),
        *_published_unpromoted(history),
    ]


def pods_of_run(history: History) -> set[str]:
    """The names of its MySQL pods, as far as anything but the timeline says."""
    pods = {sample.name for sample in history.samples if sample.kind == "pod"} | set(history.nodes or {})
    return pods | {pod for fault in history.faults if fault.brings_about == "pod_added" for pod in fault.pods}


def _plan(history: History) -> tuple[PlannedStep, ...]:
    return history.run.scenario.faults or ()


def _by_number(history: History) -> bool:
    """Whether an id is the number of a step. Ids of another tool may begin elsewhere; then only their number tells."""
    return any(fault.id == 0 for fault in history.faults)


def _words(step: PlannedStep) -> tuple[str, str]:
    return str(step.fault), str(step.target)


def _not_as_planned(history: History) -> Iterator[str]:
    """A step of the timeline has its number for an id; further pods that it hits have later ones."""
    if history.run.scenario.faults is None:
        return
    words = [_words(step) for step in _plan(history)]
    ids = {fault.id for fault in history.faults}
    by_number = _by_number(history)
    found = len(ids.intersection(range(len(words)))) if by_number else min(len(ids), len(words))
    if found < len(words):
        yield f"{len(words)} faults were planned and {found} are on record in faults.jsonl"
    for fault in history.faults:
        wanted = [words[fault.id]] if by_number and fault.id < len(words) else words
        if (fault.fault, fault.target) not in wanted:
            told = ", ".join(" of ".join(one) for one in wanted) or "none"
            yield f"{name_of(fault)}: {fault.fault} of {fault.target} is on record, and planned was {told}"


def _against_the_scenario(history: History) -> Iterator[str]:
    """Moment, duration and keys of the steps that have the number of one in the plan."""
    planned = _plan(history)
    for fault in history.faults:
        if fault.kind and _by_number(history) and fault.id < len(planned):
            step = planned[fault.id]
            written = history.manifest["scenario"]["faults"][fault.id]
            if _words(step) == (fault.fault, fault.target):
                for key, wanted, was in _compared(step, written, fault):
                    if not _same(wanted, was):
                        told = f"{key} {spelt(was)} is on record, and planned was {spelt(wanted)}"
                        yield f"{name_of(fault)}: {told}"


def _same(wanted: object, was: object) -> bool:
    """Moments may differ by less than anybody can aim: older runs wrote them with fewer digits."""
    if isinstance(wanted, float) and isinstance(was, float | int) and not isinstance(was, bool):
        return abs(wanted - was) <= SAME_S
    return wanted == was


def _compared(step: PlannedStep, written: Mapping[str, Any], fault: FaultRecord) -> Iterator[tuple[str, Any, Any]]:
    """Key, what the scenario says, what the lines say; durations in seconds."""
    own = dict(fault.parameters)
    after = step.after if isinstance(step.after, Mapping) else {"event": step.after}
    if step.at is not None:
        yield "at", _seconds(step.at), own.get("at_s")
    yield "after", after.get("event"), fault.after
    if step.after is not None:
        yield "delay", _seconds(after.get("delay")) or 0.0, own.get("delay_s", 0.0)
    if "heal_after" in written:
        yield "heal_after", _seconds(step.heal_after), "never" if fault.for_good else fault.heal_after_s
    for key, was in (own | {"peer": fault.peer}).items():
        if key in written:
            yield key, written[key], was


def _seconds(duration: object) -> object:
    """A duration in words as seconds; everything else as it is."""
    seconds = seconds_in(duration)
    return duration if seconds is None else seconds


def _cut_short(fault: FaultRecord) -> Iterator[str]:
    """What every step of ours that struck is told of. A change that was refused is not shown to be clean."""
    if not fault.told:
        return
    if "planned" not in fault.told:
        yield "has no planned line"
    if "injected" not in fault.told:
        return
    refused = fault.is_change and not fault.bitten
    steps = ["bitten", *([] if fault.for_good else ["healed", *([] if refused else ["clean"])])]
    for step in steps:
        if step not in fault.told:
            yield f"was injected, and has no {step} line"
    for step, at_ns in fault.told.items():
        if at_ns is None and step != "planned":
            yield f"does not say when it was {step}"
    if fault.for_good and (undone := [step for step in ("healed", "clean") if step in fault.told]):
        yield f"was for good, and has a {undone[0]} line"


def _out_of_time(fault: FaultRecord, history: History) -> Iterator[str]:
    evidence, zero_ns = fault.injected_evidence, history.run.load.zero_ns
    due_ns, done_ns = evidence.get("due_ns"), evidence.get("done_ns")
    if None not in (fault.planned_ns, due_ns) and fault.planned_ns != due_ns:
        yield f"was planned for {fault.planned_ns}, and its injected line says that it was due at {spelt(due_ns)}"
    if isinstance(done_ns, int) and fault.injected_ns is not None and done_ns < fault.injected_ns - _EARLY_NS:
        yield f"was injected {(fault.injected_ns - done_ns) / 1e6:g} ms after its injection was done"
    at_s = fault.parameters.get("at_s")
    if isinstance(at_s, int | float) and None not in (zero_ns, fault.planned_ns):
        late_ns = (fault.planned_ns or 0) - (zero_ns or 0) - at_s * _S
        if not -_EARLY_NS <= late_ns <= _APART_NS:
            yield f"was planned {(late_ns / _S) + at_s:g} s into the load, and at is {at_s:g} s"
    if fault.injected_ns is None or fault.healed_ns is None or fault.heal_after_s is None or history.ops.empty:
        return
    lasted_ns = fault.healed_ns - fault.injected_ns
    if lasted_ns < fault.heal_after_s * _S - _EARLY_NS and fault.healed_ns < last_due_ns(history):
        told = f"heal_after is {fault.heal_after_s:g} s"
        yield f"was healed after {lasted_ns / _S:.3g} s while the load went on, and {told}"


def _told_twice(history: History) -> Iterator[str]:
    """A further pod of a step was hit because that step was due, and no pod is hit twice by it."""
    planned = _plan(history)
    if not _by_number(history):
        return
    for fault in history.faults:
        if fault.kind and fault.id >= len(planned) and history.run.scenario.faults is not None:
            words = (fault.fault, fault.target)
            same = [
                one
                for one in history.faults
                if one.id < fault.id
                and (one.fault, one.target) == words
                and (one.due_ns == fault.due_ns or _in_turn(one, fault))
            ]
            if not same:
                yield f"{name_of(fault)} is on record, and no step of the plan was due when it was"
            elif again := {pod for one in same for pod in one.pods}.intersection(fault.pods):
                yield f"{name_of(fault)} is on record, and {name_of(same[0])} had hit {min(again)} already"


def _in_turn(before: FaultRecord, fault: FaultRecord) -> bool:
    """A change that takes one node after the other is due for the next when it is done with the one before."""
    if not fault.is_change or fault.planned_ns is not None:
        return False
    return before.healed_ns is not None and fault.injected_ns is not None and before.healed_ns <= fault.injected_ns


def _promoted_together(history: History) -> Iterator[str]:
    """An epoch has one primary, where a topology has one."""
    if history.run.topology.primaries_meant > 1:
        return
    leaders: dict[int, set[str]] = {}
    for one in history.decisions:
        if one.event in OPENED and one.pod:
            leaders.setdefault(one.epoch, set()).add(one.pod)
    for epoch, pods in sorted(leaders.items()):
        if len(pods) > 1:
            yield f"the control plane promoted {' and '.join(sorted(pods))} in epoch {epoch}, which has one primary"


def _decided_of_others(history: History) -> Iterator[str]:
    """Decisions about pods that the run does not have, where it says which it has."""
    known = pods_of_run(history)
    if not history.samples or not history.nodes:
        return
    strange = {one.pod: one.event for one in history.decisions if one.pod is not None and one.pod not in known}
    for pod, event in sorted(strange.items()):
        yield f"the control plane decided {event} of {pod:.80}, which is not a pod of this run ({_listed(known)})"


def _decided_out_of_time(history: History) -> Iterator[str]:
    """A control plane starts with the pods and counts its epochs up."""
    made, zero_ns = history.decisions, history.run.load.zero_ns
    if not made:
        return
    took_s = sum(
        lasted_s for name, lasted_s in history.run.durations_s.items() if name in ("boot", "set_up", "calibrate")
    )
    if zero_ns is not None and took_s and made[0].at_ns < zero_ns - took_s * _S - _BEFORE_NS:
        early_s = (zero_ns - made[0].at_ns) / _S
        yield f"decisions.jsonl begins {early_s:.0f} s before the load, and its pods were started {took_s:.0f} s before"
    for before, one in pairwise(made):
        if one.epoch < before.epoch:
            earlier = f"{before.event} in epoch {before.epoch}"
            yield f"decisions.jsonl: {one.event} in epoch {one.epoch} comes after {earlier}"
            break
    started = [number for number, one in enumerate(made) if one.event == "started"]
    if started and started[0] > 0:
        yield f"decisions.jsonl: {made[0].event} comes before the control plane was started"


def _published_unpromoted(history: History) -> Iterator[str]:
    """Proxies are told to send writes to who leads, and who leads was decided."""
    made = history.decisions
    if not any(one.event == "started" for one in made):
        return  # the log has lost its beginning
    led = {one.pod for one in made if one.event in OPENED}
    led |= {str(one.detail.get("primary")) for one in made if one.event in _STARTED}
    for one in made:
        pools = one.detail.get("write") if one.event == "published" else None
        if pools is not None and not (isinstance(pools, list) and all(isinstance(pod, str) for pod in pools)):
            yield f"decisions.jsonl: published write must be a list of pods, not {spelt(pools)}"
        elif strange := sorted(set(pools or ()) - led):
            yield f"the control plane published {_listed(strange)} for writes, and has no decision that it leads"
            break


def _listed(names: set[str] | list[str]) -> str:
    return ", ".join(sorted(names))
