"""Arrivals come when they are due, wait in one backlog, and are served by whoever is free.

Locust's users are closed loops: each waits for its answer before it asks again, so a stalled server is asked less and
the stall hides (coordinated omission). Here an arrival greenlet releases operations at their intended times and never
blocks; response time counts from the intended time, so a stall shows in every arrival it delayed. The closed loop of
`loadgen.driver.closed_loop`, for who wants one, feeds the same backlog. Every attempt is recorded exactly once. Knows
gevent, but neither Locust nor MySQL.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.queue import SimpleQueue  # type: ignore[import-untyped]

from history.load_events import Done, LoadEvent, Started
from history.ops import OpRow
from loadgen.arrivals.arrivals import NS, intended_offsets_ns
from loadgen.config import PROCESSES_PER_WORKER, LoadConfig
from loadgen.driver.alarm import Sleep, sleep_ns
from loadgen.driver.closed_loop import Users
from loadgen.driver.lateness import Lateness
from loadgen.driver.recorder import FLUSH_S, Recorder
from loadgen.driver.tally import Arrival, Tally
from loadgen.outcome import Result
from loadgen.policy import resolved
from loadgen.workload import Op, op_key

#: So many operations are drawn at a time: alone, each finds that a busy server has driven the code out of the caches.
DRAWN_AT_ONCE = 16
#: Longest sleep of the arrivals, so that they heed `Driver.stop`.
STOP_WITHIN_NS = NS // 10


class Serving(Protocol):
    """What the driver needs of a client."""

    @property
    def server(self) -> str | None: ...

    def make_ready(self) -> None:
        """Return when it may take an operation."""

    def attempt(self, op: Op) -> Result: ...


@dataclass(frozen=True, slots=True)
class InFlight:
    arrival: Arrival
    start_ns: int
    client: Serving


class Driver:
    """One run of one worker.

    next_op: (rng, key) -> Op; asked once an operation, in order, so the operations depend on the seed alone.
    emit: takes its start and each second. on_row: called with every recorded row. sleep_ns: what
    the arrivals sleep with.
    """

    def __init__(
        self,
        config: LoadConfig,
        *,
        next_op: Callable[[random.Random, str], Op],
        recorder: Recorder,
        emit: Callable[[LoadEvent], None],
        on_row: Callable[[OpRow], None],
        sleep_ns: Sleep = sleep_ns,
    ) -> None:
        self._config = config
        self._sleep_ns = sleep_ns
        self._next_op = next_op
        self._emit = emit
        self._tally = Tally(recorder, emit=emit, on_row=on_row)
        self._op_rng = random.Random(f"ops/{config.seed}/{config.worker}")
        self._retry_rng = random.Random(f"retries/{config.seed}/{config.worker}")
        self._sequence = itertools.count()
        self._backlog: SimpleQueue = SimpleQueue()
        #: What waits to be tried again, by its key.
        self._pausing: dict[str, Arrival] = {}
        self._in_flight: dict[int, InFlight] = {}
        self._processes = 0
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
                client.make_ready()
                arrival = self._backlog.get()
                taken = InFlight(arrival, time.monotonic_ns(), client)
                self._in_flight[process] = taken
                result = client.attempt(arrival.op)
                # After the drain gave an operation up, its late answer finds nobody waiting.
                if self._in_flight.get(process) is taken:
                    del self._in_flight[process]
                    self._answered(process, taken, result)
        except Exception as bug:
            self._broke(bug)
            raise

    def stop(self) -> None:
        """Release no further arrival; what is under way may finish."""
        self._stop.set()

    def run(self, *, zero_ns: int | None = None) -> Done:
        """Release all arrivals, drain, and return the account. zero_ns: when to begin, or None.

        Raises whatever broke in one of its greenlets: then the record may be incomplete and proves nothing.
        """
        cpu_began_s = time.process_time()
        self._zero_ns = time.monotonic_ns() if zero_ns is None else zero_ns
        self._emit(Started(zero_ns=self._zero_ns, duration_s=self._config.duration_s))
        helpers = [gevent.spawn(body) for body in (self._flush_often, self._report_seconds, self._expire)]
        for helper in helpers:
            helper.link_exception(lambda dead: self._broke(dead.exception))
        try:
            if self._config.model == "closed":
                Users(self._config, draw=self._draw, offer=self._offer, broke=self._broke).run(
                    self._zero_ns, self._stop
                )
            else:
                self._release()
            complete = not self._stop.is_set()
            self._released_all = True
            self._note_if_settled()
            self._settled.wait(timeout=self._config.drain_s)
        finally:
            gevent.killall(helpers)
            in_flight = len(self._in_flight)
            self._give_up()
            self._report()
            self._tally.flush()
        if self._bug is not None:
            raise self._bug
        cpu_s = time.process_time() - cpu_began_s
        return replace(
            self._tally.account(),
            in_flight=in_flight,
            complete=complete,
            lateness_ms=self._lateness.summary_ms(),
            cpu_s=round(cpu_s, 6),
        )

    def _release(self) -> None:
        config = self._config
        offsets = intended_offsets_ns(
            model=config.model,
            curve=config.curve(),
            seed=config.seed,
            worker=config.worker,
            workers=config.workers,
        )
        for arrival in self._drawn(offsets):
            # A timer may wake late; then everything due goes out at once, without another sleep. Waiting for the event
            # itself would cost more than the arrival.
            while (wait_ns := arrival.intended_ns - time.monotonic_ns()) > 0 and not self._stop.is_set():
                self._sleep_ns(min(wait_ns, STOP_WITHIN_NS))
            if self._stop.is_set():
                return
            self._offer(arrival)

    def _drawn(self, offsets_ns: Iterator[int]) -> Iterator[Arrival]:
        """The arrivals, a few drawn ahead of their time: what they are depends on the seed alone."""
        while True:
            # A generator that can no longer keep up never waits; clients, reports and the record get their turn here.
            gevent.sleep(0)
            times_ns = [self._zero_ns + offset_ns for offset_ns in itertools.islice(offsets_ns, DRAWN_AT_ONCE)]
            if not times_ns:
                return
            yield from [Arrival(op=self._draw(), intended_ns=at_ns, queued_ns=at_ns) for at_ns in times_ns]

    def _draw(self) -> Op:
        key = op_key(seed=self._config.seed, worker=self._config.worker, sequence=next(self._sequence))
        return self._next_op(self._op_rng, key)

    def _offer(self, arrival: Arrival) -> None:
        self._tally.count("offered")
        self._lateness.add(time.monotonic_ns() - arrival.intended_ns)
        if self._backlog.qsize() < self._config.backlog_cap:
            self._backlog.put(arrival)
        else:
            self._tally.count("overflow")
            self._turn_away(arrival, "overflow")

    def _answered(self, process: int, taken: InFlight, result: Result) -> None:
        """Record an attempt, and either settle its operation or try it again after a pause."""
        arrival, policy, now_ns = taken.arrival, self._config.policy, time.monotonic_ns()
        result = resolved(result, in_doubt=arrival.in_doubt)
        self._tally.record(process, arrival, taken.start_ns, now_ns, result, taken.client.server)
        if not policy.tries_again(result, attempt=arrival.attempt):
            if result.refused and not arrival.in_doubt:
                self._tally.count("refused")
            self._tally.settle(arrival, result.outcome, at_ns=now_ns)
            self._note_if_settled()
            return
        in_doubt = arrival.in_doubt or result.outcome == "unknown"
        self._pausing[arrival.op.key] = replace(arrival, attempt=arrival.attempt + 1, in_doubt=in_doubt)
        pause_s = policy.retry_delay_s(self._retry_rng, attempt=arrival.attempt)
        gevent.spawn_later(pause_s, self._again, arrival.op.key)

    def _again(self, key: str) -> None:
        """Back into the backlog; its cap is for new arrivals."""
        arrival = self._pausing.pop(key, None)
        if arrival is not None:  # else the drain gave it up
            self._tally.count("retries")
            self._backlog.put(replace(arrival, queued_ns=time.monotonic_ns()))

    def _expire(self) -> None:
        """Turn away what has waited for a connection longer than it may, the oldest first."""
        limit_s = self._config.policy.connection_timeout_s
        while limit_s is not None:
            due_ns = time.monotonic_ns() - round(limit_s * NS)
            while not self._backlog.empty() and self._backlog.peek().queued_ns <= due_ns:
                self._tally.count("expired")
                self._turn_away(self._backlog.get(), "connection-timeout")
            # Nothing that comes later is due earlier than what is there, or than a limit from now.
            first_ns = due_ns + limit_s * NS if self._backlog.empty() else self._backlog.peek().queued_ns
            gevent.sleep((first_ns - due_ns) / NS)

    def _turn_away(self, arrival: Arrival, error: str) -> None:
        self._tally.turn_away(arrival, error)
        self._note_if_settled()

    def _give_up(self) -> None:
        """Record what the drain left: not started, or started and not answered.

        Whoever is in mid-attempt goes on in its greenlet and may commit yet, so what becomes of it is not known.
        """
        while not self._backlog.empty():
            self._turn_away(self._backlog.get(), "drain-timeout")
        for arrival in self._pausing.values():
            self._turn_away(arrival, "drain-timeout")
        self._pausing.clear()
        now_ns = time.monotonic_ns()
        for process, taken in sorted(self._in_flight.items()):
            result = Result(outcome="unknown", error="drain-timeout")
            self._tally.record(process, taken.arrival, taken.start_ns, now_ns, result, taken.client.server)
            self._tally.settle(taken.arrival, "unknown", at_ns=now_ns)
        self._in_flight.clear()

    def _note_if_settled(self) -> None:
        if self._released_all and self._tally.settled:
            self._settled.set()

    def _flush_often(self) -> None:
        while True:
            self._tally.flush()
            gevent.sleep(FLUSH_S)

    def _report_seconds(self) -> None:
        for second in itertools.count(1):
            gevent.sleep(max(0.0, (self._zero_ns + second * NS - time.monotonic_ns()) / NS))
            self._report()

    def _report(self) -> None:
        self._tally.report(zero_ns=self._zero_ns, backlog=self._backlog.qsize(), in_flight=len(self._in_flight))

    def _broke(self, bug: BaseException) -> None:
        self._bug = self._bug or bug
        self._stop.set()
        self._settled.set()
