"""A clock that nobody has to wait for: time stands still while anything in gevent's hub can run, then jumps.

Every wait of gevent (sleep, spawn_later, Timeout, a timeout of an Event) asks the hub's loop for a timer, so it is
enough that the loop makes appointments on this clock instead. libev calls an idle watcher only when nothing else is to
be done; then the clock jumps to the next appointment, and keeps that one before it looks for another. Appointments of
one moment are kept in the order in which they were made. So computing takes no time (but see `Clock.freeze`), a timer
is never late, and a run is the same every time: what code that waits does can be asserted to the nanosecond.

Not for sockets, threads and other processes: their time is the machine's.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any, Self

import gevent  # type: ignore[import-untyped]
from gevent.libev import corecext  # type: ignore[import-untyped]

from loadgen.arrivals.arrivals import NS

#: Not zero, so that a moment is not mistaken for the time since the beginning.
BEGIN_NS = 1_000 * NS


class Clock:
    def __init__(self) -> None:
        self.now_ns = BEGIN_NS
        self._appointments: list[tuple[int, int, Timer]] = []
        self._numbers = itertools.count()
        self._when_idle: Any = None

    def freeze(self, for_ns: int) -> None:
        """The process loses time without giving way, as in a long computation or under SIGSTOP: timers fire late."""
        self.now_ns += for_ns

    def appoint(self, timer: Timer, due_ns: int) -> int:
        """Returns the number of the appointment. A timer keeps the last one it made, unless it is stopped."""
        number = next(self._numbers)
        heapq.heappush(self._appointments, (due_ns, number, timer))
        if self._when_idle is None:
            loop = gevent.get_hub().loop
            self._when_idle = loop.idle(priority=loop.MINPRI)
        self._when_idle.start(self._jump)
        return number

    def _jump(self) -> None:
        due_ns, number, timer = heapq.heappop(self._appointments)
        if not self._appointments:
            # So that gevent notices when nothing is to come, and raises LoopExit.
            self._when_idle.stop()
        if timer.number == number:
            self.now_ns = max(self.now_ns, due_ns)
            timer.fire()


class Timer:
    """What gevent uses of a loop's timer."""

    pending = False

    def __init__(self, clock: Clock, after_s: float) -> None:
        self._clock = clock
        self._after_ns = round(after_s * NS)
        self._call: Callable[[], object] | None = None
        #: Of the appointment to be kept.
        self.number: int | None = None

    @property
    def active(self) -> bool:
        return self.number is not None

    def start(self, callback: Callable[..., object], *args: object, update: bool = True) -> None:
        self._call = lambda: callback(*args)
        self.number = self._clock.appoint(self, self._clock.now_ns + self._after_ns)

    def fire(self) -> None:
        call = self._call
        self.stop()
        assert call is not None
        call()

    def stop(self) -> None:
        self._call = self.number = None

    close = stop

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def install() -> Clock:
    """From here on gevent and ``time.monotonic`` of this process go by the returned clock. Before gevent has a hub."""
    clock = Clock()

    class Loop(corecext.loop):  # type: ignore[misc]
        def timer(self, after: float, repeat: float = 0.0, ref: bool = True, priority: int | None = None) -> Timer:
            return Timer(clock, after)

    gevent.config.loop = Loop
    time.monotonic_ns = lambda: clock.now_ns
    time.monotonic = lambda: clock.now_ns / NS
    return clock
