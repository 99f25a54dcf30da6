"""When the observer did not look: stretches of the load in which a pod, or every proxy, was not sampled; and which pods
were told to keep no account that could be looked at.

What was not looked at is not known: a check that rests on samples must not pass over such a stretch. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from checks.evidence.due import last_due_ns
from history.history import History

#: The observer samples 25 times a second. A pod that hangs holds up one sample for a second or two until it counts as
#: down, and a busy machine for a little more; what is longer is a hole in the evidence.
BLIND_NS = 3_000_000_000
PROXIES = "the proxies"


@dataclass(frozen=True, kw_only=True)
class BlindStretch:
    """Nothing was sampled from start_ns to end_ns (CLOCK_MONOTONIC). name: of the pod, or PROXIES for all of them."""

    name: str
    start_ns: int
    end_ns: int

    @property
    def lasted_s(self) -> float:
        return (self.end_ns - self.start_ns) / 1e9

    def overlaps(self, start_ns: int, end_ns: int) -> bool:
        """Whether anything from start_ns to end_ns was not seen."""
        return self.start_ns < end_ns and start_ns < self.end_ns


def blind_stretches(history: History, *, longer_than_ns: int = BLIND_NS) -> list[BlindStretch]:
    """Stretches of the load in which a pod was not sampled, or no proxy was, for longer than that; in order of time.

    The load lasts from the first intended start of an operation to the last that was due. A pod that did not answer was
    sampled, and found down. Pods are those that were sampled at all, and those of final/nodes.json, which are never
    seen if they came by a scale-out and are then not asked for. Empty without observed.parquet (nobody claims to have
    looked) and without operations.
    """
    if history.observed is None or history.ops.empty:
        return []
    times: dict[str, list[int]] = {name: [] for name in _expected(history)}
    for sample in history.samples:
        times.setdefault(PROXIES if sample.kind == "proxy" else sample.name, []).append(sample.at_ns)
    start_ns, end_ns = int(history.ops["intended_ns"].min()), last_due_ns(history)
    found = _holes(times, start_ns, end_ns, longer_than_ns)
    return sorted(found, key=lambda one: (one.start_ns, one.name))


def _expected(history: History) -> set[str]:
    """Pods that must have been sampled: those at the end, unless the number of pods was changed on the way."""
    if any(fault.brings_about in ("pod_added", "pod_removed") for fault in history.faults):
        return set()
    return set(history.nodes or {})


def _holes(times: Mapping[str, list[int]], start_ns: int, end_ns: int, longer_than_ns: int) -> Iterable[BlindStretch]:
    for name, at_ns in times.items():
        for earlier, later in pairwise([start_ns, *(at for at in at_ns if start_ns < at < end_ns), end_ns]):
            if later - earlier > longer_than_ns:
                yield BlindStretch(name=name, start_ns=earlier, end_ns=later)


def without_performance_schema(history: History) -> list[str]:
    """Pods that ran with ``performance_schema = OFF``, by the variables that the manifest recorded."""
    switches = {pod: str(own.get("performance_schema", "")).upper() for pod, own in history.run.variables.items()}
    return sorted(pod for pod, switch in switches.items() if switch in ("OFF", "0"))
