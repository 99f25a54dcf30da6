"""A step of the timeline in words: what it was called and asked for, and how much of it was measured.

A fault's own keys are what its record has as parameters; none is known here by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reports.summary_types import FaultRow, Section
from reports.text.units import count, facts, label, plain

#: Of the parameters, those that say when, and are no keys of the fault.
_MOMENTS = frozenset({"at_s", "delay_s"})
#: A size of none at all, such as the jitter of a delay that has none.
_NONE_OF_IT: tuple[Any, ...] = (None, "0ms", "0%", {})


def step_words(fault: FaultRow) -> str:
    """``delay (latency: 200ms, link: node-node) of primary (node1)``."""
    pods = "" if fault["pod"] in (None, fault["target"]) else f" ({fault['pod']})"
    return f"{_name_and_keys(fault)} of {fault['target']}{pods}"


def _name_and_keys(fault: FaultRow) -> str:
    keys = ", ".join(_keys(fault))
    return f"{fault['name']} ({keys})" if keys else fault["name"]


def _keys(fault: FaultRow) -> Iterator[str]:
    if fault["peer"] is not None:
        yield f"peer: {fault['peer']}"
    for key, value in fault["parameters"].items():
        if key in _MOMENTS or value in _NONE_OF_IT:
            continue
        if isinstance(value, Mapping):
            yield from (f"{inner}: {_value(number)}" for inner, number in value.items())
        else:
            yield f"{label(key)}: {_value(value)}"


def _value(value: Any) -> str:
    """As YAML has it."""
    return str(value).lower() if isinstance(value, bool) else plain(value)


def evidence_words(evidence: Section) -> str:
    """What a probe showed, on one line; sizes first: ``added round trip: 51.3 ms (promised 50 ms)``."""
    sizes = evidence.get("measured")
    if not isinstance(sizes, list) or not all(isinstance(size, Mapping) and size.keys() >= _SIZE for size in sizes):
        return facts(evidence)
    rest = {name: value for name, value in evidence.items() if name != "measured"}
    return ", ".join(filter(None, (*map(_size_words, sizes), facts(rest))))


#: What a size on record has at least.
_SIZE = frozenset({"what", "unit", "promised", "measured"})


def _size_words(size: Mapping[str, Any]) -> str:
    found, promised = (_of_unit(size[name], str(size["unit"])) for name in ("measured", "promised"))
    return f"{size['what']}: {found} (promised {promised})"


def _of_unit(number: Any, unit: str) -> str:
    return f"{count(number) if isinstance(number, int | float) else plain(number)} {unit}".rstrip()
