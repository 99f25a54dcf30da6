"""The closed loop: each user thinks, asks, waits for the answer, thinks again.

The intended time of an operation is when its user wanted to ask, so waiting for a free connection counts as response
time. But a user who waits asks nothing meanwhile: a stall delays one operation a user and not all that would have come,
so it hardly shows in the percentiles (coordinated omission: G. Tene, "How NOT to Measure Latency", 2013). Throughput
follows the response time law, users / (response + think) (P. Denning, J. Buzen, "The Operational Analysis of Queueing
Network Models", ACM Computing Surveys 10(3), 1978).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import gevent  # type: ignore[import-untyped]
from gevent.event import AsyncResult, Event  # type: ignore[import-untyped]

from loadgen.arrivals.arrivals import NS
from loadgen.config import LoadConfig
from loadgen.driver.tally import Arrival
from loadgen.workload import Op


class Users:
    """draw: the next operation. offer: takes an arrival, whose ``done`` is then called once. broke: told of a bug."""

    def __init__(
        self,
        config: LoadConfig,
        *,
        draw: Callable[[], Op],
        offer: Callable[[Arrival], None],
        broke: Callable[[BaseException], None],
    ) -> None:
        self._config = config
        self._draw = draw
        self._offer = offer
        self._broke = broke

    def run(self, zero_ns: int, stop: Event) -> None:
        """Until the duration is over or stop is set; what is under way then finishes by itself."""
        end_ns = zero_ns + round(self._config.duration_s * NS)
        users = [gevent.spawn(self._live, number, zero_ns, end_ns, stop) for number in range(self._config.users)]
        for user in users:
            user.link_exception(lambda dead: self._broke(dead.exception))
        stop.wait(timeout=(end_ns - time.monotonic_ns()) / NS)
        gevent.killall(users)

    def _live(self, number: int, zero_ns: int, end_ns: int, stop: Event) -> None:
        rng = random.Random(f"users/{self._config.seed}/{self._config.worker}/{number}")
        free_ns, did = zero_ns, None
        while True:
            op = self._draw()
            wants_ns = free_ns + round(self._config.think.pause_s(rng, done=did, coming=op.f) * NS)
            while (wait_ns := wants_ns - time.monotonic_ns()) > 0 and not stop.wait(wait_ns / NS):
                pass
            if wants_ns >= end_ns or stop.is_set():
                return
            answered = AsyncResult()
            self._offer(Arrival(op=op, intended_ns=wants_ns, queued_ns=wants_ns, done=answered.set))
            free_ns, did = answered.get(), op.f
