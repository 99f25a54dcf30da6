"""A server with a queue and k slots, simulated: what it carries is known without any search.

Arrivals are random and independent (Poisson), each takes the slot that is free first. With random service times (M/M/k)
the share of operations that take longer than t is known in closed form; see `carries_tps`.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import brentq

from reports.capacity.stability import steady
from reports.capacity.step import Limit, Purpose, Step
from tests.reports.capacity.made import step

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}


@dataclass(kw_only=True)
class FakeServer:
    """capacity_tps: of all slots together. fixed_times: all take the same (M/D/k). noise: standard deviation by which
    the capacity differs from step to step, as a share. cold_s: so long each step begins at half the speed. drops: the
    share of operations that fail. generator_tps: more than that cannot be offered. lasts_s: each step."""

    capacity_tps: float
    slots: int
    seed: int = 0
    fixed_times: bool = False
    noise: float = 0.0
    cold_s: float = 0.0
    drops: float = 0.0
    generator_tps: float = math.inf
    lasts_s: float = 13.0
    asked: list[tuple[float, Purpose]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def __call__(self, rate_tps: float, purpose: Purpose) -> Step:
        self.asked.append((rate_tps, purpose))
        due_s, end_s = self._served(min(rate_tps, self.generator_tps))
        until_ns = round(self.lasts_s * 1e9)
        due_ns, end_ns = ((times * 1e9).astype(np.int64) for times in (due_s, end_s))
        part = steady(due_ns=due_ns, end_ns=end_ns, start_ns=0, until_ns=until_ns)
        counted_s = self.lasts_s - part.warm_up_s
        failed = self._random.random(len(due_s)) < self.drops
        response_ms = np.where(failed, np.inf, (end_s - due_s) * 1e3)[part.counted]
        found = np.quantile(response_ms, list(QUANTILES.values()), method="higher")
        times_ms = {name: float(ms) if np.isfinite(ms) else None for name, ms in zip(QUANTILES, found, strict=True)}
        arrived_tps = len(response_ms) / counted_s
        is_late = rate_tps > self.generator_tps
        late = Limit(what="generator", evidence=f"{arrived_tps:.0f}/s of {rate_tps:.0f}/s were offered")
        return replace(
            step(purpose=purpose, offered_tps=rate_tps, arrived_tps=arrived_tps),
            success_ratio=float(1 - failed[part.counted].mean()),
            response_ms=dict.fromkeys(times_ms) if is_late else times_ms,
            operations=len(response_ms),
            warm_up_s=part.warm_up_s,
            backlog_per_s=part.backlog.per_s,
            stable=not part.backlog.grows,
            limits=(late,) if is_late else (),
        )

    def _served(self, rate_tps: float) -> tuple[np.ndarray, np.ndarray]:
        """Due and end of each operation of a step, in seconds."""
        due_s = np.sort(self._random.uniform(0, self.lasts_s, self._random.poisson(rate_tps * self.lasts_s)))
        takes_s = self.slots / self.capacity_tps * math.exp(self._random.normal(0, self.noise))
        took_s = np.full(len(due_s), takes_s) if self.fixed_times else self._random.exponential(takes_s, len(due_s))
        took_s = np.where(due_s < self.cold_s, 2 * took_s, took_s)
        free_s = [0.0] * self.slots
        ends_s = np.empty(len(due_s))
        for at, (due, took) in enumerate(zip(due_s.tolist(), took_s.tolist(), strict=True)):
            ends_s[at] = max(due, free_s[0]) + took
            heapq.heapreplace(free_s, ends_s[at])
        return due_s, ends_s


def carries_tps(*, capacity_tps: float, slots: int, quantile: float, limit_s: float) -> float:
    """The rate at which this quantile of the response time of an M/M/k queue is the limit."""
    each_tps = capacity_tps / slots

    def too_slow(rate_tps: float) -> float:
        return slower_than(limit_s, rate_tps=rate_tps, each_tps=each_tps, slots=slots) - (1 - quantile)

    return float(brentq(too_slow, capacity_tps * 1e-6, capacity_tps * (1 - 1e-9)))


def slower_than(t_s: float, *, rate_tps: float, each_tps: float, slots: int) -> float:
    """The share of operations of an M/M/k queue whose response takes longer. It is the service time and, as often as
    Erlang's C says, an exponential wait (Gross and Harris, Fundamentals of Queueing Theory, section 2.3)."""
    load = rate_tps / each_tps
    terms = [load**n / math.factorial(n) for n in range(slots)]
    all_busy = load**slots / math.factorial(slots) * slots / (slots - load)
    waits = all_busy / (sum(terms) + all_busy)
    spare_tps = slots * each_tps - rate_tps
    if math.isclose(spare_tps, each_tps):
        return math.exp(-each_tps * t_s) * (1 + waits * each_tps * t_s)
    both = each_tps / (each_tps - spare_tps) * (math.exp(-spare_tps * t_s) - math.exp(-each_tps * t_s))
    return math.exp(-each_tps * t_s) + waits * both
