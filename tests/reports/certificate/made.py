"""Plans and trials of certificates as tests make them: no run stands behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reports.certificate.outcome import Outcome, TrialVerdict, judged
from reports.certificate.plan import Cell, Claim, Plan
from reports.certificate.sequential import Look
from reports.certificate.words import claim_text
from reports.trends.metrics import METRICS


def looks(*of: tuple[int, int]) -> tuple[Look, ...]:
    return tuple(Look(trials=trials, failures=failures) for trials, failures in of)


#: Certifies a system with 5 % bad trials in 5 % of cases.
TWO_LOOKS = looks((72, 0), (98, 1))


def claim(metric: str = "write_outage_ms", limit: float = 30_000.0, share: float = 0.95, sure: float = 0.95) -> Claim:
    text = claim_text(METRICS[metric], limit=limit, share=share, confidence=sure)
    return Claim(metric=metric, limit=limit, share=share, confidence=sure, text=text)


OUTAGE = claim()
NEVER_LOST = claim("lost", 0.0, share=1.0)


def cell(name: str = "primary-kill: semisync / envoy") -> Cell:
    return Cell(name=name, scenario="primary-kill", settings=("mesh=envoy",), resolved={"name": "primary-kill"})


def plan(*claims: Claim, **other: Any) -> Plan:
    given: dict[str, Any] = {"cells": (cell(),), "looks": TWO_LOOKS, "voids_at_most": 3, "seed": 7}
    return Plan(name="semisync-outage", claims=claims or (OUTAGE,), **given | other)


def summary(
    write_outage_ms: float | None = 1400.0, *, lost: int | None = 0, verdict: str = "pass", void: Sequence[str] = ()
) -> Any:
    """Of a run, as far as claims look at it."""
    return {
        "verdict": verdict,
        "why": f"it was a {verdict}",
        "void_reasons": list(void),
        "write_outage_ms": write_outage_ms,
        "rpo": {"lost": lost},
    }


GOOD, BAD, VOID = summary(), summary(31_000.0), summary(verdict="void", void=["the host was too noisy"])


def outcomes(of: Plan, summaries: Iterable[Any]) -> list[Outcome]:
    """What trials came to, in the order of the plan; None: the trial was cut off."""
    done: list[Outcome] = []
    number = attempt = 1
    for content in summaries:
        verdict: TrialVerdict = "cut" if content is None else content["verdict"]
        outcome = Outcome(
            number=number,
            attempt=attempt,
            cell=of.cell_of(number).name,
            seed=of.seed_of(number),
            verdict=verdict,
            why="it was cut off" if content is None else content["why"],
            claims=judged(of.claims, content),
            folder=None if content is None else f"../../primary-kill/run-{number}.{attempt}",
            took_s=60.0,
        )
        done.append(outcome)
        number, attempt = (number + 1, 1) if outcome.counts else (number, attempt + 1)
    return done
