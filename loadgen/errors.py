"""The one way a load can be asked for wrongly, and how what broke is told."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, get_args


class ConfigError(ValueError):
    """The load configuration cannot be used; its text is one line that begins with the key.

    key: the key's place with dots, such as ``workload.skew.size``; empty where none is to blame.
    message: the text without it.
    """

    def __init__(self, message: str, *, key: str = "") -> None:
        super().__init__(f"{key}: {message}" if key else message)
        self.key, self.message = key, message


def require(holds: bool, key: str, expected: str, got: object) -> None:
    """Raise ConfigError unless it holds."""
    if not holds:
        raise ConfigError(f"expected {expected}, got {got!r}", key=key)


def require_one_of(words: Any, key: str, got: object) -> None:
    """words: a Literal. Raises ConfigError for any other."""
    known = get_args(words)
    require(got in known, key, f"one of {', '.join(known)}", got)


def in_words(error: Exception) -> str:
    """What the system or MySQL says of an error, with MySQL's number, without Python's spelling of it; its kind where
    it says nothing."""
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    said = [str(part) for part in reversed(error.args) if part != ""]
    return " ".join([said[0], *(f"(MySQL error {number})" for number in said[1:])]) if said else type(error).__name__


def what_broke(bug: BaseException, *, within: Path | None = None) -> str:
    """What broke and where, in one line: the innermost frame, of this file if one is given and was on the way."""
    frames = list(traceback.extract_tb(bug.__traceback__))
    if within is not None:
        frames = [frame for frame in frames if frame.filename == str(within)]
    where = "".join(f" ({at.filename}:{at.lineno}, in {at.name})" for at in frames[-1:])
    return " ".join(f"{type(bug).__name__}: {bug}".split()) + where
