"""Tonight against earlier nights: what is flagged is confirmed by a rerun before anybody is woken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from reports.trends.comparison import Comparison, Least, PairComparison, compare
from reports.trends.confirmation import Fresh, confirmed, not_rerun
from reports.trends.row import TrialRow


class Again(NamedTuple):
    """fresh: by the name of the pair; those that could not be run again are not there. note: why not, or not both."""

    fresh: Mapping[str, Fresh]
    note: str


#: Runs the configurations of these pairs again, in turns.
Rerun = Callable[[Sequence[PairComparison]], Again]


def gate(
    tonight: Sequence[TrialRow],
    earlier: Sequence[TrialRow],
    *,
    rerun: Rerun | None = None,
    least: Mapping[str, Least] | None = None,
) -> Comparison:
    """``tonight`` (B) held against ``earlier`` (A). An alarm is what has ``confirmed``; without a rerun nothing has."""
    comparison = compare(earlier, tonight, least=least)
    return comparison if rerun is None else looked_at_again(comparison, rerun)


def looked_at_again(comparison: Comparison, rerun: Rerun) -> Comparison:
    """The comparison, with what a rerun says of whatever was flagged; runs nothing where nothing was."""
    flagged = [pair for pair in comparison.pairs if pair.with_outcome("worse")]
    if not flagged:
        return comparison
    again = rerun(flagged)
    if not again.fresh:
        return not_rerun(comparison, why=again.note)
    return confirmed(comparison, again.fresh, note=again.note)
