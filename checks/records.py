"""What chaos and the control plane wrote down, one record a fault and one a decision, read from their lines.

A timeline step that breaks nothing (a switchover, a pod more or less) is recorded as a fault is: same file, same steps.
Nothing is concluded here from what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.json_files import HistoryError

#: Steps of a timeline that a DBA does on purpose; they are recorded as faults are, but break nothing.
SWITCHOVER, SCALE_OUT, SCALE_IN = "switchover", "scale-out", "scale-in"
OPERATIONS = frozenset({SWITCHOVER, SCALE_OUT, SCALE_IN})
CONTROL_PLANE = "control_plane"
#: Noted by the control plane when it sees it, in between its decisions: nothing follows from it for when those were.
REJOINING = "rejoining"
#: In ``isolates_from``: every pod of the run, the clients' own included.
EVERYONE = "all"
#: Words of targets that are no MySQL pod.
_NO_NODE = frozenset({CONTROL_PLANE, "proxy", "load"})


@dataclass(frozen=True, kw_only=True)
class FaultRecord:
    """What became of one planned step of the timeline, folded from the lines of ``faults.jsonl``.

    Each line there is ``{"id": 0, "step": …, "at_ns": …, "fault": "kill", "target": "primary", "pod": "node1",
    "ok": true, "evidence": {…}}`` with step one of planned, injected, bitten, healed, clean; times are CLOCK_MONOTONIC
    nanoseconds. A step that never happened is ``None``; bitten and clean are true only with evidence that says so.
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


def fault_records(lines: Iterable[tuple[str, dict[str, Any]]]) -> tuple[FaultRecord, ...]:
    """The records, in order of their id. lines: place (for messages) and content. Raises HistoryError."""
    folded: dict[int, dict[str, Any]] = {}
    for place, step in lines:
        try:
            identity = {"id": int(step["id"]), "fault": str(step["fault"]), "target": str(step["target"])}
            name, at_ns = step["step"], None if step["at_ns"] is None else _time_ns(step["at_ns"])
            evidence, pod = step.get("evidence"), step.get("pod")
            facts = _facts(step)
            if evidence is not None and not isinstance(evidence, dict):
                raise TypeError("evidence is not an object")
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise HistoryError(f"{place}: not a fault step ({error!r})") from None
        record = folded.setdefault(int(step["id"]), identity)
        hit = ", ".join(map(str, pod)) if isinstance(pod, list) else str(pod or "")
        record["pod"] = hit or record.get("pod")
        record |= facts
        if name in ("planned", "injected", "healed", "clean"):
            record[f"{name}_ns"] = at_ns
        if name in ("bitten", "clean"):
            record[name] = step.get("ok") is True
            record[f"{name}_evidence"] = evidence or {}
    return tuple(FaultRecord(**record) for _, record in sorted(folded.items()))


def _facts(step: Mapping[str, Any]) -> dict[str, Any]:
    """What a line says beside what every line must say; without what it leaves open. Raises ValueError, TypeError."""
    found: dict[str, Any] = {}
    for name, type_ in (("kind", str), ("hits", str), ("peer", str), ("after", str), ("for_good", bool)):
        if (value := step.get(name)) is not None:
            if not isinstance(value, type_):
                raise TypeError(f"{name} is {value!r}")
            found[name] = value
    if (cut := step.get("isolates_from")) is not None:
        if not isinstance(cut, list) or not all(isinstance(one, str) for one in cut):
            raise TypeError(f"isolates_from is {cut!r}, not a list of names")
        found["isolates_from"] = tuple(cut)
    if (heal_after_s := step.get("heal_after_s")) is not None:
        found["heal_after_s"] = float(heal_after_s)
    if (parameters := step.get("parameters")) is not None:
        if not isinstance(parameters, dict):
            raise TypeError("parameters is not an object")
        found["parameters"] = parameters
    return found


def decision_records(lines: Iterable[tuple[str, dict[str, Any]]]) -> tuple[Decision, ...]:
    """The decisions in order of time. lines: place (for messages) and content. Raises HistoryError."""
    decisions: list[Decision] = []
    for place, line in lines:
        try:
            event, pod, detail = line["event"], line.get("pod"), line.get("detail") or {}
            if not isinstance(event, str) or not isinstance(pod, str | None) or not isinstance(detail, dict):
                raise TypeError("event is a name, pod a name or null, detail an object")
            at_ns, epoch = _time_ns(line["at_ns"]), int(line["epoch"])
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise HistoryError(f"{place}: not a decision of the control plane ({error!r})") from None
        decisions.append(Decision(at_ns=at_ns, event=event, epoch=epoch, pod=pod, detail=detail))
    return tuple(sorted(decisions, key=lambda one: one.at_ns))


def _time_ns(value: Any) -> int:
    at_ns = int(value)
    if not 0 <= at_ns < 2**63:
        raise ValueError(f"{at_ns} is no CLOCK_MONOTONIC time")
    return at_ns
