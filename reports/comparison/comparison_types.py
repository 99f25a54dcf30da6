"""The members of a comparison as JSON by name and type, as ``comparison.schema.json`` promises them.

A test holds these and the schema to the same names. Levels and shifts are in the unit of the metric; shares are of 1;
None means not known.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from reports.trends.comparison import Outcome

#: regression: confirmed by a rerun. flagged: not run again. The others raise no alarm.
Verdict = Literal["regression", "flagged", "not_confirmed", "undecided", "nothing_found"]


class SideContent(TypedDict):
    """words: as it was asked for. trials: that count; void ones are none of them. first, last: when they began."""

    words: str
    trials: int
    void: int
    commits: list[str]
    first: str
    last: str


class SamplesContent(TypedDict):
    """level_a, level_b: medians, or shares of trials. low, high: the 95 % interval of the shift."""

    trials_a: int
    trials_b: int
    level_a: float
    level_b: float
    shift: float
    low: float | None
    high: float | None
    superiority: float


class FindingContent(TypedDict):
    """p: adjusted for all metrics that were looked at. needed: trials of each side that could tell."""

    metric: str
    outcome: Outcome
    samples: SamplesContent
    relative: float | None
    p: float
    exact: bool
    least_relative: float
    least_absolute: float
    needed: int
    fresh: SamplesContent | None
    confirmed: bool | None


class StepContent(TypedDict):
    step: str
    samples: SamplesContent


class MachineContent(TypedDict):
    slower: dict[str, float]
    hosts: list[str]


class PairContent(TypedDict):
    scenario: str
    cell: str
    same_scenario: bool
    only_a: list[str]
    only_b: list[str]
    verdicts_a: dict[str, int]
    verdicts_b: dict[str, int]
    undecided: bool
    findings: list[FindingContent]
    steps: list[StepContent]
    machine: MachineContent


class ConfirmationContent(TypedDict):
    ran: Literal["both", "b", "none"]
    trials_a: int
    trials_b: int
    note: str


class ComparisonContent(TypedDict):
    schema: str
    verdict: Verdict
    headline: str
    a: SideContent
    b: SideContent
    alpha: float
    pairs: list[PairContent]
    left_out: list[str]
    confirmation: ConfirmationContent | None
