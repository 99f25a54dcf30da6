"""What chaos and the control plane wrote down, one record a fault and one a decision, read from their lines.

A timeline step that breaks nothing (a switchover, a pod more or less) is recorded as a fault is: same file, same steps.
Nothing is concluded here from what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from checks.json_files import HistoryError

#: Steps of a timeline that a DBA does on purpose; they are recorded as faults are, but break nothing.
SWITCHOVER, SCALE_OUT, SCALE_IN = "switchover", "scale-out", "scale-in"
OPERATIONS = frozenset({SWITCHOVER, SCALE_OUT, SCALE_IN})
CONTROL_PLANE = "control_plane"


@dataclass(frozen=True, kw_only=True)
class FaultRecord:
    """What became of one planned step of the timeline, folded from the lines of ``faults.jsonl``.

    Each line there is ``{"id": 0, "step": …, "at_ns": …, "fault": "kill", "target": "primary", "pod": "node1",
    "ok": true, "evidence": {…}}`` with step one of planned, injected, bitten, healed, clean; times are CLOCK_MONOTONIC
    nanoseconds. A step that never happened is ``None``; bitten and clean are true only with evidence that says so.
    pod: whom it hit; several are separated by ", " (the line may list them).
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

    @property
    def pods(self) -> tuple[str, ...]:
        return tuple(filter(None, (name.strip() for name in (self.pod or "").split(","))))

    @property
    def operation(self) -> bool:
        """Whether it is something a DBA does on purpose, and no fault."""
        return self.fault in OPERATIONS


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
            if evidence is not None and not isinstance(evidence, dict):
                raise TypeError("evidence is not an object")
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise HistoryError(f"{place}: not a fault step ({error!r})") from None
        record = folded.setdefault(int(step["id"]), identity)
        hit = ", ".join(map(str, pod)) if isinstance(pod, list) else str(pod or "")
        record["pod"] = hit or record.get("pod")
        if name in ("planned", "injected", "healed", "clean"):
            record[f"{name}_ns"] = at_ns
        if name in ("bitten", "clean"):
            record[name] = step.get("ok") is True
            record[f"{name}_evidence"] = evidence or {}
    return tuple(FaultRecord(**record) for _, record in sorted(folded.items()))


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
