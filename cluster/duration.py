"""Durations as users write them: with a unit (``250ms``, ``15s``, ``2m``); kept in seconds."""

from __future__ import annotations

import re
from decimal import Decimal

#: No scenario takes longer than a day; beyond that a duration is a slip of the pen.
LONGEST_S = 24 * 3600.0

#: Decimal, so that 5100ms is the very same number of seconds as 5.1s.
_UNITS_S = {"us": "0.000001", "ms": "0.001", "s": "1", "m": "60", "h": "3600"}


def parse_duration(value: object) -> float:
    """``"250ms"`` -> 0.25. A bare number has no unit and is refused, except 0; so is more than LONGEST_S."""
    match = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?) ?(us|ms|s|m|h)", value.strip()) if isinstance(value, str) else None
    if match:
        seconds = float(Decimal(match[1]) * Decimal(_UNITS_S[match[2]]))
        if seconds < 0:
            raise ValueError("expected a duration of 0 or more")
        if seconds > LONGEST_S:
            raise ValueError(f"a duration may be {LONGEST_S / 3600:g}h at most")
        return seconds
    if value == 0 and not isinstance(value, bool):
        return 0.0
    raise ValueError("expected a duration with a unit, such as 250ms, 15s or 2m")


def show_duration(seconds: float) -> str:
    """The inverse of parse_duration, in the largest unit that stays whole."""
    if seconds >= 1 and seconds == int(seconds):
        return f"{int(seconds)}s"
    return f"{plain(Decimal(repr(seconds)) * 1000)}ms"


def plain(number: Decimal | float) -> str:
    """All digits of a number and no exponent, which no unit may follow: ``0.00001``."""
    exact = number if isinstance(number, Decimal) else Decimal(repr(number))
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
