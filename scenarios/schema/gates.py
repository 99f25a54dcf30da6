"""The part of a scenario that says what must hold: its thresholds, and what a run of it should end with.

The gates themselves are declared in ``checks/gates.py``; which of them a scenario can decide is
`scenarios.schema.decidable`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from checks.gates import GATES, REQUIRE, multiple
from checks.judge import CHECKS
from cluster.duration import show_duration
from scenarios.schema.duration import PositiveDuration, positive_or
from scenarios.schema.section import MisfitError, Section


def _limit(value: Any) -> Any:
    """A duration, or a multiple of what was before the first fault."""
    if value is None or (isinstance(value, str) and multiple(value) is not None):
        return value
    return positive_or(value, "a multiple of before from 1x up, such as 3x")


#: Seconds, or a multiple such as ``3x``.
Limit = Annotated[
    float | str | None,
    BeforeValidator(_limit),
    PlainSerializer(lambda value: show_duration(value) if isinstance(value, float) else value),
]


class GatesSection(Section):
    """Thresholds, as ``checks.gates.GATES`` declares them. Those with a default hold in every run that can decide them;
    a gate left out, or null, is measured, not judged."""

    lost: int | None = Field(default=0, ge=0)
    duplicated: int | None = Field(default=0, ge=0)
    write_outage: PositiveDuration | None = None
    read_outage: PositiveDuration | None = None
    brownout: PositiveDuration | None = None
    behind: PositiveDuration | None = None
    success_ratio: float | None = Field(default=None, gt=0, le=1)
    min_acked: int | None = Field(default=None, ge=0)
    response_p99: Limit = None
    response_p99_before: PositiveDuration | None = None
    response_p99_during: Limit = None
    response_p99_after: Limit = None
    stale_reads: int | None = Field(default=None, ge=0)
    #: Null where nothing can be late; for other loads the default holds all the same.
    lateness_p99: PositiveDuration | None = 0.1
    steal_percent: float = Field(default=25, gt=0, le=100)
    cpu_pressure: float | None = Field(default=None, gt=0, le=100)
    require: list[str] | None = None

    @model_validator(mode="after")
    def _known_checks(self) -> Self:
        for number, name in enumerate(self.require or []):
            if name not in CHECKS:
                raise MisfitError(("require", number), f"unknown check {name!r}; known: {', '.join(CHECKS)}")
        return self

    def numbers(self) -> dict[str, Any]:
        """The gates as the checks read them: units last, durations in ``_ms``, a multiple as it is written."""
        numbers: dict[str, Any] = {} if self.require is None else {REQUIRE: self.require}
        for name, gate in GATES.items():
            value = getattr(self, name)
            if value is not None:
                in_ms = gate.unit == "ms" and isinstance(value, float)
                numbers[gate.key] = round(value * 1000, 6) if in_ms else value
        return numbers


class Expectation(Section):
    """What a run of the scenario should end with, for those who read and test the catalogue; its exit code is that of
    its verdict. checks: those that must have failed, with a verdict of fail."""

    verdict: Literal["pass", "fail"] = "pass"
    checks: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _a_failure_has_a_finder(self) -> Self:
        for number, name in enumerate(self.checks):
            if name not in CHECKS:
                raise MisfitError(("checks", number), f"unknown check {name!r}; known: {', '.join(CHECKS)}")
        if (self.verdict == "fail") != bool(self.checks):
            raise MisfitError(("checks",), "verdict fail needs the checks that fail, and pass has none")
        return self
