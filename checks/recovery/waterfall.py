"""The RTO waterfall: what happened between a fault and service as before, step by step, on one clock.

    injected -> detected -> elected -> rerouted -> first_ack -> steady,    and rejoined (or quarantined), when it was

Each step names its source: chaos, the control plane's decision, what a surviving member of the group saw, what the
proxy said, or the ops. A group elects by itself: there the first who knew counts. Observed steps are sampled, so the
event lies between the sample before and the one that shows it; where the step that it caused is known more precisely,
that bounds it too. A step without evidence has no time and says why. When the target was not the primary nothing is
elected or rerouted, and those two steps are left out; where no MySQL node was lost, no step has a time. The hit pod may
be back at any time, so that step stands where its time puts it. A switchover has the same steps, on purpose. Fails
nothing: it explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import pandas as pd

from checks.evidence.due import last_due_ns
from checks.evidence.operations import OVERFLOW, column_ns, wanted_writes, writes
from checks.recovery.bounded_time import Moment, absent, earlier, exact, in_order, noted
from checks.recovery.decided_steps import Control, until_ns
from checks.recovery.observed_steps import Sightings
from checks.recovery.steady import WINDOW_NS, WINDOWS, Steady, steady
from history.faults import FaultRecord
from history.history import History

PRIMARY_STEPS = ("injected", "detected", "elected", "rerouted", "first_ack", "steady")
REPLICA_STEPS = ("injected", "detected", "first_ack", "steady")
REJOINED, QUARANTINED = "rejoined", "quarantined"
NOT_STEADY = "ops: not steady again"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. at_ns: CLOCK_MONOTONIC, None if not known; since_ms: since the injection; note: doubt, or why not.
    lost: known not to have come: service was not steady again."""

    step: str
    at_ns: int | None
    since_ms: float | None
    source: str
    note: str = ""
    lost: bool = False


#: Several checks and the summary ask for the same steps. Gone with the history they are of.
_WATERFALLS: WeakKeyDictionary[History, tuple[list[Step], ...]] = WeakKeyDictionary()


def waterfalls(history: History) -> tuple[list[Step], ...]:
    """The steps of each fault, in the order of ``history.faults``; computed once for a history."""
    if history not in _WATERFALLS:
        _WATERFALLS[history] = tuple(waterfall(history, fault) for fault in history.faults)
    return _WATERFALLS[history]


def waterfall(history: History, fault: FaultRecord) -> list[Step]:
    """The steps of one fault, in order: PRIMARY_STEPS if it hit the primary or was a switchover, else REPLICA_STEPS;
    and among them rejoined or quarantined, where it hit a pod.

    Whether it was the primary is what its last answer before the injection says; with no such answer, the target word.
    """
    if fault.injected_ns is None:
        return [_step(name, absent("the fault was never injected"), 0) for name in (*PRIMARY_STEPS, REJOINED)]
    return _Reading(history, fault, fault.injected_ns).steps()


def ascending(steps: Sequence[Step]) -> bool:
    """Whether the known steps are in the order that cause and effect demand.

    A replica's loss causes no write: its detection may come after the first write acknowledged since.
    """
    names = {step.step for step in steps}
    times = [step.at_ns for step in steps if step.at_ns is not None and ("elected" in names or step.step != "detected")]
    return times == sorted(times)


def complete(steps: Sequence[Step]) -> bool:
    """Whether every step to steady service is known, and they ascend; the hit pod need not be back."""
    return all(step.at_ns is not None for step in steps if step.step != REJOINED) and ascending(steps)


class _Reading:
    """One fault's evidence: samples, decisions, and acknowledged writes."""

    def __init__(self, history: History, fault: FaultRecord, injected_ns: int) -> None:
        self.history, self.fault, self.injected_ns = history, fault, injected_ns
        self.seen = Sightings(history, fault, injected_ns=injected_ns, until_ns=until_ns(history, fault))
        self.control = Control(history, fault, target=self.seen.target)
        self.target = self.seen.target
        attempted = writes(history.ops, history.workload)
        self.acked = attempted[attempted["outcome"] == "ok"]

    def steps(self) -> list[Step]:
        injected = exact(self.injected_ns, "chaos")
        if not (self.fault.brings_about == "new_primary" or self.fault.lost_node or self._taken_for_lost()):
            nothing = absent("no node was lost, so nothing fails over")
            moments = [injected, *[nothing] * (len(REPLICA_STEPS) - 1)]
            return [_step(name, one, self.injected_ns) for name, one in zip(REPLICA_STEPS, moments, strict=True)]
        if self.fault.brings_about == "new_primary":
            injected = replace(injected, source="the request")
            names: tuple[str, ...] = PRIMARY_STEPS
            moments = self._failover(injected, self.control.switchover())
        elif self.seen.hit_primary:
            moments, names = self._failover(injected, self._primary_gone()), PRIMARY_STEPS
        else:
            moments, names = [injected, self._replica_gone(), self._first_ack_intended_since()], REPLICA_STEPS
        again = self._steady(moments[-1])
        moments.append(_moment(again))
        steps = [_step(name, moment, self.injected_ns) for name, moment in zip(names, moments, strict=True)]
        steps[-1] = replace(steps[-1], lost=again.lost)
        back = self._back()
        # A pod that was elected by coming back has its step already.
        elected = names == PRIMARY_STEPS and moments[2].pod == self.target and back.step == REJOINED
        return steps if elected else _placed(steps, back)

    def _taken_for_lost(self) -> bool:
        """Whether a primary that a fault should only make slower was taken for gone: a delay may be that long."""
        slower = self.fault.hit_node and not self.fault.is_change and self.seen.hit_primary
        return slower and (self.control.gone() or self.seen.out_of_group()) is not None

    def _failover(self, injected: Moment, detected: Moment) -> list[Moment]:
        elected = self._elected(detected)
        first_ack, start_ns = self._first_ack(detected, elected)
        return in_order([injected, detected, elected, self._rerouted(elected, first_ack, start_ns), first_ack])

    def _primary_gone(self) -> Moment:
        group, proxy, control = self.seen.out_of_group(), self.seen.out_of_pool(), self.control.gone()
        known = earlier(group, control) if group and control else group or control
        if known is None:
            return proxy or self._first_failed_write() or self._nobody_saw()
        for other in (proxy, group, control):
            if other is not None and other.source != known.source and other.at_ns is not None:
                known = noted(known, self._after(other))
        return known

    def _replica_gone(self) -> Moment:
        group, proxy = self.seen.out_of_group(), self.seen.out_of_pool()
        if group is not None and proxy is not None and proxy.at_ns is not None:
            return noted(group, self._after(proxy))
        return group or proxy or self.seen.down() or self._first_failed_write() or self._nobody_saw()

    def _after(self, other: Moment) -> str:
        """When another source showed it."""
        return f"{other.source} after {((other.at_ns or 0) - self.injected_ns) / 1e6:.0f} ms"

    def _nobody_saw(self) -> Moment:
        return absent(self.control.stayed() or "nothing recorded that the target was gone")

    def _first_failed_write(self) -> Moment | None:
        wanted = wanted_writes(self.history.ops, self.history.workload)
        failed = wanted[
            (wanted["outcome"] != "ok") & (wanted["error"] != OVERFLOW) & (wanted["end_ns"] > self.injected_ns)
        ]
        return None if failed.empty else exact(int(failed["end_ns"].min()), "ops: first write that was not ok")

    def _elected(self, detected: Moment) -> Moment:
        decided, seen = self.control.opened(), self.seen.elected(detected)
        if decided is None:
            return seen
        if self.history.run.topology.is_source_replica:
            return decided
        first = earlier(decided, seen)
        other = seen if first is decided else decided
        return first if other.at_ns is None else noted(first, self._after(other))

    def _rerouted(self, elected: Moment, first_ack: Moment, start_ns: int | None) -> Moment:
        routing = self.seen.rerouted(elected)
        if not routing.silent:
            return routing.moment
        if first_ack.at_ns is None or start_ns is None:
            return noted(routing.moment, "no write was acknowledged")
        return Moment(
            at_ns=start_ns,
            earliest_ns=start_ns,
            latest_ns=first_ack.at_ns,
            source="ops: start of the first write acknowledged",
            note="" if self.history.run.mesh.is_direct else routing.moment.note,
        )

    def _first_ack(self, detected: Moment, elected: Moment) -> tuple[Moment, int | None]:
        """The first write that the new primary acknowledged, and when that write was started."""
        started, ended = column_ns(self.acked, "start_ns"), column_ns(self.acked, "end_ns")
        own = started >= self.injected_ns
        servers = self.acked["server"]
        if elected.pod is not None and servers[own].isin(self.seen.pods).any():
            own &= (servers == elected.pod).to_numpy(dtype=bool)
            if elected.pod == self.target and detected.at_ns is not None:
                # The same pod before it was gone proves nothing.
                own &= ended >= detected.at_ns
            source = f"ops: acknowledged by {elected.pod}"
        else:
            floor_ns = elected.at_ns or detected.at_ns or self.injected_ns
            own &= started >= floor_ns
            source = "ops: first write started since and acknowledged; server not known"
        return _earliest_end(self.acked[own], source)

    def _first_ack_intended_since(self) -> Moment:
        since = self.acked[self.acked["intended_ns"] > self.injected_ns]
        return _earliest_end(since, "ops: intended after the injection")[0]

    def _steady(self, first_ack: Moment) -> Steady:
        injections = [fault.injected_ns for fault in self.history.faults if fault.injected_ns is not None]
        if first_ack.at_ns is None:
            left_ns = last_due_ns(self.history) - self.injected_ns if len(self.history.ops) else 0
            note = "no first acknowledged write to count from"
            return Steady(at_ns=None, note=note, lost=left_ns >= WINDOWS * WINDOW_NS)
        others = [fault.injected_ns for fault in self.history.faults if _disturbs(fault)]
        return steady(
            self.history.ops,
            self.history.workload,
            first_ack_ns=first_ack.at_ns,
            baseline_end_ns=min([*injections, self.injected_ns]),
            load_end_ns=last_due_ns(self.history),
            until_ns=min((at_ns for at_ns in others if at_ns is not None and at_ns > first_ack.at_ns), default=None),
        )

    def _back(self) -> Step:
        """Rejoined or quarantined, and when. In a group a pod is back when chaos has seen it caught up."""
        if (set_aside := self.control.quarantined()) is not None:
            return _step(QUARANTINED, set_aside, self.injected_ns)
        switched = self.fault.brings_about == "new_primary"
        decided = self.control.rejoined(events={"rejoined", "repointed"} if switched else {"rejoined"})
        clean_ns = self.fault.clean_ns if self.fault.clean else None
        whom = self.target or "the target"
        chaos = None if clean_ns is None else exact(clean_ns, f"chaos: {whom} is back and caught up")
        first, second = (decided, chaos) if self.history.run.topology.is_source_replica else (chaos, decided)
        known = first or second or absent(f"{whom} was not shown to be back")
        return _step(REJOINED, known, self.injected_ns)


def _disturbs(fault: FaultRecord) -> bool:
    """Whether service may be worse from then on."""
    changes_nothing = fault.is_change and fault.brings_about != "new_primary" and not fault.lost_node
    return fault.hit_node and not changes_nothing


def _moment(again: Steady) -> Moment:
    if again.at_ns is None:
        return replace(absent(again.note), source=NOT_STEADY if again.lost else "")
    return replace(exact(again.at_ns, "ops: keeps up with the load, p99 as before"), note=again.note)


def _earliest_end(acked: pd.DataFrame, source: str) -> tuple[Moment, int | None]:
    if acked.empty:
        return absent("no such write was acknowledged"), None
    first = acked.iloc[int(column_ns(acked, "end_ns").argmin())]
    return exact(int(first["end_ns"]), source), int(first["start_ns"])


def _placed(steps: list[Step], back: Step) -> list[Step]:
    """The steps with the hit pod's return among them: after all that happened before it, at the end if not known."""
    place = len(steps)
    if back.at_ns is not None:
        place = 1 + max(i for i, step in enumerate(steps) if step.at_ns is not None and step.at_ns <= back.at_ns)
    return [*steps[:place], back, *steps[place:]]


def _step(name: str, moment: Moment, injected_ns: int) -> Step:
    since_ms = None if moment.at_ns is None else round((moment.at_ns - injected_ns) / 1e6, 3)
    return Step(step=name, at_ns=moment.at_ns, since_ms=since_ms, source=moment.source, note=moment.note)
