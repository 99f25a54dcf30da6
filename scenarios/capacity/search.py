"""The highest rate at which a system holds its objectives: searched, and then verified. Pure but for what measures.

1. A ramp from a first guess, up or down by a third and then ever faster, until one rate held and one did not.
2. Bisection between the two, in the middle of their ratio, until they are `width` apart. ``max_tps`` is the lower one:
   it was measured to hold.
3. Verification: 0.95 x has to hold and 1.15 x must not. Where that contradicts, it counts for more than what was
   before, and the search goes on from there, `CONTRADICTIONS` times at most; then the answer is that there is none: the
   machine is too noisy.

One step close to its limit is as good as a coin: a latency near saturation is made of few, long, busy periods. And a
disk that stalls once has not changed what the system carries. So a step decides alone only where it held and the worst
objective is further from its limit than `NEAR`; else the best of three does. By 24 simulated searches on each of five
M/M/k queues, with steps of 13 s and a capacity that is 3 % different in every step, three steps near the limit take the
standard deviation of the result from 2.9 to 4.7 % to 2.3 to 3.8 %. Where one step in ten is spoiled by a stall, three
for each that did not hold take it from 5.6 to 3.2 % (150 searches), for two more steps a search.

A rate that the load generator could not offer says nothing of the system: where that is the lowest rate that broke,
there is no maximum, and the search says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from reports.capacity.objective import Objective, holds
from reports.capacity.stability import doubt
from reports.capacity.step import Limit, Purpose, Step

#: rate_tps, purpose -> what was measured.
Measure = Callable[[float, Purpose], Step]
#: found: with both verifications. never: not even the lowest rate held. generator: it was the limit. unsettled: the
#: steps contradict each other, or were used up.
Outcome = Literal["found", "never", "generator", "unsettled"]

WIDTH = 0.02
BELOW, ABOVE = 0.95, 1.15
RAMP = 1.35
#: As little below the limit.
NEAR = 1.35
CONTRADICTIONS = 2
#: A search takes 10 to 16 as a rule, and took 18 and 30 of a group of three that filled a machine of two processors.
STEPS_MAX = 40
#: Below it no percentile of a few seconds means anything.
LEAST_TPS = 5.0


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """low_tps: the highest rate that held below high_tps, the lowest that did not."""

    low_tps: float
    high_tps: float

    @property
    def width(self) -> float:
        """As a share of the upper end."""
        return (self.high_tps - self.low_tps) / self.high_tps


@dataclass(frozen=True, kw_only=True)
class Found:
    """max_tps: None unless found. bracket: also where it is wide still; None where nothing held, or nothing broke.
    verify_below, verify_above: the step that decided each, None where it was not come to. limit: what the step that
    broke closest to the maximum names first, of those that name any, with its rate. steps: in order. words: what came
    of it, in a sentence or two."""

    outcome: Outcome
    max_tps: float | None
    bracket: Bracket | None
    verify_below: Step | None
    verify_above: Step | None
    limit: Limit | None
    steps: tuple[Step, ...]
    words: str


def search(
    measure: Measure,
    objectives: Sequence[Objective],
    *,
    start_tps: float,
    width: float = WIDTH,
    least_tps: float = LEAST_TPS,
    steps_max: int = STEPS_MAX,
) -> Found:
    """start_tps: the first guess. width: of the bracket, as a share of its upper end. steps_max: that are measured."""
    under_way = _Search(
        measure=measure, objectives=objectives, width=width, least_tps=min(least_tps, start_tps), steps_left=steps_max
    )
    try:
        under_way.run(start_tps)
    except _EndedError as end:
        return under_way.found(end.outcome, str(end))
    return under_way.found("found", under_way.verified_words())


class _EndedError(Exception):
    """The search ends without a maximum."""

    def __init__(self, outcome: Outcome, words: str) -> None:
        super().__init__(words)
        self.outcome = outcome


@dataclass(kw_only=True)
class _Search:
    """held, broke: by rate, the step that decided. All that held are below all that broke."""

    measure: Measure
    objectives: Sequence[Objective]
    width: float
    least_tps: float
    steps_left: int
    steps: list[Step] = field(default_factory=list)
    held: dict[float, Step] = field(default_factory=dict)
    broke: dict[float, Step] = field(default_factory=dict)
    below: Step | None = None
    above: Step | None = None

    @property
    def low(self) -> float | None:
        return max(self.held, default=None)

    @property
    def high(self) -> float | None:
        return min(self.broke, default=None)

    @property
    def bracket(self) -> Bracket | None:
        if self.low is None or self.high is None:
            return None
        return Bracket(low_tps=self.low, high_tps=self.high)

    def run(self, start_tps: float) -> None:
        self.ramp(start_tps)
        for _ in range(CONTRADICTIONS + 1):
            self.bisect()
            self.require_the_systems_limit()
            if self.verifies():
                return
        raise _EndedError(
            "unsettled",
            f"no maximum: the rates that held and those that did not contradict each other, {CONTRADICTIONS + 1} times "
            "over. Either the machine changes from step to step: run it again on a quieter one; or the limit is so "
            "close to what an idle system does that chance decides: allow more",
        )

    def ramp(self, rate_tps: float) -> None:
        """Until there is a bracket. Two gentle moves, which a fair guess needs; then ever larger ones."""
        moves = 0
        while True:
            is_held = self.try_rate(rate_tps, "ramp")
            if self.bracket is not None:
                return
            if not is_held and rate_tps <= self.least_tps:
                self.require_the_systems_limit()
                raise _EndedError(
                    "never", f"no rate holds the objectives: {self.complaint(self.broke[rate_tps])} at {rate_tps:g}/s"
                )
            factor = RAMP ** max(1, moves)
            rate_tps = rate_tps * factor if is_held else max(rate_tps / factor, self.least_tps)
            moves += 1

    def bisect(self) -> None:
        while (bracket := self.bracket) is not None and bracket.width > self.width:
            self.try_rate(math.sqrt(bracket.low_tps * bracket.high_tps), "bisect")

    def verifies(self) -> bool:
        """Where it contradicts, there is a new bracket afterwards, of rates measured from then on."""
        assert self.low is not None
        below_tps, above_tps = self.low * BELOW, self.low * ABOVE
        self.below = self.above = None
        if not self.try_rate(below_tps, "verify_below"):
            self.held.clear()
            self.ramp(below_tps / RAMP)
            return False
        below = self.held[below_tps]
        if self.try_rate(above_tps, "verify_above"):
            self.broke.clear()
            self.ramp(above_tps * RAMP)
            return False
        self.below, self.above = below, self.broke[above_tps]
        return True

    def try_rate(self, rate_tps: float, purpose: Purpose) -> bool:
        """Whether a rate holds: by one step, or where there is doubt by the best of three, which count for more than
        older steps, so that these are forgotten where they contradict."""
        first = self.step(rate_tps, purpose)
        votes = [first]
        if self.is_doubtful(rate_tps, first):
            votes.append(self.step(rate_tps, purpose))
            if self.holds(votes[0]) != self.holds(votes[1]):
                votes.append(self.step(rate_tps, purpose))
        holds_now = sum(map(self.holds, votes)) * 2 > len(votes)
        deciding = next(step for step in votes if self.holds(step) == holds_now)
        if holds_now:
            self.held[rate_tps] = deciding
            self.broke = {rate: step for rate, step in self.broke.items() if rate > rate_tps}
        else:
            self.broke[rate_tps] = deciding
            self.held = {rate: step for rate, step in self.held.items() if rate < rate_tps}
        return holds_now

    def step(self, rate_tps: float, purpose: Purpose) -> Step:
        if self.steps_left == 0:
            raise _EndedError("unsettled", f"no maximum yet after {len(self.steps)} steps, as many as it may take")
        self.steps_left -= 1
        step = self.measure(rate_tps, purpose)
        self.steps.append(step)
        return step

    def holds(self, step: Step) -> bool:
        return holds(step, self.objectives)

    def is_doubtful(self, rate_tps: float, step: Step) -> bool:
        """Whether another step could say otherwise: it did not hold, held with little to spare, or where as much did
        not."""
        if not self.holds(step) or (self.high is not None and rate_tps >= self.high):
            return True
        return any((objective.excess(step) or 0.0) >= 1 / NEAR for objective in self.objectives)

    def complaint(self, step: Step) -> str:
        missed = [objective.measured(step) for objective in self.objectives if not objective.met(step)]
        return ", ".join(missed) or f"the backlog grew by {step.backlog_per_s:.1f} operations a second"

    def require_the_systems_limit(self) -> None:
        """Far above the maximum the load may well be at its limit, too; what counts is the lowest rate that broke."""
        assert self.high is not None
        limit = next((limit for limit in self.broke[self.high].limits if limit.what == "generator"), None)
        if limit is not None:
            carried = "" if self.low is None else f"; the system holds {self.low:.4g}/s at least"
            raise _EndedError(
                "generator",
                f"the load generator was the limit at {self.high:.4g}/s, not the system: {limit.evidence}{carried}. "
                "Raise load.workers, or give the load a machine of its own",
            )

    def verified_words(self) -> str:
        assert self.low is not None
        assert self.above is not None
        verified = (
            f"{self.low:.4g}/s holds; verified: {self.low * BELOW:.4g}/s holds, {self.low * ABOVE:.4g}/s does not "
            f"({self.complaint(self.above)})"
        )
        return "; ".join(filter(None, [verified, doubt(self.held[self.low].operations, self.objectives)]))

    def found(self, outcome: Outcome, words: str) -> Found:
        return Found(
            outcome=outcome,
            max_tps=self.low if outcome == "found" else None,
            bracket=self.bracket,
            verify_below=self.below,
            verify_above=self.above,
            limit=next(
                (_at(rate, self.broke[rate].limits[0]) for rate in sorted(self.broke) if self.broke[rate].limits), None
            ),
            steps=tuple(self.steps),
            words=words,
        )


def _at(rate_tps: float, limit: Limit) -> Limit:
    """With the rate of the step whose evidence it is, which need not be the next one above the maximum."""
    return replace(limit, evidence=f"at {rate_tps:.4g}/s {limit.evidence}")
