"""Tries the virtual clock and prints what happened as JSON; started by test_virtual_clock.py.

A process of its own, because gevent must not get into the tests' process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]

from tests.loadgen import virtual_clock

#: Far more than the hub runs before it looks after its loop (gevent.getswitchinterval).
YIELDS = 50_000


class Diary:
    """Who came when, in nanoseconds since the diary was opened."""

    def __init__(self) -> None:
        self._zero_ns = time.monotonic_ns()
        self.lines: list[tuple[str, int]] = []

    def note(self, who: str) -> None:
        self.lines.append((who, time.monotonic_ns() - self._zero_ns))


def an_hour(diary: Diary) -> None:
    gevent.sleep(3600)
    diary.note("slept")


def in_order(diary: Diary) -> None:
    gevent.spawn_later(0.3, diary.note, "third")
    gevent.spawn_later(0.1, diary.note, "first")
    gevent.spawn_later(0.1, diary.note, "second")
    gevent.sleep(1)


def one_after_the_other(diary: Diary) -> None:
    """What comes of an appointment happens before the next one, although that is at the same moment."""

    def lead() -> None:
        diary.note("lead")
        gevent.spawn(diary.note, "follow")

    gevent.spawn_later(0.1, lead)
    gevent.spawn_later(0.1, diary.note, "other")
    gevent.sleep(1)


def busy_hub(diary: Diary) -> None:
    """Whoever can run runs, however long it takes, before anybody's time has come."""

    def spin() -> None:
        for _ in range(YIELDS):
            gevent.sleep(0)
        diary.note("spun")

    def nap() -> None:
        gevent.sleep(1e-9)
        diary.note("napped")

    gevent.joinall([gevent.spawn(nap), gevent.spawn(spin)])


def waits(diary: Diary) -> None:
    event = Event()
    diary.note("set" if event.wait(timeout=0.25) else "overdue")
    gevent.spawn_later(0.5, event.set)
    diary.note("set" if event.wait(timeout=1000) else "overdue")
    try:
        with gevent.Timeout(2):
            gevent.sleep(5)
    except gevent.Timeout:
        diary.note("cut")


def stopped(diary: Diary) -> None:
    """An appointment that was called off takes no time."""
    never = gevent.spawn_later(1, diary.note, "never")
    sleeper = gevent.spawn(gevent.sleep, 2)
    gevent.sleep(0)
    never.kill()
    sleeper.kill()
    gevent.sleep(3)
    diary.note("after")


def frozen(diary: Diary) -> None:
    gevent.spawn_later(0.1, diary.note, "late")
    gevent.spawn_later(0.4, diary.note, "on time")
    CLOCK.freeze(200_000_000)
    diary.note("thawed")
    gevent.sleep(1)


def nothing_to_come(diary: Diary) -> None:
    try:
        Event().wait()
    except gevent.exceptions.LoopExit:
        diary.note("LoopExit")


def tried(trial: Callable[[Diary], None]) -> list[Any]:
    diary = Diary()
    trial(diary)
    return diary.lines


if __name__ == "__main__":
    CLOCK = virtual_clock.install()
    trials = (an_hour, in_order, one_after_the_other, busy_hub, waits, stopped, frozen, nothing_to_come)
    print(json.dumps({trial.__name__: tried(trial) for trial in trials}))
