"""What the driver must come to, computed the other way round: a queue, first come first served, in whole nanoseconds.

Knows neither gevent nor the driver: it goes from operation to operation, not through time. A time is since the load
began.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

#: Intended, start, end.
Times = tuple[int, int, int]
#: Of which operation, and its start -> its end.
Answered = Callable[[int, int], int]


def steady(*, answers_ns: Sequence[int], stall_ns: tuple[int, int] = (0, 0)) -> Answered:
    """The same server as in `tests.loadgen.open_loop`."""
    from_ns, until_ns = stall_ns

    def answered(number: int, start_ns: int) -> int:
        end_ns = start_ns + answers_ns[number % len(answers_ns)]
        return until_ns if from_ns <= end_ns < until_ns else end_ns

    return answered


@dataclass(frozen=True, kw_only=True)
class Queue:
    """clients: how many serve it. frozen_ns: between these two moments the load generator itself stands still, and
    what would be done then is done at the second."""

    clients: int
    answered: Answered
    frozen_ns: tuple[int, int] = (0, 0)

    def open_loop(self, intended_ns: Iterable[int]) -> list[Times]:
        """Operations that come at these ascending times, whatever the server does."""
        free_ns = [0] * self.clients
        return [self._served(number, due_ns, free_ns) for number, due_ns in enumerate(intended_ns)]

    def closed_loop(self, first_ns: Iterable[int], *, think_ns: int, until_ns: int) -> list[Times]:
        """Users who first ask at these times, and again when they have had the answer and thought about it. In order
        of the intended times."""
        free_ns = [0] * self.clients
        wanted_ns = list(first_ns)
        heapq.heapify(wanted_ns)
        done: list[Times] = []
        while wanted_ns and wanted_ns[0] < until_ns:
            done.append(self._served(len(done), heapq.heappop(wanted_ns), free_ns))
            heapq.heappush(wanted_ns, done[-1][2] + think_ns)
        return done

    def _served(self, number: int, due_ns: int, free_ns: list[int]) -> Times:
        """By the client that is free first."""
        start_ns = self.kept(max(due_ns, heapq.heappop(free_ns)))
        end_ns = self.kept(self.answered(number, start_ns))
        heapq.heappush(free_ns, end_ns)
        return due_ns, start_ns, end_ns

    def kept(self, due_ns: int) -> int:
        """When the generator really does what is due."""
        from_ns, until_ns = self.frozen_ns
        return until_ns if from_ns <= due_ns < until_ns else due_ns


def quantiles_ms(latencies_ns: Iterable[int]) -> dict[str, float]:
    """By definition: the smallest latency that at least that share of all does not exceed, to the microsecond."""
    ordered = sorted(latencies_ns)
    shares = {"p50": 500, "p90": 900, "p99": 990, "p999": 999, "max": 1000}
    return {
        name: round(next(one for one in ordered if bisect_right(ordered, one) * 1000 >= share * len(ordered)) / 1e6, 3)
        for name, share in shares.items()
    }
