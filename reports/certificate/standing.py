"""Where a plan stands after the trials so far: what it has come to, or which trial is next. Pure.

The loop that runs the trials and whoever judges them again later ask the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from history.json_files import HistoryError
from reports.certificate.certificate_types import CertificateVerdict
from reports.certificate.outcome import Outcome
from reports.certificate.plan import Plan
from reports.certificate.sequential import Tally, decision, next_look


@dataclass(frozen=True, kw_only=True)
class Standing:
    """counted: trials that count. voids: attempts that showed nothing. failures: of each claim. ended: what it has come
    to, None: a trial is next. number, attempt: of that trial. certified_at: the look at which all claims are certified
    if no trial is bad from now on."""

    counted: int
    voids: int
    failures: tuple[int, ...]
    ended: CertificateVerdict | None
    number: int
    attempt: int
    certified_at: int | None


def standing(plan: Plan, outcomes: Sequence[Outcome]) -> Standing:
    """Raises HistoryError where these cannot be the outcomes of this plan, in this order."""
    state = _of(plan, counted=0, voids=0, failures=(0,) * len(plan.claims), attempt=1)
    for outcome in outcomes:
        _require_next(plan, state, outcome)
        if outcome.counts:
            failures = tuple(
                failed + (claim.outcome == "failed")
                for failed, claim in zip(state.failures, outcome.claims, strict=True)
            )
            state = _of(plan, counted=state.counted + 1, voids=state.voids, failures=failures, attempt=1)
        else:
            state = _of(
                plan,
                counted=state.counted,
                voids=state.voids + 1,
                failures=state.failures,
                attempt=state.attempt + 1,
            )
    return state


def _of(plan: Plan, *, counted: int, voids: int, failures: tuple[int, ...], attempt: int) -> Standing:
    tallies = [Tally(failed, plan.looks_for(claim)) for failed, claim in zip(failures, plan.claims, strict=True)]
    ended: CertificateVerdict | None = decision(counted, tallies)
    if ended is None and voids > plan.voids_at_most:
        ended = "incomplete"
    return Standing(
        counted=counted,
        voids=voids,
        failures=failures,
        ended=ended,
        number=counted + 1,
        attempt=attempt,
        certified_at=next_look(counted, tallies),
    )


def _require_next(plan: Plan, state: Standing, outcome: Outcome) -> None:
    """Raise HistoryError, saying how it is not the trial that the plan wants next."""
    place = f"trial {outcome.number}, attempt {outcome.attempt}"
    if state.ended is not None:
        raise HistoryError(f"{place}: the plan had ended before it: {state.ended} after {state.counted} trials")
    if (outcome.number, outcome.attempt) != (state.number, state.attempt):
        raise HistoryError(f"{place}: the plan wants trial {state.number}, attempt {state.attempt} here")
    if outcome.seed != plan.seed_of(outcome.number):
        raise HistoryError(f"{place}: its seed is {outcome.seed}; the plan's is {plan.seed_of(outcome.number)}")
    if outcome.cell != plan.cell_of(outcome.number).name:
        raise HistoryError(f"{place}: it ran {outcome.cell}; the plan wants {plan.cell_of(outcome.number).name}")
    if len(outcome.claims) != len(plan.claims):
        raise HistoryError(f"{place}: it says something of {len(outcome.claims)} claims, not of {len(plan.claims)}")
    voids = sum(claim.outcome == "void" for claim in outcome.claims)
    if voids not in (0, len(outcome.claims)):
        raise HistoryError(f"{place}: it counts for some claims and not for others")
