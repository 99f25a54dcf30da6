"""What every part of a scenario is: a typed document without unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class MisfitError(ValueError):
    """A value that a whole section finds wrong. path: where it stands, below that section."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


class Section(BaseModel):
    """A part of a scenario: unknown keys are mistakes, and so are numbers written as words or truth values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
