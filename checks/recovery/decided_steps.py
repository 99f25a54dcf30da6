"""What the control plane decided about one fault: its own account of the steps between the loss and the new primary.

A decision is written down once it has taken effect, so it came about after the decision before it and by its own time.
Decisions count until the next fault of the timeline that moves the primary, or hits the same pod: those are its own.
"""

from __future__ import annotations

from collections.abc import Collection

from checks.leadership.changes import OPENED
from checks.recovery.bounded_time import Moment, absent
from history.decisions import REJOINING, Decision
from history.faults import FaultRecord
from history.history import History

SOURCE = "control plane"


def until_ns(history: History, fault: FaultRecord) -> int | None:
    """When the next fault that would explain what is seen was injected; None if there is none."""
    later = [
        other.injected_ns
        for other in history.faults
        if other.injected_ns is not None
        and other.injected_ns > (fault.injected_ns or 0)
        and (
            other.brings_about == "new_primary"
            or other.target in ("primary", "new_primary")
            or set(other.pods) & set(fault.pods)
        )
    ]
    return min(later, default=None)


class Control:
    """The decisions since one injection. target: the pod that was hit, or that handed over."""

    def __init__(self, history: History, fault: FaultRecord, *, target: str | None) -> None:
        start_ns, end_ns = fault.injected_ns or 0, until_ns(history, fault)
        self._before = [one for one in history.decisions if one.at_ns < start_ns]
        self._since = [
            one for one in history.decisions if one.at_ns >= start_ns and (end_ns is None or one.at_ns < end_ns)
        ]
        self._start_ns, self._target = start_ns, target

    def gone(self) -> Moment | None:
        """Probe and replicas agreed that the primary is gone."""
        found = self._first({"primary_gone"}, pod=self._target)
        if found is None:
            return None
        suspected = self._first({"primary_suspected"}, pod=self._target)
        note = "" if suspected is None else f"suspected after {self._since_ms(suspected):.0f} ms"
        return self._moment(found, f"{found.pod} is gone, and the replicas agree", note=note)

    def opened(self) -> Moment | None:
        """A pod was opened for writes: another one, or the same again."""
        gone = self._first({"primary_gone", "switchover_started"})
        found = self._first(OPENED, since_ns=gone.at_ns if gone else self._start_ns)
        if found is None or found.pod is None:
            return None
        return self._moment(found, f"{found.pod} {found.event}")

    def switchover(self) -> Moment:
        """The control plane took up a switchover."""
        found = self._first({"switchover_started"})
        if found is not None:
            return self._moment(found, "switchover started")
        refused = self._first({"switchover_refused"})
        if refused is None:
            return absent("the control plane recorded no switchover")
        return absent(f"the control plane refused: {refused.detail.get('reason') or 'it did not say why'}")

    def stayed(self) -> str:
        """Why there was no failover, in the control plane's words; empty if it said nothing."""
        found = self._first({"no_failover"})
        return "" if found is None else f"the control plane saw no reason: {found.detail.get('reason') or 'not said'}"

    def quarantined(self) -> Moment | None:
        found = self._first({"quarantined"}, pod=self._target)
        if found is None:
            return None
        return self._moment(found, f"{found.pod} holds transactions that no other node has")

    def rejoined(self, *, events: Collection[str]) -> Moment | None:
        """The target serves again, as a replica."""
        found = self._first(events, pod=self._target)
        return None if found is None else self._moment(found, f"{found.pod} {found.event}")

    def _first(self, events: Collection[str], *, pod: str | None = None, since_ns: int = 0) -> Decision | None:
        return next(
            (one for one in self._since if one.event in events and one.at_ns >= since_ns and pod in (None, one.pod)),
            None,
        )

    def _since_ms(self, decision: Decision) -> float:
        return (decision.at_ns - self._start_ns) / 1e6

    def _moment(self, decision: Decision, what: str, *, note: str = "") -> Moment:
        made = [one for one in [*self._before, *self._since] if one.event != REJOINING]
        before = [one.at_ns for one in made if one.at_ns < decision.at_ns]
        return Moment(
            at_ns=decision.at_ns,
            earliest_ns=max(self._start_ns, max(before, default=0)),
            latest_ns=decision.at_ns,
            source=f"{SOURCE}: {what}",
            pod=decision.pod,
            note=note,
        )
