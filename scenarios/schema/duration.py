"""Durations as keys of a scenario: written with a unit, kept in seconds."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from cluster.duration import parse_duration, show_duration

Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(show_duration)]
PositiveDuration = Annotated[Duration, Field(gt=0)]


def positive_or(value: object, other: str) -> float:
    """Seconds greater than 0. other: what may stand there instead, for the message."""
    try:
        seconds = parse_duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or {other}") from None
    if seconds <= 0:
        raise ValueError(f"expected a duration greater than 0, or {other}")
    return seconds
