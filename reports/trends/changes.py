"""Where the numbers of a scenario moved for good, over all its runs: what the console marks, and a night of capacity.

A series is a metric of one scenario on one topology behind one mesh, also where settings or the code changed in
between: that is what one wants to see. What a void run measured is not in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reports.trends.change_points import ChangePoint, change_points
from reports.trends.metrics import METRICS, Metric
from reports.trends.row import TrialRow

#: Of a series so many of its last values are looked at: the time that it takes grows with them.
VALUES_MAX = 400


@dataclass(frozen=True, kw_only=True)
class Change:
    """A metric has had another level since a run. row: index of the first run on it. before, after: medians."""

    row: int
    metric: str
    before: float
    after: float
    p: float

    @property
    def worse(self) -> bool:
        """Whether that is the wrong way."""
        return (self.after < self.before) is (METRICS[self.metric].better == "higher")


def changes(
    rows: Sequence[TrialRow], *, look: Callable[[Sequence[float]], Sequence[ChangePoint]] = change_points
) -> list[Change]:
    """Every change that is large enough to matter. rows: oldest first. look: finds change points in a series."""
    return [change for name, metric in METRICS.items() for change in _changes_of(name, metric, rows, look)]


def _changes_of(
    name: str,
    metric: Metric,
    rows: Sequence[TrialRow],
    look: Callable[[Sequence[float]], Sequence[ChangePoint]],
) -> Iterator[Change]:
    for indices in _series(name, rows):
        for point in look([rows[index].numbers[name] for index in indices]):
            if _matters(point, metric):
                yield Change(row=indices[point.index], metric=name, before=point.before, after=point.after, p=point.p)


def _series(name: str, rows: Sequence[TrialRow]) -> list[list[int]]:
    """Indices of the rows of each series that has values of this metric, and not all the same."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row.counts and name in row.numbers:
            found[row.scenario, row.cell].append(index)
    series = (indices[-VALUES_MAX:] for indices in found.values())
    return [indices for indices in series if len({rows[index].numbers[name] for index in indices}) > 1]


def _matters(point: ChangePoint, metric: Metric) -> bool:
    by = abs(point.after - point.before)
    return by >= metric.least_absolute and by >= metric.least_effect * abs(point.before)
