"""The values of one JSON object, taken out with care: each is of its kind, or one line in plain words says which not.

Knows the kinds of values that the files of a run hold; what they mean is for those who ask. A dataclass whose fields
are annotated with kinds (``id: Count``, ``pod: Text | None = None``) is read by `read`: its fields are the keys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from history.json_files import HistoryError

#: CLOCK_MONOTONIC nanoseconds fit into 63 bits.
_TIMES = 2**63
_SHOWN = 80


class DeclarationError(TypeError):
    """What a file declares, such as a fault or a check, cannot be; the message names the file and how to mend it."""


@dataclass(frozen=True)
class Kind:
    """words: what a value must be, completing "must be …". holds: whether it is. whole: 7.0 stands for 7. becomes:
    what a record holds for it."""

    words: str
    holds: Callable[[Any], bool]
    whole: bool = False
    becomes: Callable[[Any], Any] | None = None


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether it is a finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**1000 if isinstance(value, int) else math.isfinite(value)


ANYTHING = Kind("a value", lambda value: value is not None)
TEXT = Kind("text", lambda value: isinstance(value, str))
WHOLE = Kind("a whole number", is_whole, whole=True)
COUNT = Kind("a whole number from 0 up", lambda value: is_whole(value) and value >= 0, whole=True)
NUMBER = Kind("a number from 0 up", lambda value: is_number(value) and value >= 0)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
#: What evidence must not say: step -> field -> values.
REFUTED = Kind(
    "an object of objects of lists",
    lambda value: (
        isinstance(value, dict)
        and all(
            isinstance(step, dict) and all(isinstance(values, list) for values in step.values())
            for step in value.values()
        )
    ),
)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
WORDS = Kind(
    "a list of words",
    lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    becomes=tuple,
)
TIME = Kind(
    "a time in whole nanoseconds of CLOCK_MONOTONIC", lambda value: is_whole(value) and 0 <= value < _TIMES, whole=True
)
TEXT_OR_OBJECT = Kind("text or an object", lambda value: isinstance(value, str | dict))
POD = Kind(
    "the name of a pod, or a list of names",
    lambda value: TEXT.holds(value) or WORDS.holds(value),
    becomes=lambda value: names_in(value if isinstance(value, str) else ",".join(value)),
)

Anything = Annotated[Any, ANYTHING]
Text = Annotated[str, TEXT]
Whole = Annotated[int, WHOLE]
Count = Annotated[int, COUNT]
Number = Annotated[float, NUMBER]
Flag = Annotated[bool, FLAG]
Object = Annotated[dict[str, Any], OBJECT]
Refuted = Annotated[dict[str, dict[str, list[Any]]], REFUTED]
Words = Annotated[tuple[str, ...], WORDS]
Time = Annotated[int, TIME]
Pods = Annotated[tuple[str, ...], POD]

Record = TypeVar("Record")


def names_in(text: str) -> tuple[str, ...]:
    """``"node1, node2"`` -> both."""
    return tuple(filter(None, (name.strip() for name in text.split(","))))


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
    return value if kind.becomes is None else kind.becomes(value)


def read(record: type[Record], row: Mapping[str, Any], *, place: str, inside: str = "") -> Record:
    """A JSON object as a dataclass. A key may be missing or null if its field has a default. Raises HistoryError.

    inside: for messages, what the object is part of (``load.``).
    """
    values: dict[str, Any] = {}
    for key, hint, required in _keys(record):  # type: ignore[arg-type]  # a class is hashable, whatever its objects are
        if row.get(key) is not None:
            values[key] = _read_as(hint, row[key], inside + key, place)
        elif required:  # it is missing, or null, which is none of a kind
            taken(row, key, _kind_of(hint), place=place)
    return record(**values)


@cache
def _keys(record: type[Any]) -> list[tuple[str, Any, bool]]:
    """Each field with its annotation, but for ``| None``, and whether it has no default."""
    hints = get_type_hints(record, include_extras=True)
    return [
        (field.name, _without_none(hints[field.name]), field.default is MISSING and field.default_factory is MISSING)
        for field in fields(record)
    ]


def _without_none(hint: Any) -> Any:
    options = [option for option in get_args(hint) if option is not NoneType]
    return options[0] if isinstance(hint, UnionType) or get_origin(hint) is Union else hint


def _read_as(hint: Any, value: Any, name: str, place: str) -> Any:
    """A value as an annotation wants it: of a kind, a dataclass, a tuple of such, or a dict of them without nulls."""
    if is_dataclass(hint):
        return read(hint, _of_kind(value, name, OBJECT, place), place=place, inside=f"{name}.")  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        items = _of_kind(value, name, LIST, place)
        return tuple(_read_as(get_args(hint)[0], item, f"{name}.{at}", place) for at, item in enumerate(items))
    if get_origin(hint) is dict:
        items = _of_kind(value, name, OBJECT, place).items()
        of = get_args(hint)[1]
        return {key: _read_as(of, item, f"{name}.{key}", place) for key, item in items if item is not None}
    return _of_kind(value, name, _kind_of(hint), place)


def _kind_of(hint: Any) -> Kind:
    """The kind in ``Annotated[…, Kind]``, or that of a tuple of records."""
    if get_origin(hint) is tuple:
        return LIST
    kind: Kind = hint.__metadata__[0]
    return kind


def spelt(value: Any) -> str:
    """A value as JSON spells it, cut to what fits on a line."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
