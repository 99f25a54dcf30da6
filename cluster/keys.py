"""The keys that a fault, a workload or a proxy takes in YAML: the fields of a frozen dataclass, read and checked here.

A field says what it means, its default (none: the key is required), its bounds and its unit:

    length: float = duration("how long each silence lasts", default=1.0, at_least=0.01, at_most=60.0)

A key that is not declared is refused, so that nobody believes to have set something. Knows none of those that declare.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, runtime_checkable

from cluster.duration import parse_duration, show_duration
from cluster.quantities import parse_percent, parse_rate, show_percent, show_rate

Type = Literal["duration", "percentage", "data rate", "whole number", "number", "true or false", "word", "part"]
_TYPES: Mapping[str, tuple[type, ...]] = {
    "whole number": (int,),
    "number": (int, float),
    "true or false": (bool,),
    "word": (str,),
}
#: Of the types that are written with a unit: how each is read, and shown.
_WITH_UNIT: Mapping[str, tuple[Callable[[object], float], Callable[[float], str]]] = {
    "duration": (parse_duration, show_duration),
    "percentage": (parse_percent, show_percent),
    "data rate": (parse_rate, show_rate),
}
#: What a default of this type declares, where a key declares no more.
_TYPE_OF: Mapping[type, Type] = {bool: "true or false", int: "whole number", float: "number", str: "word"}
#: The default of a key that is required.
REQUIRED: Any = dataclasses.MISSING


@runtime_checkable
class Part(Protocol):
    """A value with keys of its own, which it reads itself."""

    @classmethod
    def read(cls, written: Any) -> Self:
        """Raises MistakesError, each mistake with the key below this one, or with none."""

    def as_json(self) -> Any:
        """`read` of it gives the same."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key. unit: of a number, such as ``ms``. at_least, at_most: both allowed themselves; of a duration in seconds,
    of a percentage in percent, of a data rate in bytes a second. words: the only ones that are allowed. default: None
    where it may be left out and is nothing then; of a part always there, it has the class that reads it.
    """

    meaning: str
    type: Type
    default: Any
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    words: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    def read(self, value: Any) -> Any:
        """From YAML, a duration as seconds; raises ValueError with what was expected, MistakesError of a part."""
        if value is None and self.default is None:
            return None
        if self.type == "part":
            return type(self.default).read(value)
        if self.type in _WITH_UNIT:
            value = _WITH_UNIT[self.type][0](value)
        elif isinstance(value, bool) != (self.type == "true or false") or not isinstance(value, _TYPES[self.type]):
            raise ValueError(f"expected {self.expected}")
        if self.words and value not in self.words:
            raise ValueError(f"expected {self.expected}")
        if (self.at_least is not None and not value >= self.at_least) or (
            self.at_most is not None and not value <= self.at_most
        ):
            raise ValueError(f"expected {self.expected}")
        return float(value) if self.type == "number" else value

    def show(self, value: Any) -> Any:
        """As YAML has it; `read` of it gives the same."""
        if self.type == "part":
            return value.as_json()
        return _WITH_UNIT[self.type][1](value) if self.type in _WITH_UNIT and value is not None else value

    @property
    def expected(self) -> str:
        """What may stand there, in words: ``a whole number, 1 to 9``."""
        if self.words:
            return f"one of {', '.join(self.words)}"
        if self.type == "part":
            return "a mapping"
        what = self.type if self.type == "true or false" else f"a {self.type}"
        return ", ".join(filter(None, (f"{what} ({self.unit})" if self.unit else what, self.bounds)))

    @property
    def bounds(self) -> str:
        """``1 to 9``, ``0ms or more``, or nothing."""
        low, high = (None if bound is None else self._shown(bound) for bound in (self.at_least, self.at_most))
        if low is None:
            return "" if high is None else f"{high} or less"
        return f"{low} or more" if high is None else f"{low} to {high}"

    def _shown(self, bound: float) -> str:
        if self.type == "duration" and bound >= 3600 and bound % 3600 == 0:
            return f"{bound / 3600:g}h"
        if self.type in _WITH_UNIT:
            return _WITH_UNIT[self.type][1](bound)
        return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"

    def as_json(self) -> dict[str, Any]:
        """What `meshbench faults --json` says of it."""
        return {
            "meaning": self.meaning,
            "type": self.type,
            "unit": self.unit,
            "required": self.required,
            "default": None if self.required else self.show(self.default),
            "at_least": None if self.at_least is None else self.show(self.at_least),
            "at_most": None if self.at_most is None else self.show(self.at_most),
            "words": list(self.words),
        }


def duration(
    meaning: str, *, default: float | None = REQUIRED, at_least: float = 0.0, at_most: float | None = None
) -> Any:
    """Written ``250ms``; kept, and bounded, in seconds."""
    return _field(Key(meaning=meaning, type="duration", default=default, at_least=at_least, at_most=at_most))


def percent(meaning: str, *, default: float | None = REQUIRED, at_least: float = 0.0, at_most: float = 100.0) -> Any:
    """Written ``5%``; kept, and bounded, in percent."""
    return _field(Key(meaning=meaning, type="percentage", default=default, at_least=at_least, at_most=at_most))


def rate(meaning: str, *, default: float | None = REQUIRED, at_least: float = 0.0, at_most: float | None = None) -> Any:
    """Written ``1mbps`` or ``8mbit``; kept, and bounded, in bytes a second."""
    return _field(Key(meaning=meaning, type="data rate", default=default, at_least=at_least, at_most=at_most))


def whole(
    meaning: str,
    *,
    default: int | None = REQUIRED,
    unit: str = "",
    at_least: int | None = None,
    at_most: int | None = None,
) -> Any:
    return _field(
        Key(meaning=meaning, type="whole number", default=default, unit=unit, at_least=at_least, at_most=at_most)
    )


def number(
    meaning: str,
    *,
    default: float | None = REQUIRED,
    unit: str = "",
    at_least: float | None = None,
    at_most: float | None = None,
) -> Any:
    return _field(Key(meaning=meaning, type="number", default=default, unit=unit, at_least=at_least, at_most=at_most))


def flag(meaning: str, *, default: bool = REQUIRED) -> Any:
    return _field(Key(meaning=meaning, type="true or false", default=default))


def word(meaning: str, *, of: tuple[str, ...], default: str | None = REQUIRED) -> Any:
    """One of these words."""
    return _field(Key(meaning=meaning, type="word", default=default, words=of))


def part(meaning: str, *, default: Part) -> Any:
    """A mapping with keys of its own, which the class of the default reads."""
    return _field(Key(meaning=meaning, type="part", default=default))


def like(default: Any, *, at_least: float | None = None, at_most: float | None = None) -> Any:
    """A key of the type of its default; raises TypeError for a default that is no value of a key."""
    return _field(_key_like(default, at_least=at_least, at_most=at_most))


def _field(key: Key) -> Any:
    return dataclasses.field(default=key.default, metadata={"key": key})


def _key_like(default: Any, *, at_least: float | None = None, at_most: float | None = None) -> Key:
    kind: Type | None = "part" if isinstance(default, Part) else _TYPE_OF.get(type(default))
    if kind is None:
        raise TypeError(f"the default of a key is a number, a word, true or false, not {default!r}")
    return Key(meaning="", type=kind, default=default, at_least=at_least, at_most=at_most)


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """key: the key that cannot stand as it is, with dots where it is one of a part. why: what is wrong, and what would
    be right. got: the value, where that is what is wrong."""

    key: str
    why: str
    got: Any = None

    @property
    def words(self) -> str:
        return self.why if self.got is None else f"{self.why}, got {self.got!r}"


class MistakesError(ValueError):
    """Keys that cannot be read, all of them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(f"{mistake.key}: {mistake.words}" for mistake in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Base of what takes keys; by itself it takes none."""

    @classmethod
    def declared_keys(cls) -> dict[str, Key]:
        """Every key by its name, in the order of the fields; raises TypeError for a field that is none."""
        fields = dataclasses.fields(cls)
        return {field.name: field.metadata.get("key") or _key_like(field.default) for field in fields}

    @classmethod
    def read(cls, written: Mapping[str, Any], *, of: str = "", beside: tuple[str, ...] = ()) -> Self:
        """From YAML. of: whose keys they are, for messages; beside: keys that may stand beside them. Raises
        MistakesError."""
        known, values = cls.declared_keys(), {}
        mistakes = [Mistake(key=key, why=_unknown(key, of, [*beside, *known])) for key in written if key not in known]
        for name, key in known.items():
            if name not in written and key.required:
                mistakes.append(Mistake(key=name, why=f"is required and missing: {key.expected}"))
            elif name in written:
                try:
                    values[name] = key.read(written[name])
                except MistakesError as error:
                    mistakes += [_below(name, mistake) for mistake in error.mistakes]
                except ValueError as error:
                    mistakes.append(Mistake(key=name, why=str(error), got=written[name]))
        if mistakes:
            raise MistakesError(mistakes)
        return cls(**values)

    def written(self) -> dict[str, Any]:
        """All keys as YAML has them, defaults filled in; `read` of it gives the same."""
        return {name: key.show(getattr(self, name)) for name, key in self.declared_keys().items()}


def _below(name: str, mistake: Mistake) -> Mistake:
    return dataclasses.replace(mistake, key=f"{name}.{mistake.key}".rstrip("."))


def _unknown(key: str, of: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}? Allowed" if near else "allowed"
    return f"unknown key{f' of {of}' if of else ''}; {hint} here: {', '.join(known) or 'no key'}"
