"""Durations as keys of a scenario: written with a unit, kept in seconds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from cluster.duration import parse_duration, show_duration

Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(show_duration)]
PositiveDuration = Annotated[Duration, Field(gt=0)]


def duration_between(low: float, high: float) -> Any:
    """The type of a duration with bounds, both allowed themselves, in seconds."""

    def within(seconds: float) -> float:
        if not low <= seconds <= high:
            raise ValueError(f"expected {show_duration(low)} to {show_duration(high)}")
        return seconds

    return Annotated[Duration, AfterValidator(within)]


def positive_or(value: object, other: str) -> float:
    """Seconds greater than 0. other: what may stand there instead, for the message."""
    try:
        seconds = parse_duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or {other}") from None
    if seconds <= 0:
        raise ValueError(f"expected a duration greater than 0, or {other}")
    return seconds
