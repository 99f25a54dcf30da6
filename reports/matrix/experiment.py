"""What a matrix is made of: cells (a topology behind a mesh) and the trials that were run of each.

Plain data: `scenarios.matrix.matrix` fills it, `reports.matrix.summary` computes from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.trials.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A combination by the words of the command line. not_applicable: why it cannot be run, None if it can."""

    topology: str
    mesh: str
    not_applicable: str | None = None

    @property
    def name(self) -> str:
        return f"{self.topology} / {self.mesh}"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A matrix as far as it was run. trials: those planned of each cell. cells: in the order of the command line.
    results: each with the name of its cell. folder: where its page will be."""

    scenario: str
    description: str
    command: Sequence[str]
    started_at: str
    seed: int
    trials: int
    cells: Sequence[Cell]
    results: Sequence[Trial]
    folder: Path
    took_s: float
    interrupted: bool = False
