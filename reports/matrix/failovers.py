"""In how many trials somebody was made the primary after the fault: the gray-failure curve over a fault's strength.

A gray failure is one that some notice and some do not (Huang et al., Gray Failure, HotOS 2017): too weak for a failover
and strong enough to hurt. Where exactly one axis varies a step of the timeline, its levels are such strengths, and the
share of trials with a failover, with Wilson's interval, is a curve over them; one for each combination of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from reports.matrix.matrix_types import AxisRow, CellRow, CurvePoint, FailoverCurve, Failovers
from reports.matrix.numbers import injected_ns
from reports.summary_types import Summary
from reports.trials.quantiles import wilson

PROMOTED = "promoted"


def failed_over(summary: Summary) -> bool | None:
    """Whether the control plane, or the group as it saw it, made somebody the primary once the first step had struck;
    None where no step did or nobody kept account."""
    since_ns = injected_ns(summary)
    if since_ns is None or not summary["decisions"]:
        return None
    return any(one["event"] == PROMOTED and one["at_ns"] > since_ns for one in summary["decisions"])


def failovers(told: Sequence[bool | None], *, left_out: int) -> Failovers:
    """told: of the trials that count. left_out: how many do not."""
    known = [one for one in told if one is not None]
    share = wilson(sum(known), len(known))
    return {
        "number": sum(known),
        "of": len(known),
        "low": None if share is None else share.low,
        "high": None if share is None else share.high,
        "left_out": left_out + len(told) - len(known),
    }


def failover_curves(axes: Sequence[AxisRow], cells: Sequence[CellRow]) -> list[FailoverCurve]:
    """None where no axis, or more than one, varies the timeline. cells: of the whole matrix."""
    of_faults = [axis for axis in axes if axis["key"].startswith("faults.")]
    if len(of_faults) != 1:
        return []
    (axis,) = of_faults
    curves: dict[str, dict[str, CurvePoint]] = {}
    for cell in cells:
        level = next(one["asked"] for one in cell["varied"] if one["key"] == axis["key"])
        rest = [one["name"] for one in cell["varied"] if one["key"] != axis["key"]]
        where = " / ".join([cell["topology"], cell["mesh"], *rest])
        if cell["verdict"] != "not applicable":
            curves.setdefault(where, {})[level] = {"level": level, "cell": cell["name"], **cell["failovers"]}
    return [
        {
            "key": axis["key"],
            "of": where,
            "points": [points[level] for level in axis["values"] if level in points],
        }
        for where, points in curves.items()
    ]
