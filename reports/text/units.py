"""Values as people read them: one rounding, one spelling, used by every page, table and figure.

Only for display; ``summary.json`` and ``metrics.prom`` carry the numbers themselves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: What a number that is not known looks like, on every page.
UNKNOWN = "n/a"


def duration(ms: float | None) -> str:
    """A time in the unit it is read in: ``0.25 ms``, ``12 ms``, ``1.2 s``, ``3 min 20 s``."""
    if ms is None:
        return UNKNOWN
    if ms < 0:
        return f"-{duration(-ms)}"
    if ms < 9.95:
        return f"{ms:.2g} ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 99_950:
        return f"{ms / 1000:.3g} s"
    minutes, seconds = divmod(math.floor(ms / 1000 + 0.5), 60)
    return f"{minutes} min {seconds} s"


def count(number: float | None) -> str:
    """A number with thousands separated: ``2,400``, ``199.8``, ``0.25``."""
    if number is None:
        return UNKNOWN
    if isinstance(number, int) or float(number).is_integer():
        return f"{number:,.0f}"
    return f"{number:,.1f}" if abs(number) >= 10 else f"{number:.3g}"


def money(minor_units: int) -> str:
    """An amount as it stands on a statement: 9778 minor units are ``97.78``."""
    sign, whole = "-" if minor_units < 0 else "", abs(minor_units)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}"


def listed(names: Iterable[str]) -> str:
    """``node1``, ``node1 and node2``, ``node1, node2 and node3``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def measured(value: Any, name: str) -> str:
    """A value in the unit that ends its name: ``outage_ms`` is a time, ``lost`` a count."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if name.endswith("_ms"):
            return duration(value)
        if name.endswith("_s"):
            return duration(value * 1000)
        if name.endswith("_percent"):
            return f"{count(value)} %"
        return count(value)
    return plain(value)


def facts(values: Mapping[str, Any]) -> str:
    """Named values on one line, nested ones with all their names: ``role: primary, probe refused after: 12 ms``."""
    return ", ".join(f"{name}: {value}" for name, value in _worded(values))


def _worded(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{label(name)} {inner}", words) for inner, words in _worded(value))
        else:
            yield label(name), measured(value, name)


def scalars(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only the values that fit in a cell; lists and tables are in summary.json or have their own place on a page."""
    return {name: value for name, value in values.items() if not isinstance(value, Mapping | list)}


def label(name: str) -> str:
    """A name without its unit and underscores: ``write_outage_ms`` is ``write outage``."""
    for unit in ("_ms", "_s", "_percent"):
        name = name.removesuffix(unit)
    return name.replace("_", " ")


def plain(value: Any) -> str:
    """Any value of a file as text; what is not text or a number as JSON."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return " ".join(map(str, value))
    return json.dumps(value, default=str, ensure_ascii=False)
