"""Which part of a measured step counts, whether the system kept up in it, and how long a step has to be. Pure.

**Warm-up** is cut off by MSER-5 (K. P. White Jr, An effective truncation heuristic for bias reduction in simulation
output, Simulation 69 (6), 1997; compared with others by White, Cobb and Spratt, Winter Simulation Conference 2000): of
the means of each five response times, as many are dropped from the front as make the standard error of the mean of the
rest the least. At most half of a step may go: what settles later has not settled. The rule would also drop all that
comes before a single stall, which is what a percentile is there to show (of a step at 200/s on real pods, 4.8 of 11 s,
and with them the 15 ms of its p99). So it is held to the word: only what was slower as a whole, by its median, goes,
and of that what was slow from the first moment on without a pause (the median of each `_PART_NS`).

**A backlog that grows** is what no latency of a short step may hide. The backlog is what was due and is not answered
yet, wherever it waits. Its growth in each of `_BINS` parts of the step is what arrived less what was answered, and
whether their mean is above zero is Student's t-test. In a queue that keeps up these parts cancel out, so that the test
warns far more rarely than `_ERROR` says: of 400 simulated steps of 13 s of each of three M/M/k queues in none at 90 %
of what the servers can do, in one of a hundred at 98 %. Beyond that they add up, like the steps of a random walk with
drift: at 105 % it sees 95 in 100 where 1,000 a second are served, and 60 where it is 300. A growth below a hundredth of
the arrivals is no matter, however certain.

**How long**: a quantile is reported where at least ten of the operations lie above it, the rule for the normal
approximation to hold for a quantile's bounds (Hahn, Meeker and Escobar, Statistical Intervals, 2017, section 5.2):
1,000 operations for a p99, 10,000 for a p99.9. A success ratio by the rule of three (Hanley and Lippman-Hand, JAMA 249,
1983): of 3,000 operations none may fail for 0.999 to be shown. For 1, which no number shows, none of as many.
Where a step may not be as long as that takes, `doubt` says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from reports.capacity.objective import Objective

Floats = NDArray[np.float64]
#: Whole nanoseconds of one clock, one of each operation.
Times = NDArray[np.int64]

_BATCH = 5
#: Median response time of what is dropped, to that of what is left.
_SLOWER = 1.25
#: Long enough for a median at a hundred a second, and shorter than a disk's stalls.
_PART_NS = 500_000_000
_BINS = 20
_ERROR = 0.05
_LEAST_GROWTH = 0.01
#: A queue fills up as a step begins, which is no growth: the backlog counts from this share of a step on, wherever the
#: warm-up ended, because that of one which only grows has no end.
_FILLS_FOR = 0.25
_BEYOND = 10
_WITHOUT_FAILURE = 3
#: No number of operations shows a ratio of 1; it takes as many as this one.
_OF_NO_FAILURE = 0.999

#: A step counts at least so long, so that several of a disk's and of a scheduler's hiccups fall into it, ...
SHORTEST_S = 8.0
#: ... and no longer, whatever a rare quantile needs.
LONGEST_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """per_s: operations a second by which it grew, negative where it shrank. grows: significantly, and by an amount
    that matters."""

    per_s: float
    grows: bool


@dataclass(frozen=True, kw_only=True)
class Steady:
    """What `steady` made of a step. counted: which of the operations count, shape (n,). warm_up_s: from the start of
    the step to the first that counts."""

    warm_up_s: float
    counted: NDArray[np.bool_]
    backlog: Backlog


def steady(*, due_ns: Times, end_ns: Times, start_ns: int, until_ns: int) -> Steady:
    """Of one step: the due time and the end of each of its operations (in any order, shape (n,)), and when its load
    began and ended. An operation that was never answered has its end at or after until_ns."""
    warm_up_s = warm_up(due_ns=due_ns, end_ns=end_ns, start_ns=start_ns, until_ns=until_ns)
    filled_ns = start_ns + round((until_ns - start_ns) * _FILLS_FOR)
    return Steady(
        warm_up_s=warm_up_s,
        counted=due_ns >= start_ns + round(warm_up_s * 1e9),
        backlog=backlog(due_ns=due_ns, end_ns=end_ns, start_ns=filled_ns, until_ns=until_ns),
    )


def warm_up(*, due_ns: Times, end_ns: Times, start_ns: int, until_ns: int) -> float:
    """Seconds from the start of a step that MSER-5 cuts off, at most half of the step, and no more than was slow from
    the start on; 0 where there is too little to tell."""
    half_ns = start_ns + (until_ns - start_ns) // 2
    order = np.argsort(due_ns, kind="stable")
    due = due_ns[order]
    response_s = (end_ns[order] - due) / 1e9
    batches = len(response_s) // _BATCH
    cut = mser(response_s[: batches * _BATCH].reshape(batches, _BATCH).mean(axis=1)) * _BATCH
    if cut == 0:
        return 0.0
    slow_s = _SLOWER * float(np.median(response_s[cut:]))
    if np.median(response_s[:cut]) < slow_s:
        return 0.0
    until_ns = min(
        int(due[cut]), _slow_until_ns(due[:cut], response_s[:cut], start_ns=start_ns, slow_s=slow_s), half_ns
    )
    return (until_ns - start_ns) / 1e9


def _slow_until_ns(due: Times, response_s: Floats, *, start_ns: int, slow_s: float) -> int:
    """When the first part began whose median was not slow; what comes after a calm part is no warm-up."""
    begin = start_ns
    while begin <= due[-1]:
        part = response_s[(due >= begin) & (due < begin + _PART_NS)]
        if len(part) and np.median(part) < slow_s:
            break
        begin += _PART_NS
    return begin


def mser(values: Floats) -> int:
    """How many values to drop from the front, at most half of them: the marginal standard error rule, which is the
    number d that makes ``sum of squared deviations of the rest / (n - d) ** 2`` the least, and of several the smallest.
    """
    n = len(values)
    if n < 4:
        return 0
    centred = values - values.mean()  # keeps the difference of two sums of squares from losing its digits
    left = np.arange(n, 0, -1)
    sums = np.cumsum(centred[::-1])[::-1]
    squares = np.cumsum(centred[::-1] ** 2)[::-1]
    error: Floats = (squares - sums**2 / left) / left**2
    return int(np.argmin(error[: n // 2 + 1]))


def backlog(*, due_ns: Times, end_ns: Times, start_ns: int, until_ns: int) -> Backlog:
    """Whether what is due and not answered grew from start_ns to until_ns (see the head of this file)."""
    lasts_s = (until_ns - start_ns) / 1e9
    if lasts_s <= 0:
        return Backlog(per_s=0.0, grows=False)
    edges = np.linspace(start_ns, until_ns, _BINS + 1)
    arrived = np.searchsorted(np.sort(due_ns), edges, side="left")
    answered = np.searchsorted(np.sort(end_ns), edges, side="left")
    growth: Any = np.diff(arrived - answered)
    mean, error = float(growth.mean()), float(growth.std(ddof=1)) / math.sqrt(_BINS)
    matters = mean * _BINS > _LEAST_GROWTH * (arrived[-1] - arrived[0])
    certain = mean > error * float(student.ppf(1 - _ERROR, _BINS - 1))
    return Backlog(per_s=mean * _BINS / lasts_s, grows=bool(matters and certain))


def operations_needed(objectives: Iterable[Objective]) -> int:
    """So many operations carry every one of the objectives (see the head of this file)."""
    return max((_needed(objective) for objective in objectives), default=1)


def _needed(objective: Objective) -> int:
    if objective.quantile is not None:
        return _up(_BEYOND / (1 - objective.quantile))
    return _up(_WITHOUT_FAILURE / (1 - (_OF_NO_FAILURE if _never_fails(objective) else objective.limit)))


def _up(number: float) -> int:
    """To the next whole number, but for what floating point adds: 3 / (1 - 0.99999) is a millionth above 300,000."""
    return math.ceil(number * (1 - 1e-9))


def _never_fails(objective: Objective) -> bool:
    return objective.quantile is None and objective.limit >= 1


def duration_s(rate_tps: float, objectives: Iterable[Objective]) -> float:
    """How long a step at a rate has to count: as long as its objectives need, from `SHORTEST_S` to `LONGEST_S`."""
    return min(max(operations_needed(objectives) / rate_tps, SHORTEST_S), LONGEST_S)


def doubt(operations: int, objectives: Sequence[Objective]) -> str:
    """Why a step with so many operations does not carry the objectives, in words; empty where it does."""
    needed = operations_needed(objectives)
    if operations < needed:
        return f"its step has {operations:,} operations, the objectives need {needed:,} to be sure"
    if any(map(_never_fails, objectives)):
        shown = 1 - _WITHOUT_FAILURE / operations
        return f"no number of operations shows a success ratio of 1, the {operations:,} of its step show {shown:.6g}"
    return ""
