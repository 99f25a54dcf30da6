"""What every part of a scenario is: a typed document without unknown keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticKnownError


class MisfitError(ValueError):
    """A value that a whole section finds wrong. path: where it stands, below that section."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


class Section(BaseModel):
    """A part of a scenario: unknown keys are mistakes, and so are numbers written as words or truth values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def one_of_words(value: Any, words: Sequence[str]) -> Any:
    """One of these words, or None; refused as pydantic refuses what is none of a `Literal`."""
    if value is not None and value not in words:
        *others, last = (repr(word) for word in words)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}"})
    return value
