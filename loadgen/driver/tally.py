"""The books of one worker: a row an attempt for the record, a count an operation for the totals and the pulse.

An operation is settled once, by what its user is told in the end: ok if any attempt was acknowledged, else unknown if
any may have happened, else fail. So offered = ok + fail + unknown + what is still under way, at any time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from history.load_events import Done, LoadEvent, Second
from history.ops import OpRow, Outcome
from history.ops_file import to_json
from loadgen.driver.recorder import Recorder
from loadgen.driver.responses import bucket
from loadgen.outcome import Result
from loadgen.workload import Op

#: ``process`` of an arrival that no client took.
NOBODY = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One attempt that is to be made. queued_ns: since when it waits for a client. in_doubt: whether an earlier attempt
    may have happened. done: told once, when the operation is settled, at which time (CLOCK_MONOTONIC ns)."""

    op: Op
    intended_ns: int
    queued_ns: int
    attempt: int = 1
    in_doubt: bool = False
    done: Callable[[int], None] | None = None


class Tally:
    """emit: takes each second. on_row: called with every recorded row."""

    def __init__(
        self, recorder: Recorder, *, emit: Callable[[LoadEvent], None], on_row: Callable[[OpRow], None]
    ) -> None:
        self._recorder = recorder
        self._emit = emit
        self._on_row = on_row
        self._totals: Counter[str] = Counter()
        self._reported: Counter[str] = Counter()
        self._responses: Counter[int] = Counter()

    def count(self, what: str) -> None:
        self._totals[what] += 1

    @property
    def settled(self) -> bool:
        """Whether nothing is under way."""
        totals = self._totals
        return totals["ok"] + totals["fail"] + totals["unknown"] == totals["offered"]

    def account(self) -> Done:
        """With what is counted here alone."""
        totals = self._totals
        return Done(
            offered=totals["offered"],
            ok=totals["ok"],
            fail=totals["fail"],
            unknown=totals["unknown"],
            refused=totals["refused"],
            overflow=totals["overflow"],
            expired=totals["expired"],
            retries=totals["retries"],
        )

    def record(
        self, process: int, arrival: Arrival, start_ns: int, end_ns: int, result: Result, server: str | None
    ) -> None:
        """Write down one attempt."""
        row: OpRow = {
            "process": process,
            "f": arrival.op.f,
            "key": arrival.op.key,
            "value": to_json(arrival.op.value if result.value is None else result.value).decode(),
            "outcome": result.outcome,
            "errno": result.errno,
            "error": result.error,
            "attempt": arrival.attempt,
            "intended_ns": arrival.intended_ns,
            "start_ns": start_ns,
            "end_ns": end_ns,
            "server": server,
            "gtid": result.gtid,
        }
        self._recorder.add(row)
        self._on_row(row)

    def settle(self, arrival: Arrival, outcome: Outcome, *, at_ns: int) -> None:
        """The operation gets no further attempt; outcome: of the last one."""
        self._totals["unknown" if arrival.in_doubt and outcome == "fail" else outcome] += 1
        if outcome == "ok":
            self._responses[bucket(at_ns - arrival.intended_ns)] += 1
        if arrival.done is not None:
            arrival.done(at_ns)

    def turn_away(self, arrival: Arrival, error: str) -> None:
        """Record and settle what no client took."""
        now_ns = time.monotonic_ns()
        self.record(NOBODY, arrival, now_ns, now_ns, Result(outcome="fail", error=error), None)
        self.settle(arrival, "fail", at_ns=now_ns)

    def report(self, *, zero_ns: int, backlog: int, in_flight: int) -> None:
        """Emit what happened since the last report."""
        now_ns = time.monotonic_ns()
        news = self._totals - self._reported
        self._reported = self._totals.copy()
        responses = {str(number): count for number, count in self._responses.items()}
        self._responses.clear()
        self._emit(
            Second(
                at_ns=now_ns,
                t_s=round((now_ns - zero_ns) / 1e9, 3),
                offered=news["offered"],
                ok=news["ok"],
                fail=news["fail"],
                unknown=news["unknown"],
                refused=news["refused"],
                backlog=backlog,
                in_flight=in_flight,
                responses=responses,
            )
        )

    def flush(self) -> None:
        self._recorder.flush()
