"""The knee of a throughput-latency curve: where one more operation a second begins to cost more than it brings."""

from __future__ import annotations

from collections.abc import Sequence

from reports.capacity.content import StepRow

#: Two points have no knee.
LEAST_STEPS = 3


def knee(steps: Sequence[StepRow]) -> StepRow | None:
    """The step of most power, throughput over response time (Kleinrock, Power and deterministic rules of thumb for
    probabilistic problems in computer communications, ICC 1979); the response time is the median.

    Only of steps that were stable. None where there are too few of them, or where the most power is at either end, so
    that the knee was not measured.
    """
    stable = sorted(
        (step for step in steps if step["stable"] and step["response_ms"]["p50"]), key=lambda step: step["achieved_tps"]
    )
    if len(stable) < LEAST_STEPS:
        return None
    most = max(stable, key=_power)
    return None if most in (stable[0], stable[-1]) else most


def _power(step: StepRow) -> float:
    return step["achieved_tps"] / (step["response_ms"]["p50"] or 1)
