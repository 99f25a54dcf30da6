"""The members of ``trials.json`` by name and type, as ``trials.schema.json`` promises them.

A test holds these and the schema to the same names. Units as in `reports.summary_types`; None means not known, or that
so few trials do not carry it.
"""

from __future__ import annotations

from typing import TypedDict

from reports.trials.trial import TrialVerdict


class QuantileRow(TypedDict):
    """share: 0.5 is the median. low, high: its two-sided bounds. least_for_high: how many trials carry a high."""

    share: float
    value: float | None
    low: float | None
    high: float | None
    least_for_high: int


class Distribution(TypedDict):
    """One number over the trials that count and have it. values: by trial number. within_max: at least this share of
    all such runs is at most ``max``."""

    name: str
    words: str
    unit: str
    n: int
    values: list[float]
    min: float
    max: float
    within_max: float
    quantiles: list[QuantileRow]


class ShareRow(TypedDict):
    """number: how many of ``of`` trials. low, high: Wilson's bounds."""

    name: str
    words: str
    number: int
    of: int
    low: float
    high: float


class MoneyRow(TypedDict):
    """Sums over the trials that were judged and are not void."""

    lost: int
    lost_amount: int
    duplicated: int
    torn: int


class StruckRow(TypedDict):
    """A fault that was injected. since_load_ms: since the load began."""

    fault: str
    target: str
    pod: str | None
    since_load_ms: float | None


class AttemptRow(TypedDict):
    """One run. counts: whether its numbers are in the distributions. failed: its checks that did."""

    number: int
    attempt: int
    order: int
    seed: int
    verdict: TrialVerdict
    why: str
    counts: bool
    failed: list[str]
    folder: str | None
    took_s: float | None
    struck: list[StruckRow]
    numbers: dict[str, float]


class TrialsContent(TypedDict):
    """trials: asked for. trials_by_verdict: what became of each in the end. void_attempts: with those repeated since.
    counted: how many are in the distributions."""

    schema: str
    verdict: TrialVerdict
    headline: list[str]
    scenario: str
    teaches: str
    command: list[str]
    started_at: str
    took_s: float
    interrupted: bool
    seed: int
    trials: int
    trials_by_verdict: dict[str, int]
    counted: int
    void_attempts: int
    repeats_max: int
    confidence: float
    method: str
    shares: list[ShareRow]
    money: MoneyRow | None
    distributions: list[Distribution]
    attempts: list[AttemptRow]
