"""From a plan and its trials in order to the content of ``certificate.json``. Pure: whoever has both can do it again.

There is no score: it would hide what failed.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from history.json_files import HistoryError
from reports.certificate.certificate_types import (
    CellCounts,
    Certificate,
    CertificateVerdict,
    ClaimRow,
    OperatingPoint,
)
from reports.certificate.outcome import Outcome
from reports.certificate.plan import Claim, Plan
from reports.certificate.sequential import (
    Look,
    Prospect,
    bad_share_at_most,
    error_rate,
    never_seen_bound,
    problem,
    prospect,
    too_often,
)
from reports.certificate.standing import Standing, standing
from reports.certificate.words import amount, percent
from reports.schema import CERTIFICATE_ID
from reports.trends.metrics import METRICS

FAMILY = (
    "All claims are judged on the same trials and certified together, at the first look that all of them pass, or not "
    "at all. So the chance of a certificate although any one of them is false is no more than that claim's own error "
    "rate, and no correction for their number is due (intersection-union test: Berger, Technometrics 24, 1982)."
)
SAMPLING = (
    "Every trial is drawn anew from the systems below, each with the same chance, and has a seed of its own, which "
    "draws the moment and target of its faults. The claims are about that mix, not about each system alone: for those, "
    "a certificate each."
)
ASSUMPTIONS = (
    "Trials are independent of each other, and alike: on one machine, with one version of everything.",
    "A trial that shows nothing (void, broken or cut off) is run again with the same seed; more of them than the plan "
    "allows, and there is no certificate.",
    "A trial that counts and does not show a claim's number is held against the claim.",
    "What is certified holds for these scenarios, faults, loads and sizes, and for nothing else.",
)
#: Shares of bad trials at which the plan is shown, in multiples of the share that a claim allows.
_MULTIPLES = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)


def decide(plan: Plan, outcomes: Sequence[Outcome]) -> Certificate:
    """The certificate, refused and incomplete ones too. Raises HistoryError where the plan does not keep the error rate
    of its claims, or the outcomes cannot be of this plan."""
    require_kept(plan)
    state = standing(plan, outcomes)
    verdict: CertificateVerdict = state.ended or "incomplete"
    return {
        "schema": CERTIFICATE_ID,
        "verdict": verdict,
        "why": _why(plan, state, outcomes),
        "name": plan.name,
        "plan_digest": plan.digest,
        "commit": plan.commit,
        "dirty": plan.dirty,
        "decided_at": None if state.ended in (None, "incomplete") else state.counted,
        "trials": {
            "counted": state.counted,
            "attempts": len(outcomes),
            "void": _ended(outcomes, "void", "fail"),
            "broken": _ended(outcomes, "broken"),
            "cut": _ended(outcomes, "cut"),
            "voids_at_most": plan.voids_at_most,
            "at_most": plan.trials_at_most,
        },
        "claims": [_claim(plan, at, state, outcomes) for at in range(len(plan.claims))],
        "cells": [_cell(plan, cell.name, outcomes) for cell in plan.cells],
        "looks": [{"trials": look.trials, "failures": look.failures} for look in plan.looks],
        "operating": operating(plan),
        "family": FAMILY,
        "sampling": SAMPLING,
        "assumptions": list(ASSUMPTIONS),
    }


def require_kept(plan: Plan) -> None:
    """Raise HistoryError where looks cannot be, or certify what is not so more often than a claim says."""
    if (wrong := problem(plan.looks)) is not None:
        raise HistoryError(f"the plan's looks: {wrong}")
    for claim in plan.claims:
        if not claim.never and (wrong := too_often(plan.looks, share=claim.share, confidence=claim.confidence)):
            raise HistoryError(f"the plan's looks: {wrong}")


def operating(plan: Plan) -> list[OperatingPoint]:
    """What the plan does with one claim on systems from perfect to four times as bad as the strictest claim allows.

    Where every claim is that a bad trial is never seen, that is what such a claim's bound would be.
    """
    shares = [1 - claim.share for claim in plan.claims if not claim.never]
    if shares:
        looks, allowed = plan.looks, min(shares)
    else:
        looks = plan.looks_for(plan.claims[0])
        allowed = never_seen_bound(plan.trials_at_most, confidence=plan.claims[0].confidence)
    points = [multiple * allowed for multiple in _MULTIPLES if multiple * allowed < 1]
    return [_point(share, prospect(looks, share)) for share in points]


def _point(bad_share: float, chances: Prospect) -> OperatingPoint:
    return {"bad_share": bad_share, "certified": chances.certified, "trials": chances.trials}


def _ended(outcomes: Sequence[Outcome], *verdicts: str) -> int:
    """How many that showed nothing ended so; a run that fails and is void as well shows nothing either."""
    return sum(not outcome.counts and outcome.verdict in verdicts for outcome in outcomes)


def _why(plan: Plan, state: Standing, outcomes: Sequence[Outcome]) -> str:
    match state.ended:
        case "certified":
            bad = max(state.failures)
            return (
                f"certified after {_trials(state.counted)}: "
                f"{'no claim failed in any' if not bad else f'no claim failed in more than {bad}, as the plan allows'}"
            )
        case "refused":
            refused = [
                claim.text
                for claim, failed in zip(plan.claims, state.failures, strict=True)
                if failed > plan.looks_for(claim)[-1].failures
            ]
            return f"refused after {_trials(state.counted)}, by trial {outcomes[-1].number}: {'; '.join(refused)}. " + (
                outcomes[-1].why
            )
        case "incomplete":
            return (
                f"{state.voids} trials showed nothing (void, broken or cut off), and at most {plan.voids_at_most} may; "
                f"the last one: {outcomes[-1].why}"
            )
        case _:
            return f"not ended: {state.counted} of at most {plan.trials_at_most} trials were run"


def _trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{number} trials"


def _claim(plan: Plan, at: int, state: Standing, outcomes: Sequence[Outcome]) -> ClaimRow:
    claim, looks = plan.claims[at], plan.looks_for(plan.claims[at])
    counted = [outcome for outcome in outcomes if outcome.counts]
    failed = [outcome for outcome in counted if outcome.claims[at].outcome == "failed"]
    measured = [value for outcome in counted if (value := outcome.claims[at].measured) is not None]
    refused = len(failed) > looks[-1].failures
    bound = _bound(claim, looks, state, len(failed)) if state.ended == "certified" else None
    metric = METRICS[claim.metric]
    return {
        "text": claim.text,
        "metric": claim.metric,
        "unit": metric.unit,
        "limit": claim.limit,
        "share": claim.share,
        "confidence": claim.confidence,
        "n": len(counted),
        "failures": len(failed),
        "unknown": sum(outcome.claims[at].measured is None for outcome in failed),
        "void": len(outcomes) - len(counted),
        "bound": bound,
        "bound_words": _bound_words(claim, bound, n=len(counted), failures=len(failed)),
        "error_rate": None if claim.never else error_rate(looks, claim.share),
        "verdict": "certified" if bound is not None else "refused" if refused else "incomplete",
        "worst": (max if metric.better == "lower" else min)(measured, default=None),
        "median": statistics.median(measured) if measured else None,
        "failed": [
            {
                "number": outcome.number,
                "folder": outcome.folder,
                "measured": outcome.claims[at].measured,
                "why": f"{amount(metric, outcome.claims[at].measured)}: {outcome.why}",
            }
            for outcome in failed
        ],
    }


def _bound(claim: Claim, looks: Sequence[Look], state: Standing, failures: int) -> float:
    if claim.never:
        return never_seen_bound(state.counted, confidence=claim.confidence)
    at = next(look for look in looks if look.trials == state.counted)
    return bad_share_at_most(looks, at=at, failures=failures, confidence=claim.confidence)


def _bound_words(claim: Claim, bound: float | None, *, n: int, failures: int) -> str:
    if bound is None:
        return f"{failures} of {_trials(n)} failed; nothing is certified"
    seen = (
        f"never seen in {n} trials, which does not prove never" if not failures else f"{failures} of {n} trials failed"
    )
    return f"{seen}: at {percent(claim.confidence)} confidence, at most {percent(bound)} of such trials fail"


def _cell(plan: Plan, name: str, outcomes: Sequence[Outcome]) -> CellCounts:
    here = [outcome for outcome in outcomes if outcome.cell == name]
    counted = [outcome for outcome in here if outcome.counts]
    return {
        "name": name,
        "n": len(counted),
        "failures": [
            sum(outcome.claims[at].outcome == "failed" for outcome in counted) for at in range(len(plan.claims))
        ],
        "void": len(here) - len(counted),
    }
