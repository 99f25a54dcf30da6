"""What is said while a certificate is under way: lines before each trial and one after it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from reports.certificate.outcome import Outcome
from reports.certificate.plan import Plan
from reports.certificate.standing import standing
from reports.certificate.words import amount
from reports.text.units import duration
from reports.trends.metrics import METRICS


def standing_line(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    """``12 of at most 98, 0 failures; certified at 72 if none fails``, and how long that takes at the pace so far."""
    state = standing(plan, outcomes)
    bad = max(state.failures)
    line = f"{state.counted} of at most {plan.trials_at_most}, {bad} failure{'' if bad == 1 else 's'}"
    if state.voids:
        line += f", {state.voids} of at most {plan.voids_at_most} void"
    if state.certified_at is not None:
        line += f"; certified at {state.certified_at} if none fails"
        took = [outcome.took_s for outcome in outcomes if outcome.took_s is not None]
        if took:
            line += f", in about {duration(mean(took) * 1000 * (state.certified_at - state.counted))}"
    return line


def next_line(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    """``trial 13, primary-kill: semisync / envoy, seed 19 …``"""
    state = standing(plan, outcomes)
    again = f", attempt {state.attempt}" if state.attempt > 1 else ""
    return f"trial {state.number}{again}, {plan.cell_of(state.number).name}, seed {plan.seed_of(state.number)} …"


def outcome_line(plan: Plan, outcome: Outcome) -> str:
    """``trial 12: ok``, or which claims failed and with what, or why it shows nothing."""
    if not outcome.counts:
        return f"trial {outcome.number}: {outcome.verdict}, it shows nothing: {outcome.why}"
    measured = [
        f"{claim.metric} {amount(METRICS[claim.metric], one.measured)}{'' if one.outcome == 'ok' else ' FAILED'}"
        for claim, one in zip(plan.claims, outcome.claims, strict=True)
    ]
    return f"trial {outcome.number}: {', '.join(measured)}"
