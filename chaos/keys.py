"""The keys that a fault takes in YAML: the fields of its frozen dataclass, read and checked here.

A field says what it means, its default (none: the key is required), its bounds and its unit:

    length: float = duration("how long each silence lasts", default=1.0, at_least=0.01, at_most=60.0)

A key that a fault does not have is refused, so that nobody believes to have set something. Knows no fault.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from cluster.duration import parse_duration, show_duration

Type = Literal["duration", "whole number", "number", "true or false", "word"]
_TYPES: Mapping[str, tuple[type, ...]] = {
    "whole number": (int,),
    "number": (int, float),
    "true or false": (bool,),
    "word": (str,),
}
#: The default of a key that is required.
REQUIRED: Any = dataclasses.MISSING


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key. unit: of a number, such as ``%``. at_least, at_most: both allowed themselves; of a duration in seconds.
    words: the only ones that are allowed. default: None where it may be left out and is nothing then."""

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
        """From YAML, a duration as seconds; raises ValueError with what was expected."""
        if value is None and self.default is None:
            return None
        if self.type == "duration":
            value = parse_duration(value)
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
        return show_duration(value) if self.type == "duration" and value is not None else value

    @property
    def expected(self) -> str:
        """What may stand there, in words: ``a whole number, 1 to 9``."""
        if self.words:
            return f"one of {', '.join(self.words)}"
        what = self.type if self.type == "true or false" else f"a {self.type}"
        return ", ".join(filter(None, (f"{what} ({self.unit})" if self.unit else what, self.bounds)))

    @property
    def bounds(self) -> str:
        """``1 to 9``, ``0ms or more``, or nothing."""
        low, high = (None if bound is None else str(self.show(bound)) for bound in (self.at_least, self.at_most))
        if low is None:
            return "" if high is None else f"{high} or less"
        return f"{low} or more" if high is None else f"{low} to {high}"

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


def _field(key: Key) -> Any:
    return dataclasses.field(default=key.default, metadata={"key": key})


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """key: the key that cannot stand as it is. why: what is wrong, and what would be right."""

    key: str
    why: str


class MistakesError(ValueError):
    """Keys that cannot be read, all of them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(f"{one.key}: {one.why}" for one in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Base of what takes keys; by itself it takes none."""

    @classmethod
    def declared_keys(cls) -> dict[str, Key]:
        """Every key by its name, in the order of the fields."""
        return {field.name: field.metadata["key"] for field in dataclasses.fields(cls)}

    @classmethod
    def read(cls, written: Mapping[str, Any], *, beside: tuple[str, ...] = ()) -> Self:
        """From YAML. beside: keys that may stand beside these, for messages. Raises MistakesError."""
        known, values = cls.declared_keys(), {}
        mistakes = [Mistake(key=key, why=_unknown(key, [*beside, *known])) for key in written if key not in known]
        for name, key in known.items():
            if name not in written and key.required:
                mistakes.append(Mistake(key=name, why=f"is required and missing: {key.expected}"))
            elif name in written:
                try:
                    values[name] = key.read(written[name])
                except ValueError as error:
                    mistakes.append(Mistake(key=name, why=str(error)))
        if mistakes:
            raise MistakesError(mistakes)
        return cls(**values)

    def written(self) -> dict[str, Any]:
        """All keys as YAML has them, defaults filled in; `read` of it gives the same."""
        return {name: key.show(getattr(self, name)) for name, key in self.declared_keys().items()}


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}? Allowed" if near else "allowed"
    return f"unknown key; {hint} here: {', '.join(known)}"
