"""What chaos and the control plane wrote down, one record a fault and one a decision, read from their lines.

A timeline step that breaks nothing (a switchover, a pod more or less) is recorded as a fault is: same file, same steps.
Nothing is concluded here from what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from history.fault_story import STEP, Story
from history.fields import COUNT, FLAG, NUMBER, OBJECT, POD, TEXT, TIME, WHOLE, WORDS, one_of, taken, taken_if_there

#: Steps of a timeline that a DBA does on purpose; they are recorded as faults are, but break nothing.
SWITCHOVER, SCALE_OUT, SCALE_IN = "switchover", "scale-out", "scale-in"
OPERATIONS = frozenset({SWITCHOVER, SCALE_OUT, SCALE_IN})
CONTROL_PLANE = "control_plane"
#: Noted by the control plane when it sees it, in between its decisions: nothing follows from it for when those were.
REJOINING = "rejoining"
#: In ``isolates_from``: every pod of the run, the clients' own included.
EVERYONE = "all"
#: What a line may say beside what every line must say.
_FACTS = {
    "kind": one_of(("fault", "change")),
    "hits": one_of(("node", "proxy", "agent", "control_plane", "load", "link")),
    "peer": TEXT,
    "isolates_from": WORDS,
    "after": TEXT,
    "heal_after_s": NUMBER,
    "for_good": FLAG,
    "parameters": OBJECT,
}
#: Words of targets that are no MySQL pod.
_NO_NODE = frozenset({CONTROL_PLANE, "proxy", "load"})


@dataclass(frozen=True, kw_only=True)
class FaultRecord:
    """What became of one planned step of the timeline, folded from the lines of ``faults.jsonl``.

    Each line there is ``{"id": 0, "step": …, "at_ns": …, "fault": "kill", "target": "primary", "pod": "node1",
    "ok": true, "evidence": {…}}`` with step one of planned, injected, bitten, healed, clean; times are CLOCK_MONOTONIC
    nanoseconds. A step that never happened is ``None``; bitten and clean are true only with evidence that says so.
    injected_evidence: ``done_ns``, when the injection had returned, and ``due_ns``, when it was due, if both are told.
    pod: whom it hit; several are separated by ", " (the line may list them).

    What the lines may also say, None (or nothing) where they do not, as in folders of other tools:
    kind: ``fault`` or ``change``. hits: what of the pod, ``node | proxy | agent | control_plane | load | link``.
    peer: the word for whom it was cut off from. isolates_from: those pods by name, or ``("all",)``; None: not told.
    after: the event it waited for. heal_after_s: seconds from injection to healing. for_good: never healed.
    parameters: everything else that was asked for, such as ``at_s``, ``delay_s``.
    """

    id: int
    fault: str
    target: str
    pod: str | None = None
    planned_ns: int | None = None
    injected_ns: int | None = None
    injected_evidence: dict[str, Any] = field(default_factory=dict)
    bitten: bool = False
    bitten_evidence: dict[str, Any] = field(default_factory=dict)
    healed_ns: int | None = None
    clean: bool = False
    clean_ns: int | None = None
    clean_evidence: dict[str, Any] = field(default_factory=dict)
    kind: str | None = None
    hits: str | None = None
    peer: str | None = None
    isolates_from: tuple[str, ...] | None = None
    after: str | None = None
    heal_after_s: float | None = None
    for_good: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def pods(self) -> tuple[str, ...]:
        return tuple(filter(None, (name.strip() for name in (self.pod or "").split(","))))

    @property
    def operation(self) -> bool:
        """Whether it is something a DBA does on purpose, and no fault."""
        return self.fault in OPERATIONS if self.kind is None else self.kind == "change"

    @property
    def late_ms(self) -> float | None:
        """How long after it was due it was injected; None where one of both is not known."""
        due_ns = _moment(self.injected_evidence, "due_ns") if self.planned_ns is None else self.planned_ns
        return None if due_ns is None or self.injected_ns is None else max(0.0, (self.injected_ns - due_ns) / 1e6)

    @property
    def healed_late_ms(self) -> float | None:
        """How long after it was due it was healed; None where that is not known, or the load ended before."""
        if None in (self.heal_after_s, self.healed_ns, self.injected_ns):
            return None
        lasted_s = ((self.healed_ns or 0) - (self.injected_ns or 0)) / 1e9
        return max(0.0, (lasted_s - (self.heal_after_s or 0.0)) * 1e3)

    @property
    def took_ms(self) -> float | None:
        """How long a change itself took, as the one who asked for it saw; None of a fault, and of one that failed."""
        done_ns = _moment(self.injected_evidence, "done_ns")
        if not self.operation or not self.bitten or done_ns is None or self.injected_ns is None:
            return None
        return (done_ns - self.injected_ns) / 1e6 if done_ns >= self.injected_ns else None

    @property
    def hit_node(self) -> bool:
        """Whether a MySQL pod, or its network, was hit, and not what stands around it."""
        return self.hits in (None, "node", "link") and self.target not in _NO_NODE


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One line of ``decisions.jsonl``: what the control plane decided, when (CLOCK_MONOTONIC ns), about which pod.

    event: ``primary_gone``, ``promoted``, ``quarantined`` … (docs/map.md); detail: its numbers, by event.
    """

    at_ns: int
    event: str
    epoch: int
    pod: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def _moment(evidence: Mapping[str, Any], name: str) -> int | None:
    """A time in evidence, which is free in what it says."""
    value = evidence.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def fault_records(lines: Iterable[tuple[str, dict[str, Any]]]) -> tuple[FaultRecord, ...]:
    """The records, in order of their id. lines: place (for messages) and content. Raises HistoryError."""
    folded: dict[int, dict[str, Any]] = {}
    stories: dict[int, Story] = {}
    for place, step in lines:
        identity = {"id": taken(step, "id", COUNT, place=place)}
        identity |= {name: taken(step, name, TEXT, place=place) for name in ("fault", "target")}
        name, at_ns = taken(step, "step", STEP, place=place), taken_if_there(step, "at_ns", TIME, place=place)
        evidence = taken_if_there(step, "evidence", OBJECT, place=place)
        pod = taken_if_there(step, "pod", POD, place=place)
        ok = taken_if_there(step, "ok", FLAG, place=place)
        record = folded.setdefault(identity["id"], identity)
        stories.setdefault(identity["id"], Story()).add(name, at_ns, step, place=place)
        hit = ", ".join(pod) if isinstance(pod, list) else pod or ""
        record["pod"] = hit or record.get("pod")
        record |= _facts(step, place=place)
        if name in ("planned", "injected", "healed", "clean"):
            record[f"{name}_ns"] = at_ns
        if name in ("bitten", "clean"):
            record[name] = ok is True and bool(evidence)
        if name in ("injected", "bitten", "clean"):
            record[f"{name}_evidence"] = evidence or {}
    return tuple(FaultRecord(**record) for _, record in sorted(folded.items()))


def _facts(step: Mapping[str, Any], *, place: str) -> dict[str, Any]:
    """What a line says beside what every line must say; without what it leaves open."""
    found = {name: taken_if_there(step, name, kind, place=place) for name, kind in _FACTS.items()}
    known = {name: value for name, value in found.items() if value is not None}
    return known | ({"isolates_from": tuple(known["isolates_from"])} if "isolates_from" in known else {})


def decision_records(lines: Iterable[tuple[str, dict[str, Any]]]) -> tuple[Decision, ...]:
    """The decisions in order of time. lines: place (for messages) and content. Raises HistoryError."""
    decisions = [
        Decision(
            at_ns=taken(line, "at_ns", TIME, place=place),
            event=taken(line, "event", TEXT, place=place),
            epoch=taken(line, "epoch", WHOLE, place=place),
            pod=taken_if_there(line, "pod", TEXT, place=place),
            detail=taken_if_there(line, "detail", OBJECT, place=place) or {},
        )
        for place, line in lines
    ]
    return tuple(sorted(decisions, key=lambda one: one.at_ns))
