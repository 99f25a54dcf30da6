"""Several workers, one beginning: what they and Locust's master say to each other beyond what Locust says.

Locust's master has the workers start their users. A worker whose users are all connected tells it so; once every one
has, the master names the moment at which all begin, by its own CLOCK_MONOTONIC. That is the one clock of all pods of an
engine; a worker on another machine has read it (`loadgen.worker.clock`). Started by `loadgen.worker.locustfile`; knows
neither Locust's classes nor what a worker then does.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

import gevent  # type: ignore[import-untyped]
from gevent.event import AsyncResult  # type: ignore[import-untyped]

WARM, BEGIN = "meshbench-warm", "meshbench-begin"
#: From the master's word to the beginning: time for the word to reach every worker.
LEAD_NS = 500_000_000


class Runner(Protocol):
    """What of Locust's master and worker runners is needed here."""

    def register_message(self, msg_type: str, listener: Any) -> None: ...

    def send_message(self, msg_type: str, data: dict[str, Any] | None = None) -> None: ...


def lead(runner: Runner, *, workers: int) -> None:
    """Master: once as many workers are warm, tell all when to begin."""
    warm: set[str] = set()

    def note(msg: Any, **_: Any) -> None:
        warm.add(msg.node_id)
        if len(warm) == workers:
            runner.send_message(BEGIN, {"monotonic_ns": time.monotonic_ns() + LEAD_NS})

    runner.register_message(WARM, note)


class Follower:
    """Worker: say that it is warm, and wait for the word of the master. offset_ns: what the master's clock is ahead of
    this machine's."""

    def __init__(self, runner: Runner, *, offset_ns: int = 0) -> None:
        self._runner = runner
        self._offset_ns = offset_ns
        self._word = AsyncResult()
        runner.register_message(BEGIN, lambda msg, **_: self._word.set(int(msg.data["monotonic_ns"])))

    def zero_ns(self, *, timeout_s: float) -> int:
        """The common beginning on this machine's CLOCK_MONOTONIC. Raises TimeoutError when no word came."""
        self._runner.send_message(WARM)
        try:
            begin_ns: int = self._word.get(timeout=timeout_s)
        except gevent.Timeout:
            raise TimeoutError(f"the other load workers were not ready within {timeout_s:g} s") from None
        return begin_ns - self._offset_ns
