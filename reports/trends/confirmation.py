"""What was flagged, looked at again in fresh trials: what shows once may have been the night.

A rerun looks at nothing but what was flagged, so it is held against `correction.CONFIRMED`, shared among those alone,
and the difference has to matter again. Pure: `scenarios.compare` runs the trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports.trends.comparison import (
    Comparison,
    Confirmation,
    Finding,
    PairComparison,
    got_worse,
    matters,
    p_worse,
    samples_of,
)
from reports.trends.correction import CONFIRMED, adjusted, shares
from reports.trends.row import TrialRow
from reports.trends.two_samples import TwoSamples


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """The trials of a rerun of one pair. a: empty where only B was run again."""

    a: Sequence[TrialRow]
    b: Sequence[TrialRow]


def confirmed(comparison: Comparison, fresh: Mapping[str, Fresh], *, note: str = "") -> Comparison:
    """The comparison with what a rerun says of each finding that was flagged.

    fresh: by the pair's name; a pair that is not there was not run again, and nothing of it is confirmed. note: of
    `Confirmation`.
    """
    again = {
        (pair.pair.name, finding.metric): samples
        for pair, finding in comparison.flagged()
        if (run := fresh.get(pair.pair.name)) is not None
        and (samples := samples_of(finding.metric, run.a or pair.pair.a, run.b)) is not None
    }
    ps = adjusted([p_worse(metric, samples) for (_, metric), samples in again.items()], shares([False] * len(again)))
    p_of = dict(zip(again, ps, strict=True))

    def looked_at_again(pair: PairComparison, finding: Finding) -> Finding:
        key = (pair.pair.name, finding.metric)
        if finding.outcome != "worse":
            return finding
        samples = again.get(key)
        shown = samples is not None and p_of[key] <= CONFIRMED and _as_before(finding, samples)
        return replace(finding, fresh=samples, confirmed=shown)

    return replace(
        comparison,
        pairs=[
            replace(pair, findings=[looked_at_again(pair, finding) for finding in pair.findings])
            for pair in comparison.pairs
        ],
        confirmation=_account(fresh, note=note),
    )


def not_rerun(comparison: Comparison, *, why: str) -> Comparison:
    """The comparison, with the reason why nothing of it was run again."""
    return replace(comparison, confirmation=Confirmation(ran="none", trials_a=0, trials_b=0, note=why))


def _as_before(finding: Finding, samples: TwoSamples) -> bool:
    return got_worse(finding.metric, samples) and matters(samples, finding.least)


def _account(fresh: Mapping[str, Fresh], *, note: str) -> Confirmation:
    trials_a = sum(row.counts for run in fresh.values() for row in run.a)
    trials_b = sum(row.counts for run in fresh.values() for row in run.b)
    return Confirmation(
        ran="both" if trials_a else "b" if trials_b else "none", trials_a=trials_a, trials_b=trials_b, note=note
    )
