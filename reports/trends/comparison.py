"""Did it get worse? Trials of A against trials of B, per scenario and metric, and which step of the recovery moved.

A metric is worse where three things hold: chance is ruled out (`two_samples`, held against all metrics that were looked
at, `correction`), the difference is one that matters (`METRICS` says how much, the user may say otherwise), and the
machine was not slower to the same degree (`machine`). Where there are too few trials for chance to be ruled out
whatever they say, it is undecided, which is no answer and must not look like "nothing found". Pure: trials that were
run to confirm it are compared by `confirmation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from checks.recovery.waterfall import PRIMARY_STEPS
from reports.trends.correction import ALPHA, adjusted, shares
from reports.trends.machine import Machine, machine_of
from reports.trends.metrics import METRICS
from reports.trends.pairing import Pair, paired
from reports.trends.row import TrialRow
from reports.trends.two_samples import TwoSamples, least_p, trials_needed, two_samples, two_shares

#: too_small: certain, and does not matter. machine: slower, as the machine was. not_shown: enough trials, and chance is
#: not ruled out.
Outcome = Literal["worse", "machine", "better", "too_small", "not_shown", "undecided"]

#: Looked at like a metric; is none of a single trial.
FAILED = "failed_share"
OUTAGE = "write_outage_ms"
#: What no machine explains, however slow.
_MONEY = frozenset({"lost", "duplicated", "torn"})
HEADLINE = frozenset({OUTAGE, FAILED, *_MONEY})
#: The steps that a write outage is made of, by their metrics. They explain it and raise no alarm of their own.
OUTAGE_STEPS = {f"step_{step}_ms": step for step in PRIMARY_STEPS[1 : PRIMARY_STEPS.index("first_ack") + 1]}
#: A step is named where chance is unlikely for it alone, because that the outage changed is certain by then, ...
_STEP_P_MAX = 0.05
#: ... and where it carries so much of the change.
_STEP_SHARE_MIN = 0.25


@dataclass(frozen=True, kw_only=True)
class Least:
    """The smallest difference that matters. relative: a share of A's median. absolute: in the metric's unit."""

    relative: float
    absolute: float


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A metric of one scenario in one cell. p: held against `correction.ALPHA`, of the direction in which it moved.
    needed: so many trials of each could tell. fresh, confirmed: of a rerun; None without one."""

    metric: str
    outcome: Outcome
    samples: TwoSamples
    p: float
    least: Least
    needed: int
    fresh: TwoSamples | None = None
    confirmed: bool | None = None

    @property
    def relative(self) -> float | None:
        """The shift as a share of A's median; None where that is zero."""
        return self.samples.shift / abs(self.samples.level_a) if self.samples.level_a else None


@dataclass(frozen=True, kw_only=True)
class MovedStep:
    step: str
    samples: TwoSamples


@dataclass(frozen=True, kw_only=True)
class PairComparison:
    """findings: what was worse first. steps: those that carry a change of the write outage, the largest first."""

    pair: Pair
    findings: Sequence[Finding]
    steps: Sequence[MovedStep]
    machine: Machine

    def with_outcome(self, outcome: Outcome) -> list[Finding]:
        return [finding for finding in self.findings if finding.outcome == outcome]


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """A rerun. ran: ``both`` sides in turns, or ``b`` alone, held against the trials that A has. trials_a, trials_b:
    that count. note: why not both, or why there is none; empty where there is nothing to say."""

    ran: Literal["both", "b", "none"]
    trials_a: int
    trials_b: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    pairs: Sequence[PairComparison]
    left_out: Sequence[str]
    confirmation: Confirmation | None = None

    def flagged(self) -> list[tuple[PairComparison, Finding]]:
        """What is worse, whether or not a rerun confirms it."""
        return [(pair, finding) for pair in self.pairs for finding in pair.with_outcome("worse")]

    @property
    def confirmed(self) -> bool:
        """Whether a rerun shows again at least one thing that is worse."""
        return any(finding.confirmed for _, finding in self.flagged())

    @property
    def undecided(self) -> list[PairComparison]:
        """Those whose trials are too few to show anything that a failover is about."""
        return [pair for pair in self.pairs if _undecided(pair)]


def compare(a: Iterable[TrialRow], b: Iterable[TrialRow], *, least: Mapping[str, Least] | None = None) -> Comparison:
    """b held against a. least: by the metric's name, in place of what `METRICS` says. Void trials are left out."""
    pairing = paired(a, b)
    tests = [test for pair in pairing.pairs for test in _tests(pair)]
    found = list(zip(tests, _findings(tests, least or {}), strict=True))
    return Comparison(
        pairs=[_compared(pair, [finding for test, finding in found if test.pair is pair]) for pair in pairing.pairs],
        left_out=pairing.left_out,
    )


def values(rows: Iterable[TrialRow], metric: str) -> list[float]:
    """Of the trials that count and have it."""
    return [row.numbers[metric] for row in rows if row.counts and metric in row.numbers]


def samples_of(metric: str, a: Sequence[TrialRow], b: Sequence[TrialRow]) -> TwoSamples | None:
    """None where one side has nothing to compare. A trial that failed counts as failed even where its numbers do not:
    money is gone whatever else went wrong."""
    if metric == FAILED:
        failed_a, failed_b = ([row.verdict == "fail" for row in rows if row.verdict != "void"] for rows in (a, b))
        return two_shares(failed_a, failed_b) if failed_a and failed_b else None
    of_a, of_b = values(a, metric), values(b, metric)
    return two_samples(of_a, of_b) if of_a and of_b else None


def p_worse(metric: str, samples: TwoSamples) -> float:
    """One-sided: what got better raises no alarm, and takes nothing from the chance to see what got worse."""
    return samples.p_larger if _lower_is_better(metric) else samples.p_smaller


def p_better(metric: str, samples: TwoSamples) -> float:
    return samples.p_smaller if _lower_is_better(metric) else samples.p_larger


def matters(samples: TwoSamples, least: Least) -> bool:
    """Whether the shift is as large as the least one that does, in either direction."""
    size = abs(samples.shift)
    return size > 0 and size >= least.absolute and size >= least.relative * abs(samples.level_a)


def got_worse(metric: str, samples: TwoSamples) -> bool:
    return samples.shift > 0 if _lower_is_better(metric) else samples.shift < 0


def _lower_is_better(metric: str) -> bool:
    return metric == FAILED or METRICS[metric].better == "lower"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Test:
    """One metric of one pair, before all are looked at together."""

    pair: Pair
    metric: str
    samples: TwoSamples


def _tests(pair: Pair) -> Iterator[_Test]:
    for metric in (FAILED, *(name for name in METRICS if name not in OUTAGE_STEPS)):
        samples = samples_of(metric, pair.a, pair.b)
        if samples is not None:
            yield _Test(pair=pair, metric=metric, samples=samples)


def _findings(tests: Sequence[_Test], least: Mapping[str, Least]) -> Iterator[Finding]:
    """One for each test, in their order; all metrics of all pairs are held against each other. What could not be
    significant in any order of its numbers takes no share of ALPHA from the others (Tarone, A Modified Bonferroni
    Method for Discrete Data, Biometrics 1990)."""
    telling = [test for test in tests if test.samples.p_least <= ALPHA]
    parts = _parts(telling)
    worse = dict(zip(telling, adjusted([p_worse(test.metric, test.samples) for test in telling], parts), strict=True))
    better = dict(zip(telling, adjusted([p_better(test.metric, test.samples) for test in telling], parts), strict=True))
    varied = [test for test in tests if test.samples.p_least < 1]
    part_of = dict(zip(varied, _parts(varied), strict=True))
    for test in tests:
        smallest = least.get(test.metric) or default_least(test.metric)
        p = (worse if got_worse(test.metric, test.samples) else better).get(test, 1.0)
        alone = ALPHA * part_of.get(test, 1.0)
        yield Finding(
            metric=test.metric,
            outcome=_outcome(test, p, smallest, alone=alone),
            samples=test.samples,
            p=p,
            least=smallest,
            needed=trials_needed(alone),
        )


def _parts(tests: Sequence[_Test]) -> list[float]:
    return shares([test.metric in HEADLINE for test in tests])


def default_least(metric: str) -> Least:
    if metric == FAILED:
        return Least(relative=0.0, absolute=0.0)
    return Least(relative=METRICS[metric].least_effect, absolute=METRICS[metric].least_absolute)


def _outcome(test: _Test, p: float, least: Least, *, alone: float) -> Outcome:
    """alone: the p that would do if no other metric had moved."""
    if p <= ALPHA:
        if not matters(test.samples, least):
            return "too_small"
        return "worse" if got_worse(test.metric, test.samples) else "better"
    if test.samples.p_least < 1 and least_p(test.samples.n_a, test.samples.n_b) > alone:
        return "undecided"
    return "not_shown"


_ORDER: tuple[Outcome, ...] = ("worse", "machine", "better", "too_small", "undecided", "not_shown")


def _compared(pair: Pair, found: Sequence[Finding]) -> PairComparison:
    counted_a, counted_b = ([row for row in rows if row.counts] for rows in (pair.a, pair.b))
    machine = machine_of(counted_a, counted_b)
    findings = [_explained(finding, machine) for finding in found]
    outage = next((finding for finding in findings if finding.metric == OUTAGE), None)
    moved = outage is not None and outage.outcome in ("worse", "machine", "better")
    return PairComparison(
        pair=pair,
        findings=sorted(findings, key=lambda finding: _ORDER.index(finding.outcome)),
        steps=_moved_steps(pair, outage.samples.shift) if outage is not None and moved else [],
        machine=machine,
    )


def _explained(finding: Finding, machine: Machine) -> Finding:
    by_machine = (
        finding.outcome == "worse"
        and finding.metric not in HEADLINE - {OUTAGE}
        and finding.relative is not None
        and abs(finding.relative) <= machine.explains_up_to
    )
    return replace(finding, outcome="machine") if by_machine else finding


def _moved_steps(pair: Pair, shift: float) -> list[MovedStep]:
    """shift: of the write outage. The steps that moved the same way and carry a good part of it, the largest first."""
    moved = []
    for metric, step in OUTAGE_STEPS.items():
        samples = samples_of(metric, pair.a, pair.b)
        if samples is None or samples.shift / shift < _STEP_SHARE_MIN:
            continue
        if min(samples.p_larger, samples.p_smaller) <= _STEP_P_MAX:
            moved.append(MovedStep(step=step, samples=samples))
    return sorted(moved, key=lambda one: -abs(one.samples.shift))


def _undecided(pair: PairComparison) -> bool:
    """Nothing is flagged, and of what a failover is about (or where that is not known, of all) nothing could be."""
    if pair.with_outcome("worse"):
        return False
    told = [finding for finding in pair.findings if finding.metric == OUTAGE] or [
        finding for finding in pair.findings if finding.samples.p_least < 1
    ]
    return all(finding.outcome == "undecided" for finding in told) if told else not pair.findings
