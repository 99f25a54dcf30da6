"""``trials.json``: how the numbers of one scenario spread over its trials, what that carries, and every attempt.

The contract is ``trials.schema.json``; page and table say nothing that this does not hold. Only trials that count are
in the distributions (see `reports.trials.trial`); money that a trial lost is counted in any case: it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal, cast, get_args

from reports.matrix.numbers import recovery
from reports.schema import TRIALS_ID
from reports.summary_types import PHASES, Summary
from reports.trends.metrics import METRICS, Metric, numbers
from reports.trials.headline import headline
from reports.trials.quantiles import CONFIDENCE, SHARES, quantile, share_within, wilson
from reports.trials.series import Series
from reports.trials.trial import Trial, TrialVerdict
from reports.trials.trials_types import (
    AttemptRow,
    Distribution,
    MoneyRow,
    QuantileRow,
    ShareRow,
    StruckRow,
    TrialsContent,
)

#: The numbers whose spread is told; all others are in the rows of the attempts.
SPREAD = (
    "write_outage_ms",
    *(name for name in METRICS if name.startswith("step_")),
    "brownout_ms",
    *(f"response_p99_{phase}_ms" for phase in PHASES),
)
METHOD = (
    "bounds of quantiles: order statistics, two-sided, no distribution assumed (David and Nagaraja 2003, section 7.1); "
    "shares: Wilson's score interval (1927); a quantile beyond which no trial lies, and a bound that so few trials do "
    "not carry, is null"
)
#: The worst first. A failed gate is a finding about the system under test and must not hide behind trouble of the
#: harness; a void trial beside one that passed takes nothing from it.
_WORST_FIRST: tuple[TrialVerdict, ...] = ("fail", "broken", "pass", "void", "not run")


def trials_content(series: Series) -> TrialsContent:
    """The content of trials.json."""
    last = series.last
    counted = [one.summary for one in last if one.summary and one.counts]
    verdicts = [one.verdict for one in last]
    known = [numbers(summary) for summary in counted]
    content: TrialsContent = {
        "schema": TRIALS_ID,
        "verdict": next(verdict for verdict in _WORST_FIRST if verdict in verdicts),
        "headline": [],
        "scenario": series.scenario,
        "teaches": series.description,
        "command": list(series.command),
        "started_at": series.started_at,
        "took_s": round(series.took_s, 3),
        "interrupted": series.interrupted,
        "seed": series.seed,
        "trials": series.trials,
        "trials_by_verdict": {one: verdicts.count(one) for one in get_args(TrialVerdict)},
        "counted": len(counted),
        "void_attempts": sum(one.verdict == "void" for one in series.results),
        "repeats_max": series.repeats_max,
        "confidence": CONFIDENCE,
        "method": METHOD,
        "shares": _shares(last, counted),
        "money": _money(last),
        "distributions": [
            _distribution(METRICS[name], values)
            for name in SPREAD
            if (values := [one[name] for one in known if name in one])
        ],
        "attempts": [_attempt(one, series) for one in series.results],
    }
    return {**content, "headline": headline(content)}


def _distribution(metric: Metric, values: Sequence[float]) -> Distribution:
    return {
        "name": metric.name,
        "words": metric.words,
        "unit": metric.unit,
        "n": len(values),
        "values": list(values),
        "min": min(values),
        "max": max(values),
        "within_max": share_within(len(values)),
        "quantiles": [cast("QuantileRow", asdict(quantile(values, share))) for share in SHARES],
    }


def _shares(last: Sequence[Trial], counted: Sequence[Summary]) -> list[ShareRow]:
    """A failed trial is one that was judged, whether its numbers count or not."""
    judged = [one for one in last if one.verdict in ("pass", "fail")]
    lost = [one.summary["rpo"]["lost"] for one in judged if one.summary]
    losses = [number > 0 for number in lost if number is not None]
    told = (
        ("pass", "passed every gate", sum(one.verdict == "pass" for one in judged), len(judged)),
        ("failover", "had a new primary elected", sum("elected" in recovery(one) for one in counted), len(counted)),
        ("loss", "lost acknowledged money", sum(losses), len(losses)),
    )
    return [
        {"name": name, "words": words, "number": share.number, "of": share.of, "low": share.low, "high": share.high}
        for name, words, number, of in told
        if (share := wilson(number, of)) is not None
    ]


def _money(last: Sequence[Trial]) -> MoneyRow | None:
    """None where no trial was judged."""
    judged = [one.summary["rpo"] for one in last if one.summary and one.verdict != "void"]

    def total(name: Literal["lost", "lost_amount", "duplicated", "torn"]) -> int:
        return sum(row[name] or 0 for row in judged)

    if not judged:
        return None
    return {
        "lost": total("lost"),
        "lost_amount": total("lost_amount"),
        "duplicated": total("duplicated"),
        "torn": total("torn"),
    }


def _attempt(trial: Trial, series: Series) -> AttemptRow:
    return {
        "number": trial.number,
        "attempt": trial.attempt,
        "order": trial.order,
        "seed": trial.seed,
        "verdict": trial.verdict,
        "why": trial.why,
        "counts": trial.counts,
        "failed": list(trial.summary["failed"]) if trial.summary else [],
        "folder": trial.link(series.folder),
        "took_s": None if trial.took_s is None else round(trial.took_s, 3),
        "struck": _struck(trial.summary) if trial.summary else [],
        "numbers": numbers(trial.summary) if trial.summary else {},
    }


def _struck(summary: Summary) -> list[StruckRow]:
    """When each fault struck, and whom: what the seed draws."""
    zero_ns = summary["generator"].get("zero_ns")
    return [
        {
            "fault": fault["name"],
            "target": fault["target"],
            "pod": fault["pod"],
            "since_load_ms": None if zero_ns is None else (fault["injected_ns"] - zero_ns) / 1e6,
        }
        for fault in summary["faults"]
        if fault["injected_ns"] is not None
    ]
