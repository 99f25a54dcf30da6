"""The RTO waterfall: what happened between a fault and service as before, step by step, on one clock.

    injected -> detected -> elected -> rerouted -> first_ack -> steady

Each step names its source: chaos, what a surviving member of the group saw, what the proxy said, or the ops. Observed
steps are sampled, so the event lies between the sample before and the one that shows it; where the step that it caused
is known more precisely, that bounds it too. A step without evidence has no time and says why. When the target was
not the primary nothing is elected or rerouted, and those two steps are left out. Fails nothing: it explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from checks.history import FaultRecord, History
from checks.moments import Moment, absent, exact, in_order
from checks.operations import OVERFLOW, column_ns, wanted_writes, writes
from checks.samples import Sample, samples
from checks.steady import steady

PRIMARY_STEPS = ("injected", "detected", "elected", "rerouted", "first_ack", "steady")
REPLICA_STEPS = ("injected", "detected", "first_ack", "steady")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. at_ns: CLOCK_MONOTONIC, None if not known; since_ms: since the injection; note: doubt, or why not."""

    step: str
    at_ns: int | None
    since_ms: float | None
    source: str
    note: str = ""


def waterfall(history: History, fault: FaultRecord) -> list[Step]:
    """The steps of one fault, in order: PRIMARY_STEPS if its target was the primary when injected, else REPLICA_STEPS.

    Whether it was is what the target's last answer before the injection says; with no such answer, the target word.
    """
    if fault.injected_ns is None:
        return [_step(name, absent("the fault was never injected"), 0) for name in PRIMARY_STEPS]
    return _Reading(history, fault, fault.injected_ns).steps()


def ascending(steps: Sequence[Step]) -> bool:
    """Whether the known steps are in the order that cause and effect demand.

    A replica's loss causes no write: its detection may come after the first write acknowledged since.
    """
    caused = [step for step in steps if step.step != "detected" or len(steps) == len(PRIMARY_STEPS)]
    times = [step.at_ns for step in caused if step.at_ns is not None]
    return times == sorted(times)


def complete(steps: Sequence[Step]) -> bool:
    """Whether every step is known, and they ascend."""
    return all(step.at_ns is not None for step in steps) and ascending(steps)


class _Reading:
    """One fault's evidence: samples before and since the injection, and acknowledged writes."""

    def __init__(self, history: History, fault: FaultRecord, injected_ns: int) -> None:
        seen = list(samples(history.observed))
        self.history, self.injected_ns, self.target = history, injected_ns, fault.pod
        self.before = [sample for sample in seen if sample.at_ns <= injected_ns]
        self.since = [sample for sample in seen if sample.at_ns > injected_ns]
        self.pods = {sample.name for sample in seen if sample.kind == "pod"}
        attempted = writes(history.ops)
        self.acked = attempted[attempted["outcome"] == "ok"]
        last = next((sample for sample in reversed(self.before) if self._is_target(sample) and sample.up), None)
        self.hit_primary = last.writable if last is not None else fault.target == "primary"

    def steps(self) -> list[Step]:
        injected = exact(self.injected_ns, "chaos")
        detected = self._detected()
        if self.hit_primary:
            elected = self._elected(detected)
            first_ack, start_ns = self._first_ack(detected, elected)
            rerouted = self._rerouted(elected, first_ack, start_ns)
            moments = in_order([injected, detected, elected, rerouted, first_ack])
            names: tuple[str, ...] = PRIMARY_STEPS
        else:
            first_ack = self._first_ack_intended_since()
            moments, names = [injected, detected, first_ack], REPLICA_STEPS
        moments.append(self._steady(first_ack))
        return [_step(name, moment, self.injected_ns) for name, moment in zip(names, moments, strict=True)]

    def _is_target(self, sample: Sample) -> bool:
        return sample.kind == "pod" and sample.name == self.target

    def _detected(self) -> Moment:
        group = self._seen_out_by_group()
        proxy = self._seen_out_by_proxy()
        if group is not None:
            if proxy is not None and proxy.at_ns is not None:
                since_ms = (proxy.at_ns - self.injected_ns) / 1e6
                return replace(group, note=f"{proxy.source} after {since_ms:.0f} ms")
            return group
        own = None if self.hit_primary else self._target_down()
        return proxy or own or self._first_failed_write() or absent("no source saw that the target was gone")

    def _state_seen_by(self, sample: Sample) -> str | None:
        """The target's state in the view of another member, None if this sample is not one that can tell.

        A member that lost its own place in the group can tell nothing about the others.
        """
        if sample.kind != "pod" or sample.name == self.target or not sample.up or not sample.states:
            return None
        if sample.states.get(sample.name, "ONLINE") != "ONLINE":
            return None
        return sample.states.get(self.target or "", "no more")

    def _seen_out_by_group(self) -> Moment | None:
        # Only views that once held the target as ONLINE, under that name, can show that it left.
        if not any(self._state_seen_by(sample) == "ONLINE" for sample in self.before):
            return None
        for sample in self.since:
            state = self._state_seen_by(sample)
            if state not in (None, "ONLINE"):
                return self._shown_by(sample, f"group: {sample.name} saw {self.target} {state}")
        return None

    def _seen_out_by_proxy(self) -> Moment | None:
        routed = {
            (sample.name, pool): pods.get(self.target or "", False)
            for sample in self.before
            for pool, pods in sample.healthy.items()
        }
        for sample in self.since:
            for pool, pods in sample.healthy.items():
                if routed.get((sample.name, pool)) and not pods.get(self.target or "", False):
                    return self._shown_by(sample, f"proxy {sample.name}: {self.target} unhealthy in pool {pool}")
        return None

    def _target_down(self) -> Moment | None:
        down = next((sample for sample in self.since if self._is_target(sample) and not sample.up), None)
        return None if down is None else self._shown_by(down, f"observer: {self.target} did not answer")

    def _first_failed_write(self) -> Moment | None:
        wanted = wanted_writes(self.history.ops)
        failed = wanted[
            (wanted["outcome"] != "ok") & (wanted["error"] != OVERFLOW) & (wanted["end_ns"] > self.injected_ns)
        ]
        return None if failed.empty else exact(int(failed["end_ns"].min()), "ops: first write that was not ok")

    def _elected(self, detected: Moment) -> Moment:
        if not self.pods:
            return absent("no pod was observed")
        floor_ns = self.injected_ns if detected.at_ns is None else detected.at_ns
        target_was_gone, out_of_group = False, False
        for sample in self.since:
            if (state := self._state_seen_by(sample)) is not None:
                out_of_group = state != "ONLINE"
            if self._is_target(sample) and not sample.writable:
                target_was_gone = True
            elif sample.kind == "pod" and sample.writable and sample.at_ns >= floor_ns:
                if not self._is_target(sample):
                    return self._shown_by(sample, f"observer: {sample.name} is primary and takes writes", sample.name)
                # An isolated primary goes on believing in itself: it is back only if the others have it back.
                if target_was_gone and not out_of_group:
                    return self._shown_by(sample, f"observer: {sample.name} is back and takes writes", sample.name)
        return absent("no pod was seen as a writable primary after the fault was detected")

    def _rerouted(self, elected: Moment, first_ack: Moment, start_ns: int | None) -> Moment:
        if not any(sample.healthy for sample in [*self.before, *self.since]):
            if first_ack.at_ns is None or start_ns is None:
                return absent("no proxy was observed and no write was acknowledged")
            return Moment(
                at_ns=start_ns,
                earliest_ns=start_ns,
                latest_ns=first_ack.at_ns,
                source="ops: start of the first write acknowledged",
            )
        if elected.pod is None:
            return absent("not known which pod became the primary")
        target_was_out = False
        for sample in self.since:
            pool = sample.healthy.get("write")
            if pool is None:
                continue
            target_was_out |= not pool.get(self.target or "", False)
            if target_was_out and pool.get(elected.pod, False):
                return self._shown_by(sample, f"proxy {sample.name}: {elected.pod} healthy in pool write")
        if not target_was_out:
            return absent(f"the proxy was never seen to take {self.target} out of pool write")
        return absent(f"the proxy was never seen to send writes to {elected.pod}")

    def _first_ack(self, detected: Moment, elected: Moment) -> tuple[Moment, int | None]:
        """The first write that the new primary acknowledged, and when that write was started."""
        started, ended = column_ns(self.acked, "start_ns"), column_ns(self.acked, "end_ns")
        own = started >= self.injected_ns
        servers = self.acked["server"]
        if elected.pod is not None and servers[own].isin(self.pods).any():
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

    def _steady(self, first_ack: Moment) -> Moment:
        if first_ack.at_ns is None:
            return absent("no first acknowledged write to count from")
        injections = [fault.injected_ns for fault in self.history.faults if fault.injected_ns is not None]
        at_ns, note = steady(
            self.history.ops, first_ack_ns=first_ack.at_ns, baseline_end_ns=min([*injections, self.injected_ns])
        )
        if at_ns is None:
            return absent(note)
        return replace(exact(at_ns, "ops: keeps up with the load, p99 as before"), note=note)

    def _shown_by(self, sample: Sample, source: str, pod: str | None = None) -> Moment:
        earliest_ns = max(self.injected_ns, sample.before_ns or self.injected_ns)
        return Moment(at_ns=sample.at_ns, earliest_ns=earliest_ns, latest_ns=sample.at_ns, source=source, pod=pod)


def _earliest_end(acked: pd.DataFrame, source: str) -> tuple[Moment, int | None]:
    if acked.empty:
        return absent("no such write was acknowledged"), None
    first = acked.iloc[int(column_ns(acked, "end_ns").argmin())]
    return exact(int(first["end_ns"]), source), int(first["start_ns"])


def _step(name: str, moment: Moment, injected_ns: int) -> Step:
    since_ms = None if moment.at_ns is None else round((moment.at_ns - injected_ns) / 1e6, 3)
    return Step(step=name, at_ns=moment.at_ns, since_ms=since_ms, source=moment.source, note=moment.note)
