"""Variables of mysqld as a key of a fault: a mapping such as ``{max_connections: 50}``."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster.keys import Mistake, MistakesError
from cluster.mysqld.option_names import canonical
from cluster.mysqld.option_rules import RESERVED_WHY, reserved
from cluster.mysqld.options import normal, written_value

Value = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class Variables:
    """Is `cluster.keys.Part`. values: canonical name -> what it is to be."""

    values: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def read(cls, written: Any) -> Variables:
        """Raises MistakesError."""
        if not isinstance(written, dict):
            raise MistakesError([Mistake(key="", why="expected a mapping, such as {max_connections: 50}", got=written)])
        mistakes = [mistake for name, value in written.items() if (mistake := _wrong(name, value))]
        mistakes += [
            Mistake(key=name, why=f"is {canonical(name)} once more; keep one")
            for number, name in enumerate(written)
            if isinstance(name, str) and canonical(name) in map(canonical, list(written)[:number])
        ]
        if mistakes:
            raise MistakesError(mistakes)
        return cls(values={canonical(name): value for name, value in written.items()})

    def as_json(self) -> dict[str, Value]:
        return dict(self.values)

    def assignments(self) -> dict[str, str]:
        """Name -> its value as SQL has it: without the suffixes that only a command line may have."""
        return {name: _literal(value) for name, value in self.values.items()}

    def misfit(self) -> Mistake | None:
        """Where none is named."""
        return None if self.values else Mistake(key="variables", why="is required, such as {max_connections: 50}")

    def unknown_to(self, known: Collection[str]) -> Mistake | None:
        """Where a server has no such variable. known: the names of those it has."""
        name = next((name for name in self.values if name not in known), None)
        if name is None:
            return None
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return Mistake(key=f"variables.{name}", why=f"this server has no such variable{hint}")

    def are(self, found: Mapping[str, object]) -> bool:
        """Whether they have these values, however MySQL spells them."""
        return all(normal(str(found.get(name))) == normal(written_value(value)) for name, value in self.values.items())


def _literal(value: Value) -> str:
    number = normal(written_value(value))
    if re.fullmatch(r"-?\d+(\.\d+)?", number):
        return number
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _wrong(name: Any, value: Any) -> Mistake | None:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", name):
        return Mistake(key=str(name), why="is not a variable name: letters, digits and _")
    if not isinstance(value, str | int | float | bool):
        return Mistake(key=name, why="expected a number, a word, true or false", got=value)
    if "\n" in str(value) or "\0" in str(value):
        return Mistake(key=name, why="a value is one line")
    if isinstance(value, float) and not math.isfinite(value):
        return Mistake(key=name, why=f"YAML reads it as {value}; quote it")
    return Mistake(key=name, why=RESERVED_WHY) if reserved(canonical(name), written_value(value)) else None
