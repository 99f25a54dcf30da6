"""What every part of a scenario is: a typed document without unknown keys."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from scenarios.schema.told import spelt


class MisfitError(ValueError):
    """A value that a whole section finds wrong. path: where it stands, below that section."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


class UnknownWordError(ValueError):
    """A word that is none of those allowed; the message says which word it was."""


class Section(BaseModel):
    """A part of a scenario: unknown keys are mistakes, and so are numbers written as words or truth values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def one_of_words(value: Any, words: Sequence[str]) -> Any:
    """One of these words, or None. Raises UnknownWordError."""
    if value is not None and value not in words:
        raise UnknownWordError(not_one_of(value, words))
    return value


#: A list of more words than that is left to the command that shows it.
TOLD = 20
#: What others call it -> our word, where it is one of those allowed.
_ALSO_CALLED = {
    **dict.fromkeys(("leader", "master", "source", "writer"), "primary"),
    **dict.fromkeys(("follower", "slave", "replica", "secondary", "standby"), "one_replica"),
    **{"latency": "delay", "lag": "delay", "packet-loss": "loss", "crash": "kill", "reboot": "restart"},
    **{"freeze": "pause", "network-partition": "partition", "failover": "switchover", "slow-disk": "disk-slow"},
}


def not_one_of(value: Any, words: Sequence[str], *, what: str = "word", listed_by: str = "") -> str:
    """What is wrong with a value that is none of these words; a likely one comes first. listed_by: the command that
    shows all of them, where they are too many for a line."""
    near = difflib.get_close_matches(value, words, n=1) if isinstance(value, str) else []
    if isinstance(value, str) and (ours := _ALSO_CALLED.get(value.lower())) in words:
        near = [str(ours)]
    hint = f"did you mean {near[0]!r}? Expected" if near else "expected"
    told = f"unknown {what} {spelt(value)}; " if isinstance(value, str) else ""
    got = "" if isinstance(value, str) else f", got {spelt(value)}"
    shown = ", ".join(words)
    if listed_by and len(words) > TOLD:
        shown = f"the {len(words)} that {listed_by} lists"
    return f"{told}{hint} one of {shown}{got}"
