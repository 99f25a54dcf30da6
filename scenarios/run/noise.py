"""Whether others had the CPU that the pods of a run needed while the load ran.

A load that fills all cores is a finding about the cluster. Noise is what others took from it, so once a second three
things are read: the CPU time of everything, that of the run's containers and of this process, and how long each
container had a task that was ready and got no CPU. The rule made of them, and its limits: docs/decisions/0015.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scenarios.run.cpu_time import Containers, Spent, cpu_ticks, stalled_s, used_s

PERIOD_S = 1.0
#: The worst stretch of this length counts, so that a burst in the middle of a fault is not lost in a long quiet load.
WINDOW_S = 10.0


#: Above this share of a second without a CPU a pod was short of it; a little waiting is the scheduler's own.
SHORT = 0.1


@dataclass(frozen=True, kw_only=True)
class Interval:
    """About a second.

    used_s: CPU seconds of all processes of the machine, the kernel's work for them included, interrupts not. own_s: of
    those, by the run's containers and this process. waited: share, 0 to 1, of the time in which a task of a container
    was ready and had no CPU, of the container that waited most. None: not known.
    """

    length_s: float
    used_s: float
    own_s: float | None
    waited: float | None

    @property
    def foreign_s(self) -> float | None:
        return None if self.own_s is None else max(0.0, self.used_s - self.own_s)

    @property
    def taken_s(self) -> float | None:
        """CPU seconds that others had while a pod was short of them."""
        if self.foreign_s is None or self.waited is None:
            return None
        return self.foreign_s if self.waited > SHORT else 0.0


def shares(intervals: Sequence[Interval], *, cores: int) -> dict[str, float | None]:
    """For the manifest, in percent, None where not known.

    own_cpu_percent, foreign_cpu_percent: of the machine's CPU over all intervals.
    pods_waited_percent: of their time. cpu_pressure_percent: of the machine's CPU in the worst WINDOW_S, what others
    had while pods were short of it.
    """
    stretches = (_percent(some, [one.taken_s for one in some], cores) for some in _windows(intervals))
    taken = [one for one in stretches if one is not None]
    return {
        "own_cpu_percent": _percent(intervals, [one.own_s for one in intervals], cores),
        "foreign_cpu_percent": _percent(intervals, [one.foreign_s for one in intervals], cores),
        "pods_waited_percent": _percent(
            intervals, [None if one.waited is None else one.waited * one.length_s for one in intervals], 1
        ),
        "cpu_pressure_percent": max(taken, default=None),
    }


def _percent(intervals: Sequence[Interval], parts_s: Sequence[float | None], of: int) -> float | None:
    """What the parts are together of the intervals' time, ``of`` times; None where one is not known."""
    known_s = [part for part in parts_s if part is not None]
    whole_s = of * sum(one.length_s for one in intervals)
    return round(100 * sum(known_s) / whole_s, 1) if whole_s and len(known_s) == len(parts_s) else None


def _windows(intervals: Sequence[Interval]) -> Iterator[Sequence[Interval]]:
    """Every stretch of WINDOW_S; all of it where it is shorter."""
    for first in range(len(intervals)):
        length_s = 0.0
        for last in range(first, len(intervals)):
            length_s += intervals[last].length_s
            if length_s >= WINDOW_S * 0.95:  # a reading may come a little early
                yield intervals[first : last + 1]
                break
        else:
            if first == 0:
                yield intervals
            return


class Watch:
    """Reads once a second, in a thread of its own, until `stop`."""

    def __init__(self, run_id: str) -> None:
        self._containers = Containers(run_id)
        self._intervals: list[Interval] = []
        self._over = threading.Event()
        self._last = self._read()
        self._thread = threading.Thread(target=self._go, name="cpu-watch", daemon=True)
        self._thread.start()

    def stop(self) -> list[Interval]:
        self._over.set()
        self._thread.join()
        return self._intervals

    def _go(self) -> None:
        while not self._over.wait(PERIOD_S):
            self._one_more()
        self._one_more()

    def _one_more(self) -> None:
        before, now = self._last, self._read()
        length_s = now.at_s - before.at_s
        if length_s < PERIOD_S / 2:
            return  # the last piece: ticks of 10 ms say little of it
        deltas = [one.since(before.containers.get(name)) for name, one in now.containers.items()]
        waits = [some_s for _, some_s in deltas if some_s is not None]
        own_s = sum(usage_s for usage_s, _ in deltas) + now.self_s - before.self_s
        self._intervals.append(
            Interval(
                length_s=length_s,
                used_s=now.used_s - before.used_s,
                own_s=own_s if deltas else None,
                waited=_waited([*waits] or [difference(now.some_s, before.some_s)], length_s),
            )
        )
        self._last = now

    def _read(self) -> _Reading:
        times = os.times()
        return _Reading(
            at_s=time.monotonic(),
            used_s=used_s(cpu_ticks()),
            self_s=times.user + times.system + times.children_user + times.children_system,
            some_s=stalled_s()["some"],
            containers=self._containers.read(),
        )


class _Reading(NamedTuple):
    """Sums since the machine began. some_s: time in which any task at all waited, where no container's is known."""

    at_s: float
    used_s: float
    self_s: float
    some_s: float | None
    containers: dict[str, Spent]


def difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _waited(waits: Sequence[float | None], length_s: float) -> float | None:
    known = [one for one in waits if one is not None]
    return min(1.0, max(known) / length_s) if known else None
