"""Steps for tests: a calm one, with what a test is about changed."""

from __future__ import annotations

from reports.capacity.step import Limit, Purpose, Step
from reports.capacity.usage import Usage


def step(
    *,
    purpose: Purpose = "bisect",
    offered_tps: float = 100.0,
    arrived_tps: float | None = None,
    achieved_tps: float | None = None,
    success_ratio: float = 1.0,
    response_p99_ms: float | None = 20.0,
    service_p99_ms: float | None = 20.0,
    concurrency: float = 1.0,
    backlog_per_s: float = 0.0,
    stable: bool = True,
    usage: Usage | None = None,
    limits: tuple[Limit, ...] = (),
) -> Step:
    arrived = offered_tps if arrived_tps is None else arrived_tps
    return Step(
        purpose=purpose,
        setting="n",
        offered_tps=offered_tps,
        arrived_tps=arrived,
        achieved_tps=arrived if achieved_tps is None else achieved_tps,
        success_ratio=success_ratio,
        concurrency=concurrency,
        duration_s=10.0,
        warm_up_s=2.0,
        response_ms={"p50": 5.0, "p95": 10.0, "p99": response_p99_ms, "p999": response_p99_ms},
        service_ms={"p50": 5.0, "p95": 10.0, "p99": service_p99_ms, "p999": service_p99_ms},
        operations=round(arrived * 10),
        backlog_per_s=backlog_per_s,
        stable=stable,
        usage=usage if usage is not None else Usage(host_cpus=2),
        limits=limits,
        folder="steps/1",
    )
