"""The run's clock for a worker on another machine: how far its own CLOCK_MONOTONIC is from that of Locust's master.

Read as Cristian's algorithm does: of several questions and answers the fastest counts, the master's time lies in the
middle of it, and half of it bounds the error (F. Cristian, "Probabilistic clock synchronization", Distributed Computing
3(3), 1989). Two readings, before the load and after it, give the drift in between. Asks nobody; see
`loadgen.worker.remote_join`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

#: What of an operation's row or an event is a time of the worker's clock.
ROW_TIMES, EVENT_TIMES = ("intended_ns", "start_ns", "end_ns"), ("zero_ns", "at_ns")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """at_ns: when, by the worker's clock. offset_ns: what must be added to it for the master's. error_ns: at most."""

    at_ns: int
    offset_ns: int
    error_ns: int

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def reading(exchanges: Sequence[tuple[int, int, int]]) -> Reading:
    """The best of some exchanges (asked at, the master's time, answered at), at least one; asked and answered are of
    the worker's clock, in nanoseconds."""
    asked_ns, master_ns, answered_ns = min(exchanges, key=lambda one: one[2] - one[0])
    middle_ns = (asked_ns + answered_ns) // 2
    error_ns = (answered_ns - asked_ns + 1) // 2
    return Reading(at_ns=middle_ns, offset_ns=master_ns - middle_ns, error_ns=error_ns)


class Translation:
    """From the worker's clock to the master's: a straight line through two readings, or one reading's offset."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._first, self._last = readings[0], readings[-1]
        self.error_ns = max(one.error_ns for one in readings)

    def master_ns(self, at_ns: int) -> int:
        first, last = self._first, self._last
        between_ns = last.at_ns - first.at_ns
        # In whole numbers: a float has not enough digits for a clock of nanoseconds.
        drift_ns = (last.offset_ns - first.offset_ns) * (at_ns - first.at_ns) // between_ns if between_ns else 0
        return at_ns + first.offset_ns + drift_ns

    def moved(self, record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        """A record with the times of these names, where it has them, on the master's clock."""
        return {**record} | {name: self.master_ns(record[name]) for name in names if name in record}
