"""The lines of ``decisions.jsonl``: what the control plane decided, written by it and read here. Concludes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from history.fields import Object, Text, Time, Whole, read

#: Noted by the control plane when it sees it, in between its decisions: nothing follows from it for when those were.
REJOINING = "rejoining"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One line of ``decisions.jsonl``: what the control plane decided, when (CLOCK_MONOTONIC ns), about which pod.

    event: ``primary_gone``, ``promoted``, ``quarantined`` … (docs/map.md); detail: its numbers, by event.
    """

    at_ns: Time
    event: Text
    epoch: Whole
    pod: Text | None = None
    detail: Object = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def decision_records(lines: Iterable[tuple[str, dict[str, Any]]]) -> tuple[Decision, ...]:
    """The decisions in order of time. lines: place (for messages) and content. Raises HistoryError."""
    decisions = [read(Decision, line, place=place) for place, line in lines]
    return tuple(sorted(decisions, key=lambda decision: decision.at_ns))
