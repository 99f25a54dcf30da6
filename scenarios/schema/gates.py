"""The part of a scenario that says what must hold: its thresholds, and what a run of it should end with.

The keys are the gates that checks declare (`checks.registry.GATES`); which of them a scenario can decide is
`scenarios.schema.decidable`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, create_model, model_validator

from checks.check import Gate, multiple
from checks.gates import REQUIRE
from checks.registry import CHECKS, GATES
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


def _require_known(names: Sequence[str], place: str) -> None:
    """Raise MisfitError for the first name that is no check's. place: the key that lists them."""
    for number, name in enumerate(names):
        if name not in CHECKS:
            raise MisfitError((place, number), f"unknown check {name!r}; known: {', '.join(CHECKS)}")


class _Gates(Section):
    """Thresholds, one key a gate. Those with a default hold in every run that can decide them; a gate left out, or
    null, is measured, not judged. require: the checks that must be decided; None: those that the workload can."""

    if TYPE_CHECKING:  # else the last of the keys
        require: list[str] | None = None

    @model_validator(mode="after")
    def _known_checks(self) -> Self:
        _require_known(self.require or [], REQUIRE)
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


def _key(gate: Gate) -> Any:
    """The type and the field of a gate's key."""
    match gate.unit:
        case "ms":
            default_s = None if gate.default is None else gate.default / 1000
            return Limit if gate.relative else PositiveDuration | None, default_s
        case "count":
            return int | None, Field(default=gate.default, ge=0)
        case "share":
            return float | None, Field(default=gate.default, gt=0, le=1)
        case "percent":  # what is always measured and has a default cannot be switched off
            return float | None if gate.default is None else float, Field(default=gate.default, gt=0, le=100)


if TYPE_CHECKING:
    GatesSection = _Gates
else:
    GatesSection = create_model(
        "GatesSection",
        __base__=_Gates,
        **{name: _key(gate) for name, gate in GATES.items()},
        **{REQUIRE: (list[str] | None, None)},
    )


class Expectation(Section):
    """What a run of the scenario should end with, for those who read and test the catalogue; its exit code is that of
    its verdict. checks: those that must have failed, with a verdict of fail."""

    verdict: Literal["pass", "fail"] = "pass"
    checks: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _a_failure_has_a_finder(self) -> Self:
        _require_known(self.checks, "checks")
        if (self.verdict == "fail") != bool(self.checks):
            raise MisfitError(("checks",), "verdict fail needs the checks that fail, and pass has none")
        return self
