"""The knee of a throughput-latency curve: where one more operation a second begins to cost more than it brings.

It is where Kleinrock's power has its peak: throughput over response time (Power and deterministic rules of thumb for
probabilistic problems in computer communications, ICC 1979). Measured steps scatter, and the largest of any noise is a
peak, too. So it is claimed only where a peak was measured: the steps reach from one rate to its double or beyond;
three neighbors, and not one step alone, have a fifth more power than either end; and the lowest rate was not the slower
one, which is what no system does and a machine that varies does.
"""

from __future__ import annotations

from collections.abc import Sequence

from reports.capacity.content import StepRow

_NEIGHBORS = 3
_REACH = 2.0
_STANDS_OUT = 1.2


def knee(steps: Sequence[StepRow]) -> StepRow | None:
    """The step of most power; the response time is the median, and only stable steps count. None where no peak was
    measured."""
    stable = sorted(
        (step for step in steps if step["stable"] and step["response_ms"]["p50"]), key=lambda step: step["achieved_tps"]
    )
    inner = stable[1:-1]
    if len(inner) < _NEIGHBORS:
        return None
    lowest, highest = stable[0], stable[-1]
    neighbors = [inner[at : at + _NEIGHBORS] for at in range(len(inner) - _NEIGHBORS + 1)]
    around = max(neighbors, key=lambda three: min(map(_power, three)))
    most = max(around, key=_power)
    measured = (
        highest["achieved_tps"] >= _REACH * lowest["achieved_tps"]
        and min(map(_power, around)) >= _STANDS_OUT * max(_power(lowest), _power(highest))
        and _p50_ms(most) >= _p50_ms(lowest)
    )
    return most if measured else None


def _power(step: StepRow) -> float:
    return step["achieved_tps"] / _p50_ms(step)


def _p50_ms(step: StepRow) -> float:
    return step["response_ms"]["p50"] or 1.0
