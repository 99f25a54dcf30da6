"""What pods and proxies showed of one fault, by samples: who saw the loss first, who was primary next, who routed.

A sample shows what came about since the sample before it. Says nothing of ops and of the control plane's decisions.
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.leadership.claims import WRITE_POOL
from checks.recovery.bounded_time import Moment, absent
from history.faults import FaultRecord
from history.history import History
from history.observed import Sample


@dataclass(frozen=True, kw_only=True)
class Rerouting:
    """When a proxy sent writes to the new primary. silent: no proxy could have shown it, so the ops must."""

    moment: Moment
    silent: bool = False


class Sightings:
    """The samples before and since one injection."""

    def __init__(self, history: History, fault: FaultRecord, *, injected_ns: int, until_ns: int | None) -> None:
        seen = history.samples
        self._injected_ns = injected_ns
        self._before = [sample for sample in seen if sample.at_ns <= injected_ns]
        self._since = [
            sample for sample in seen if sample.at_ns > injected_ns and (until_ns is None or sample.at_ns < until_ns)
        ]
        self._group = not history.run.topology.is_source_replica
        self.pods = {sample.name for sample in seen if sample.kind == "pod"}
        #: Of several pods that were hit at once, the one that was primary; of a switchover, the one that was it.
        self.target, self.hit_primary = self._target(fault)

    def _target(self, fault: FaultRecord) -> tuple[str | None, bool]:
        last = {sample.name: sample for sample in self._before if sample.kind == "pod" and sample.up}
        candidates = sorted(last) if fault.brings_about == "new_primary" else fault.pods
        leader = next((name for name in candidates if name in last and last[name].writable), None)
        if leader is not None:
            return leader, True
        first = next(iter(fault.pods), None)
        return first, fault.target == "primary" and first not in last

    def _is_target(self, sample: Sample) -> bool:
        return sample.kind == "pod" and sample.name == self.target

    def _state_seen_by(self, sample: Sample) -> str | None:
        """The target's state in the view of another member, None if this sample is not one that can tell.

        A member that lost its own place in the group can tell nothing about the others.
        """
        if sample.kind != "pod" or sample.name == self.target or not sample.up or not sample.states:
            return None
        if sample.states.get(sample.name, "ONLINE") != "ONLINE":
            return None
        return sample.states.get(self.target or "", "no more")

    def out_of_group(self) -> Moment | None:
        """Another member saw the target leave; only views that once held it as ONLINE, under that name, can show it.

        A replica of a source knows whom it follows, not who is there.
        """
        if not self._group or not any(self._state_seen_by(sample) == "ONLINE" for sample in self._before):
            return None
        for sample in self._since:
            state = self._state_seen_by(sample)
            if state not in (None, "ONLINE"):
                return self._shown_by(sample, f"group: {sample.name} saw {self.target} {state}")
        return None

    def out_of_pool(self) -> Moment | None:
        """A proxy took the target out of a pool that it was in."""
        routed = {
            (sample.name, pool): pods.get(self.target or "", False)
            for sample in self._before
            for pool, pods in sample.healthy.items()
        }
        for sample in self._since:
            for pool, pods in sample.healthy.items():
                if routed.get((sample.name, pool)) and not pods.get(self.target or "", False):
                    return self._shown_by(sample, f"proxy {sample.name}: {self.target} unhealthy in pool {pool}")
        return None

    def down(self) -> Moment | None:
        gone = next((sample for sample in self._since if self._is_target(sample) and not sample.up), None)
        return None if gone is None else self._shown_by(gone, f"observer: {self.target} did not answer")

    def elected(self, detected: Moment) -> Moment:
        """A pod said that it is a writable primary, and it was not the target going on as before."""
        if not self.pods:
            return absent("no node was observed")
        floor_ns = self._injected_ns if detected.at_ns is None else detected.at_ns
        target_was_gone, out_of_group = False, False
        for sample in self._since:
            if self._group and (state := self._state_seen_by(sample)) is not None:
                out_of_group = state != "ONLINE"
            if self._is_target(sample) and not sample.writable:
                target_was_gone = True
            elif sample.kind == "pod" and sample.writable and sample.at_ns >= floor_ns:
                if not self._is_target(sample):
                    return self._shown_by(sample, f"observer: {sample.name} is primary and takes writes", sample.name)
                # An isolated primary goes on believing in itself: it is back only if the others have it back.
                if target_was_gone and not out_of_group:
                    return self._shown_by(sample, f"observer: {sample.name} is back and takes writes", sample.name)
        return absent("no node was seen as a writable primary after the fault was detected")

    def rerouted(self, elected: Moment) -> Rerouting:
        """The first proxy whose write pool leads to the new primary.

        If that pod was in the pool all along, it is when the target left; if it is the target, when it came again.
        """
        if not any(WRITE_POOL in sample.healthy for sample in [*self._before, *self._since]):
            looked = any(sample.kind == "proxy" for sample in [*self._before, *self._since])
            why = "no proxy ever answered the observer" if looked else "no proxy told of a write pool"
            return Rerouting(moment=absent(why), silent=True)
        if elected.pod is None:
            return Rerouting(moment=absent("not known which node became the primary"))
        target, pod = self.target or "", elected.pod
        there = {
            sample.name: sample.healthy[WRITE_POOL].get(pod, False)
            for sample in self._before
            if WRITE_POOL in sample.healthy
        }
        target_left = set()
        for sample in self._since:
            pool = sample.healthy.get(WRITE_POOL)
            if pool is None:
                continue
            if not pool.get(target, False):
                target_left.add(sample.name)
            newcomer = pod != target and not there.get(sample.name, False) and sample.at_ns >= elected.earliest_ns
            if pool.get(pod, False) and (newcomer or sample.name in target_left):
                return Rerouting(moment=self._shown_by(sample, f"proxy {sample.name}: {pod} healthy in pool write"))
        if target_left:
            return Rerouting(moment=absent(f"the proxy was never seen to send writes to {pod}"))
        kept = f"the proxy was never seen to take {target} out of pool write"
        return Rerouting(moment=absent(kept), silent=any(there.values()) and pod != target)

    def _shown_by(self, sample: Sample, source: str, pod: str | None = None) -> Moment:
        earliest_ns = max(self._injected_ns, sample.before_ns or self._injected_ns)
        return Moment(at_ns=sample.at_ns, earliest_ns=earliest_ns, latest_ns=sample.at_ns, source=source, pod=pod)
