"""Who became primary, when, and whether on purpose, as the control plane decided or pods said. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checks.evidence.intervals import END_OF_TIME_NS
from checks.leadership.claims import elections
from history.decisions import REJOINING, Decision
from history.observed import Sample

#: Decisions with which a pod begins to take writes.
OPENED = frozenset({"promoted", "reopened"})
#: An election that was asked for may be noted this much after the switchover was called done.
_NOTED_LATE_NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A pod began to take writes, between earliest_ns and latest_ns. planned: by a switchover to that pod."""

    pod: str
    earliest_ns: int
    latest_ns: int
    planned: bool = False


def decided(decisions: Sequence[Decision], *, events: frozenset[str] = OPENED) -> list[Handover]:
    """The handovers the control plane decided. Each came about after the decision before it that was one of theirs."""
    found: list[Handover] = []
    candidate, until_ns, before_ns = None, 0, 0
    for decision in decisions:
        if decision.event == "switchover_started":
            candidate, until_ns = decision.pod, END_OF_TIME_NS
        elif decision.event in ("switchover_done", "switchover_refused"):
            until_ns = decision.at_ns + _NOTED_LATE_NS
        elif decision.event in events and decision.pod:
            planned = decision.pod == candidate and decision.at_ns < until_ns
            earliest_ns = before_ns or decision.at_ns
            found.append(Handover(pod=decision.pod, earliest_ns=earliest_ns, latest_ns=decision.at_ns, planned=planned))
        if decision.event != REJOINING:
            before_ns = decision.at_ns
    return found


def seen_to_happen(seen: Sequence[Sample]) -> list[Handover]:
    """The handovers that show in what pods said of themselves."""
    return [Handover(pod=one.pod, earliest_ns=one.earliest_ns, latest_ns=one.latest_ns) for one in elections(seen)]


def changes(handovers: Sequence[Handover], *, since_ns: int, had: str | None = None) -> list[Handover]:
    """Those since a time that gave the writes to another pod than the one before, in order of time. had: the first."""
    changed: list[Handover] = []
    for handover in sorted(handovers, key=lambda one: one.latest_ns):
        if handover.latest_ns >= since_ns and handover.pod != had:
            changed.append(handover)
        had = handover.pod
    return changed
