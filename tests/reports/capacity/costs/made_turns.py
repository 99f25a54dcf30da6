"""Turns for tests: of known throughput, latency and CPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reports.capacity.costs.tax import Turn
from reports.capacity.step import Step
from reports.capacity.usage import PodKind, PodUsage, Usage


def usage_of_pods(cpu_us: Mapping[PodKind, float | None], *, tps: float, mib: float | None = 100.0) -> Usage:
    """cpu_us: per operation, by kind."""
    return Usage(
        host_cpus=2,
        pods={
            kind: PodUsage(pods=1, cpu_cores=cores, busiest_cpu_cores=cores, cpu_us_per_txn=us, memory_mib=mib)
            for kind, us in cpu_us.items()
            for cores in ((us or 0.0) * tps / 1e6,)
        },
    )


def turn(
    who: str,
    round_: int,
    *,
    tps: float = 1000.0,
    p50_ms: float | None = 5.0,
    cpu_us: Mapping[PodKind, float | None] | None = None,
    mib: float | None = 100.0,
    proxies_mib: float | None = None,
    success_ratio: float = 1.0,
    stable: bool = True,
) -> Turn:
    percentiles = {name: None if p50_ms is None else p50_ms * more for name, more in _SPREAD.items()}
    measured = Step(
        purpose="tax",
        setting=who,
        offered_tps=0.0,
        arrived_tps=tps,
        achieved_tps=tps,
        success_ratio=success_ratio,
        concurrency=tps * 0.005,
        duration_s=4.0,
        warm_up_s=1.0,
        response_ms=percentiles,
        service_ms=percentiles,
        operations=round(tps * 4),
        backlog_per_s=0.0,
        stable=stable,
        usage=usage_of_pods({"primary": 800.0, "load": 300.0} if cpu_us is None else cpu_us, tps=tps, mib=mib),
        limits=(),
        folder="steps/1",
    )
    return Turn(who=who, round=round_, step=measured, proxies_mib=proxies_mib)


def silent(one: Turn) -> Turn:
    """Of which nothing was answered."""
    return replace(one, step=replace(one.step, operations=0, success_ratio=0.0))


_SPREAD = {"p50": 1.0, "p95": 2.0, "p99": 3.0, "p999": 4.0}
