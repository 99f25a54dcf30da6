"""Rates in a scenario: arrivals a second, or a share of the measured maximum, such as ``70%``."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

MOST_A_SECOND = 100_000
MOST_PERCENT = 1_000


def parse_rate(value: Any) -> float | str:
    """A number as float; a share as it is written. Raises ValueError."""
    if isinstance(value, str) and (match := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*%", value.strip(), re.ASCII)):
        if not 0 < float(match[1]) <= MOST_PERCENT:
            raise ValueError(f"a share of the measured maximum must be greater than 0 and at most {MOST_PERCENT}%")
        return f"{float(match[1]):g}%"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a share of the measured maximum, such as 70%, or a number")
    if value != value or value > MOST_A_SECOND:
        raise ValueError(f"expected at most {MOST_A_SECOND} arrivals per second")
    if value <= 0:
        raise ValueError("arrivals per second must be greater than 0")
    return float(value)


Rate = Annotated[float | str, BeforeValidator(parse_rate)]


def is_share(rate: float | str) -> bool:
    return isinstance(rate, str)


def absolute(rate: float | str, *, maximum: float | None) -> float:
    """Arrivals a second. maximum: those measured by `scenarios.load.calibrate`, needed for a share."""
    if isinstance(rate, str):
        assert maximum is not None, "calibrated before anything asks"
        return float(rate.removesuffix("%")) / 100 * maximum
    return rate
