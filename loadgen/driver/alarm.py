"""A sleep in gevent's hub that ends when it should: the hub's own timers are up to a millisecond late, because libev
rounds its waits up to whole ones.

That is a tenth to a third of the response time of a small transaction, in every one of them. Linux's timerfd is exact;
Python knows it from 3.13 on. With an older one, as a worker on another machine may have, a load sleeps as gevent does.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import gevent  # type: ignore[import-untyped]
from gevent import getcurrent

from loadgen.arrivals.arrivals import NS

#: libev's event.
READ = 1

#: Takes nanoseconds, and gives way at least once.
Sleep = Callable[[int], object]


def sleep_ns(pause_ns: int) -> None:
    """As exact as the hub's timers are."""
    gevent.sleep(pause_ns / NS)


if sys.version_info >= (3, 13) and sys.platform == "linux":

    class Alarm:
        """Sleeps one greenlet at a time."""

        def __init__(self) -> None:
            self._fd = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
            hub = gevent.get_hub()
            self._to_hub = hub.switch
            self._rings = hub.loop.io(self._fd, READ)

        def sleep_ns(self, pause_ns: int) -> None:
            os.timerfd_settime_ns(self._fd, initial=max(1, pause_ns))
            self._rings.start(getcurrent().switch)
            try:
                self._to_hub()
            finally:
                self._rings.stop()
            os.read(self._fd, 8)

    def exact_sleep() -> Sleep:
        return Alarm().sleep_ns

else:

    def exact_sleep() -> Sleep:
        return sleep_ns
