"""Where the time of a boot goes: what is done to each pod, as intervals of one clock.

Whoever does something notes it, always: a step is two looks at CLOCK_MONOTONIC and a line in a list. `make bench-boot`
shows them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: A thread's next step begins so soon after its last one when it has waited for nobody else.
AT_ONCE_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Step:
    """One that came to its end. what: such as ``mysqld: start``. pod: whose, empty for the run's. thread: that did it.
    Times are seconds of CLOCK_MONOTONIC."""

    what: str
    pod: str
    thread: int
    begin_s: float
    end_s: float

    @property
    def lasted_s(self) -> float:
        return self.end_s - self.begin_s


class BootSteps:
    """Those of one run, in the order in which they ended; may be noted from any thread."""

    def __init__(self) -> None:
        self.taken: list[Step] = []

    @contextmanager
    def step(self, what: str, pod: str = "") -> Iterator[None]:
        """Note what is done within; nothing where that fails."""
        begin_s = time.monotonic()
        yield
        end_s = time.monotonic()
        self.taken.append(Step(what=what, pod=pod, thread=threading.get_ident(), begin_s=begin_s, end_s=end_s))


def critical_path(steps: Collection[Step]) -> list[Step]:
    """The steps that the end of the last one has waited for, in order: had one of them taken less time, so would the
    whole.

    Found backwards: before a step comes the one of its own thread that ended as it began, or else, since it has waited
    for another, the last of all that ended before. What nobody noted is a gap between two of them.
    """
    path: list[Step] = []
    last = max(steps, key=lambda step: step.end_s, default=None)
    while last is not None:
        path.append(last)
        last = _before(last, steps)
    return path[::-1]


def _before(step: Step, steps: Collection[Step]) -> Step | None:
    earlier = [one for one in steps if one.end_s <= step.begin_s]
    own = [one for one in earlier if one.thread == step.thread and step.begin_s - one.end_s <= AT_ONCE_S]
    return max(own or earlier, key=lambda one: one.end_s, default=None)
