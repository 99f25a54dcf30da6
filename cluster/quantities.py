"""Shares and data rates as users write them: with a unit (``5%``, ``1mbps``, ``8mbit``), as `tc` and Chaos Mesh do."""

from __future__ import annotations

import re

from cluster.duration import plain

#: Bytes a second. As in `tc`, ``mbps`` are megabytes and ``mbit`` megabits; both count in thousands.
_RATES = {
    "bit": 1 / 8, "kbit": 1e3 / 8, "mbit": 1e6 / 8, "gbit": 1e9 / 8,
    "bps": 1.0, "kbps": 1e3, "mbps": 1e6, "gbps": 1e9,
}  # fmt: skip


def parse_percent(value: object) -> float:
    """``"5%"`` -> 5.0. A bare number is refused: nobody should have to guess whether 0.5 is a half."""
    match = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?) ?%", value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected a percentage, such as 5% or 0.5%")
    if match[1].startswith("-"):
        raise ValueError("expected a percentage of 0% or more")
    return float(match[1])


def show_percent(percent: float) -> str:
    return f"{plain(percent)}%"


def parse_rate(value: object) -> float:
    """``"1mbps"`` -> 1e6 bytes a second; ``"8mbit"`` is the same."""
    match = (
        re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?) ?([kmg]?(?:bit|bps))", value.strip()) if isinstance(value, str) else None
    )
    if match is None:
        raise ValueError("expected a data rate, such as 1mbps (megabytes a second) or 8mbit (megabits a second)")
    if match[1].startswith("-"):
        raise ValueError("expected a data rate of 0 or more")
    return float(match[1]) * _RATES[match[2]]


def show_rate(bytes_a_second: float) -> str:
    """The inverse of parse_rate, in the largest unit of bytes that is not more than it."""
    unit = next((unit for unit in ("gbps", "mbps", "kbps") if bytes_a_second >= _RATES[unit]), "bps")
    return f"{plain(bytes_a_second / _RATES[unit])}{unit}"
