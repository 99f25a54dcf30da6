"""The open loop: arrivals come when they are due, wait in a backlog, and are served by whoever is free.

Locust's users are closed loops: each waits for its answer before it asks again, so a stalled server is asked less and
the stall hides (coordinated omission). Here an arrival greenlet releases operations at their intended times and never
blocks; response time counts from the intended time, so a stall shows in every arrival it delayed. Every arrival is
recorded exactly once. Knows gevent, but neither Locust nor MySQL.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.queue import SimpleQueue  # type: ignore[import-untyped]

from loadgen.arrivals import NS, intended_offsets_ns
from loadgen.config import PROCESSES_PER_WORKER, LoadConfig
from loadgen.lateness import Lateness
from loadgen.outcome import Result
from loadgen.recorder import FLUSH_S, Recorder
from loadgen.workload import Op, op_key

#: ``process`` of an arrival that no client ever took.
NOBODY = -1

Row = dict[str, Any]


class Serving(Protocol):
    """What the driver needs of a client."""

    @property
    def server(self) -> str | None: ...

    def attempt(self, op: Op) -> Result: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    op: Op
    intended_ns: int


@dataclass(frozen=True, slots=True)
class InFlight:
    arrival: Arrival
    start_ns: int
    client: Serving


class Driver:
    """One run of one worker.

    next_op: (rng, key) -> Op; asked once an arrival, in order, so the operations depend on the seed alone.
    emit: takes (event name, fields). on_row: called with every recorded row.
    """

    def __init__(
        self,
        config: LoadConfig,
        *,
        next_op: Callable[[random.Random, str], Op],
        recorder: Recorder,
        emit: Callable[..., None],
        on_row: Callable[[Row], None],
    ) -> None:
        self._config = config
        self._next_op = next_op
        self._recorder = recorder
        self._emit = emit
        self._on_row = on_row
        self._backlog: SimpleQueue = SimpleQueue()
        self._in_flight: dict[int, InFlight] = {}
        self._processes = 0
        self._totals: Counter[str] = Counter()
        self._reported: Counter[str] = Counter()
        self._lateness = Lateness()
        self._zero_ns = 0
        self._released_all = False
        self._settled = Event()
        self._stop = Event()
        self._bug: BaseException | None = None

    def serve(self, client: Serving) -> None:
        """Take arrivals and run them, for ever: the body of one client's greenlet."""
        process = self._config.worker * PROCESSES_PER_WORKER + self._processes
        self._processes += 1
        try:
            while True:
                arrival = self._backlog.get()
                taken = InFlight(arrival, time.monotonic_ns(), client)
                self._in_flight[process] = taken
                result = client.attempt(arrival.op)
                # After the drain gave an operation up, its late answer finds nobody waiting.
                if self._in_flight.get(process) is taken:
                    del self._in_flight[process]
                    self._record(process, arrival, taken.start_ns, time.monotonic_ns(), result, client.server)
        except Exception as bug:
            self._broke(bug)
            raise

    def stop(self) -> None:
        """Release no further arrival; what is under way may finish."""
        self._stop.set()

    def run(self) -> dict[str, Any]:
        """Release all arrivals, drain, and return the totals of the ``done`` event.

        offered = ok + fail + unknown; overflow is part of fail; in_flight is how many the drain had to give up in
        mid-attempt; cpu_s is this process's CPU time from the first arrival to the end of the drain.

        Raises whatever broke in one of its greenlets: then the record may be incomplete and proves nothing.
        """
        cpu_began_s = time.process_time()
        self._zero_ns = time.monotonic_ns()
        self._emit("started", zero_ns=self._zero_ns)
        helpers = [gevent.spawn(self._flush_often), gevent.spawn(self._report_seconds)]
        for helper in helpers:
            helper.link_exception(lambda dead: self._broke(dead.exception))
        try:
            self._release()
            self._released_all = True
            self._note_if_settled()
            self._settled.wait(timeout=self._config.drain_s)
        finally:
            gevent.killall(helpers)
            in_flight = len(self._in_flight)
            self._give_up()
            self._report()
            self._recorder.flush()
        if self._bug is not None:
            raise self._bug
        cpu_s = time.process_time() - cpu_began_s
        outcomes = {name: self._totals[name] for name in ("offered", "ok", "fail", "unknown", "overflow")}
        return outcomes | {
            "in_flight": in_flight,
            "lateness_ms": self._lateness.summary_ms(),
            "cpu_s": round(cpu_s, 6),
        }

    def _release(self) -> None:
        config = self._config
        rng = random.Random(f"ops/{config.seed}/{config.worker}")
        offsets = intended_offsets_ns(
            model=config.model, rate=config.rate, duration_s=config.duration_s, seed=config.seed, worker=config.worker
        )
        for sequence, offset_ns in enumerate(offsets):
            intended_ns = self._zero_ns + offset_ns
            # A timer may wake late; then everything due goes out at once, without another sleep.
            while (wait_ns := intended_ns - time.monotonic_ns()) > 0 and not self._stop.wait(wait_ns / NS):
                pass
            if self._stop.is_set():
                return
            op = self._next_op(rng, op_key(seed=config.seed, worker=config.worker, sequence=sequence))
            self._offer(Arrival(op, intended_ns))

    def _offer(self, arrival: Arrival) -> None:
        now_ns = time.monotonic_ns()
        self._totals["offered"] += 1
        self._lateness.add(now_ns - arrival.intended_ns)
        if self._backlog.qsize() < self._config.backlog_cap:
            self._backlog.put(arrival)
        else:
            self._totals["overflow"] += 1
            self._record(NOBODY, arrival, now_ns, now_ns, Result(outcome="fail", error="overflow"), None)

    def _give_up(self) -> None:
        """Record what the drain left: never started, or started and not answered.

        Whoever is in mid-attempt goes on in its greenlet and may commit yet, so what becomes of it is not known.
        """
        now_ns = time.monotonic_ns()
        while not self._backlog.empty():
            self._record(
                NOBODY, self._backlog.get(), now_ns, now_ns, Result(outcome="fail", error="drain-timeout"), None
            )
        for process, taken in sorted(self._in_flight.items()):
            result = Result(outcome="unknown", error="drain-timeout")
            self._record(process, taken.arrival, taken.start_ns, now_ns, result, taken.client.server)
        self._in_flight.clear()

    def _record(
        self, process: int, arrival: Arrival, start_ns: int, end_ns: int, result: Result, server: str | None
    ) -> None:
        row = {
            "process": process,
            "f": arrival.op.f,
            "key": arrival.op.key,
            "value": json.dumps(arrival.op.value if result.value is None else result.value),
            "outcome": result.outcome,
            "errno": result.errno,
            "error": result.error,
            "attempt": 1,
            "intended_ns": arrival.intended_ns,
            "start_ns": start_ns,
            "end_ns": end_ns,
            "server": server,
            "gtid": result.gtid,
        }
        self._recorder.add(row)
        self._totals[result.outcome] += 1
        self._on_row(row)
        self._note_if_settled()

    def _note_if_settled(self) -> None:
        totals = self._totals
        if self._released_all and totals["ok"] + totals["fail"] + totals["unknown"] == totals["offered"]:
            self._settled.set()

    def _flush_often(self) -> None:
        while True:
            self._recorder.flush()
            gevent.sleep(FLUSH_S)

    def _report_seconds(self) -> None:
        for second in itertools.count(1):
            gevent.sleep(max(0.0, (self._zero_ns + second * NS - time.monotonic_ns()) / NS))
            self._report()

    def _report(self) -> None:
        """Emit what happened since the last report."""
        now_ns = time.monotonic_ns()
        news = {name: self._totals[name] - self._reported[name] for name in ("offered", "ok", "fail", "unknown")}
        self._reported = self._totals.copy()
        self._emit(
            "second",
            at_ns=now_ns,
            t_s=round((now_ns - self._zero_ns) / NS, 3),
            **news,
            backlog=self._backlog.qsize(),
            in_flight=len(self._in_flight),
        )

    def _broke(self, bug: BaseException) -> None:
        self._bug = self._bug or bug
        self._stop.set()
        self._settled.set()
