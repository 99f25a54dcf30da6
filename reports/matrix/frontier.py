"""The frontier of a matrix: the cells that no other beats (Pareto 1896; here all of three are to be small).

Held against each other are the median write outage, the acknowledged transfers lost a trial, and the median response
p99 before the fault: what a configuration costs while all is well. The p99 during a fault is mostly its outage again.
Lost is a mean, because money lost in one trial of three is lost, and a median would not show it.

One cell dominates another where it is nowhere worse and somewhere better. That is said of medians; whether more trials
would say the same is not: a domination is ``separated`` only where in some number the interval of the better one ends
before that of the other begins. The interval is the 95 % one of the median where there are trials enough, else the
extremes of the trials; one trial has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from reports.matrix.matrix_types import CellRow, Dominated, FrontierMetric, FrontierRow, Spread
from reports.matrix.trial_stats import middle

METRICS: tuple[FrontierMetric, ...] = get_args(FrontierMetric)
METHOD = (
    "minimised: median write outage, lost transfers a trial (mean over the trials that were judged), median response "
    "p99 before the fault; separated: in one of them the 95 % interval of the median (with fewer than 5 trials the "
    "extremes) of the better cell ends before the other's begins"
)
Interval = tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Point:
    """A cell in numbers. values: of the metrics that are known in this matrix. intervals: None with one trial."""

    name: str
    values: Mapping[FrontierMetric, float]
    intervals: Mapping[FrontierMetric, Interval]

    def beats(self, other: Point) -> bool:
        mine, theirs = self.values, other.values
        return all(mine[name] <= theirs[name] for name in mine) and any(mine[name] < theirs[name] for name in mine)

    def is_apart_from(self, other: Point) -> bool:
        """Whether it is better in some metric beyond what the trials of both leave open."""
        pairs = [(self.intervals[name], other.intervals[name]) for name in self.values]
        return any(mine is not None and theirs is not None and mine[1] < theirs[0] for mine, theirs in pairs)


def metrics_known(cells: Sequence[CellRow]) -> list[FrontierMetric]:
    """Those that some cell has; what a workload cannot tell, no cell has, and it is left out."""
    return [name for name in METRICS if any(_value(cell, name) is not None for cell in cells)]


def frontier(cells: Sequence[CellRow]) -> Iterator[FrontierRow]:
    """A row for each cell, in their order. A cell without a trial that counts, or without one of the numbers, is
    compared with none, and says why."""
    known = metrics_known(cells)
    points = [None if _absent(cell, known) else _point(cell, known) for cell in cells]
    compared = [point for point in points if point is not None]
    for cell, point in zip(cells, points, strict=True):
        if point is None:
            yield _row(cell, in_set=None, why=_absent(cell, known), dominated_by=[])
        else:
            better = [other for other in compared if other.beats(point)]
            by = [Dominated(cell=other.name, separated=other.is_apart_from(point)) for other in better]
            yield _row(cell, in_set=not by, why=None, dominated_by=by)


def lost_per_trial(cell: CellRow) -> float | None:
    """The mean over the trials that were judged; None where none can tell."""
    judged = cell["trials_by_verdict"]["pass"] + cell["trials_by_verdict"]["fail"]
    lost = cell["rpo"]["lost"]
    return None if lost is None or not judged else lost / judged


def _spread(cell: CellRow, name: FrontierMetric) -> Spread | None:
    match name:
        case "write_outage_ms":
            return cell["write_outage_ms"]
        case "lost_per_trial":
            return cell["lost"]
        case "response_before_p99_ms":
            return cell["response_ms"]["before"]["p99"]


def _value(cell: CellRow, name: FrontierMetric) -> float | None:
    return lost_per_trial(cell) if name == "lost_per_trial" else middle(_spread(cell, name))


def _row(cell: CellRow, *, in_set: bool | None, why: str | None, dominated_by: list[Dominated]) -> FrontierRow:
    return {
        "in_set": in_set,
        "why": why,
        "dominated_by": dominated_by,
        "write_outage_ms": _value(cell, "write_outage_ms"),
        "lost_per_trial": _value(cell, "lost_per_trial"),
        "response_before_p99_ms": _value(cell, "response_before_p99_ms"),
    }


def _absent(cell: CellRow, known: Sequence[FrontierMetric]) -> str | None:
    """Why a cell is compared with none; None where it is."""
    if not cell["counted"]:
        return "no trial counts"
    lacking = [name for name in known if _value(cell, name) is None]
    return f"{', '.join(lacking)} not known" if lacking or not known else None


def _point(cell: CellRow, known: Sequence[FrontierMetric]) -> Point:
    values = {name: value for name in known if (value := _value(cell, name)) is not None}
    return Point(name=cell["name"], values=values, intervals={name: _interval(_spread(cell, name)) for name in values})


def _interval(spread: Spread | None) -> Interval:
    if spread is None or len(spread["values"]) < 2:
        return None
    low, high = spread["ci95"] or (spread["min"], spread["max"])
    return low, high
