"""The values of one JSON object, taken out with care: each is of its kind, or one line in plain words says which not.

Knows the kinds of values that the files of a run hold; what they mean is for those who ask.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from history.json_files import HistoryError

#: CLOCK_MONOTONIC nanoseconds fit into 63 bits.
_TIMES = 2**63
_SHOWN = 80


@dataclass(frozen=True)
class Kind:
    """words: what a value must be, completing "must be …". holds: whether it is. whole: 7.0 stands for 7."""

    words: str
    holds: Callable[[Any], bool]
    whole: bool = False


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether it is a finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**1000 if isinstance(value, int) else math.isfinite(value)


TEXT = Kind("text", lambda value: isinstance(value, str))
WHOLE = Kind("a whole number", is_whole, whole=True)
COUNT = Kind("a whole number from 0 up", lambda value: is_whole(value) and value >= 0, whole=True)
NUMBER = Kind("a number from 0 up", lambda value: is_number(value) and value >= 0)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
WORDS = Kind("a list of words", lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value))
TIME = Kind(
    "a time in whole nanoseconds of CLOCK_MONOTONIC", lambda value: is_whole(value) and 0 <= value < _TIMES, whole=True
)
TEXT_OR_OBJECT = Kind("text or an object", lambda value: isinstance(value, str | dict))
POD = Kind("the name of a pod, or a list of names", lambda value: TEXT.holds(value) or WORDS.holds(value))


def one_of(names: Iterable[str]) -> Kind:
    """One of these words."""
    known = tuple(names)
    return Kind(f"one of {', '.join(known)}", lambda value: value in known if isinstance(value, str) else False)


def taken(row: Mapping[str, Any], name: str, kind: Kind, *, place: str) -> Any:
    """A value that must be there. place: file and line, and what is wrong with it, for the message."""
    if name not in row:
        raise HistoryError(f"{place}: {name!r} is missing; expected {kind.words}")
    return _of_kind(row[name], name, kind, place)


def taken_if_there(row: Mapping[str, Any], name: str, kind: Kind, *, place: str) -> Any:
    """A value that may be missing or null, which is None."""
    value = row.get(name)
    return None if value is None else _of_kind(value, name, kind, place)


def _of_kind(value: Any, name: str, kind: Kind, place: str) -> Any:
    # Some tools know only one kind of number. Beyond 2^53 theirs are not whole any more.
    if kind.whole and isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    if not kind.holds(value):
        raise HistoryError(f"{place}: {name!r} must be {kind.words}, not {spelt(value)}")
    return value


def spelt(value: Any) -> str:
    """A value as JSON spells it, cut to what fits on a line."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
