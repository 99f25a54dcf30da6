"""The keys of a load that are for a user's own file alone: variables of its environment, and arguments for Locust."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from loadgen.user_code.environment import NAMES
from scenarios.schema.section import MisfitError
from scenarios.schema.told import spelt

#: What stands in a manifest in place of a value, which may be a secret.
HIDDEN = "(not recorded)"
#: Letters of a value: Linux takes 128 KiB of one variable.
LONGEST_VALUE = 30_000
#: What says where Python, its loader and Locust look, which is ours to say.
_RESERVED = re.compile(r"LOCUST_.*|PYTHON.*|LD_.*|PATH|HOME")
#: A setting with values of variables in it, and what stands before them.
_WITH_VALUES = re.compile(r"(load\.environment[^=]*=|(?:^|(?<==))load=(?=.*environment)).*", re.DOTALL)
#: A name that says that its value is nobody's business, in a log either.
_SECRET = re.compile(r"pass|pwd|secret|token|key|credential|auth", re.IGNORECASE)


def _environment(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError("expected a mapping of variables, such as {BANK: acme}")
    for name, text in value.items():
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise MisfitError((str(name),), "is not a variable name: letters, digits and _")
        if name in NAMES:
            raise MisfitError((name,), "is set by meshbench itself, to where the database is; leave it out")
        if _RESERVED.fullmatch(name):
            how = "; options of Locust go into load.arguments" if name.startswith("LOCUST_") else ""
            raise MisfitError((name,), f"is set by meshbench itself; leave it out{how}")
        if not isinstance(text, str):
            raise MisfitError((name,), f"expected text, got {spelt(text)}; quote it: {name}: '…'")
        if len(text) > LONGEST_VALUE:
            raise MisfitError((name,), f"is longer than {LONGEST_VALUE:,} characters; put it into a file beside yours")
        if "\0" in text:
            raise MisfitError((name,), "has a zero byte, which no variable can")
    return value


def _arguments(value: Any) -> Any:
    """A list of words as on Locust's command line, or a mapping: name without dashes -> value, true for a bare flag."""
    if isinstance(value, list):
        for number, word in enumerate(value):
            if not isinstance(word, str) or not word or "\0" in word:
                raise MisfitError((number,), f"expected a word, got {word!r}; quote it")
        return value
    if not isinstance(value, dict):
        raise ValueError("expected a list of words, such as [--bank, acme], or a mapping, such as {bank: acme}")
    for name, given in value.items():
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
            raise MisfitError((str(name),), "is not an argument name; write it without leading dashes")
        if given is not True and not isinstance(given, str):
            raise MisfitError((name,), f"expected text, or true for a flag, got {given!r}; quote it: {name}: '…'")
    return value


def argument_list(arguments: list[str] | Mapping[str, str | bool]) -> tuple[str, ...]:
    """As they stand on Locust's command line. A value stands behind ``=``, so that it may begin with a dash."""
    if not isinstance(arguments, Mapping):
        return tuple(arguments)
    return tuple(f"--{name}" if value is True else f"--{name}={value}" for name, value in arguments.items())


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """The values whose names say that they are secret."""
    return [value for name, value in environment.items() if value and _SECRET.search(name)]


def without_values(words: list[str]) -> list[str]:
    """A command line as it may be recorded: ``load.environment.BANK=…`` and a ``load={…}`` with an environment in it
    without what stands behind."""
    return [_WITH_VALUES.sub(rf"\1{HIDDEN}", word) for word in words]


Environment = Annotated[
    dict[str, str], BeforeValidator(_environment), PlainSerializer(lambda given: dict.fromkeys(given, HIDDEN))
]
Arguments = Annotated[list[str] | dict[str, str | bool], BeforeValidator(_arguments)]
