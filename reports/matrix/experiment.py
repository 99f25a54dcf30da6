"""What a matrix is made of: cells (a topology behind a mesh, with values of the varied keys), the trials that were run
of each, and what was in force in them.

Plain data: `scenarios.matrix.matrix` fills it, `reports.matrix.summary` computes from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reports.trials.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Varied:
    """A value of an axis. key: of the scenario. label: what stands for the key in names. asked: as it was written."""

    key: str
    label: str
    asked: str

    @property
    def name(self) -> str:
        return f"{self.label}={self.asked}"


@dataclass(frozen=True, kw_only=True)
class Effective:
    """What a run says was in force of one varied key. asked: as it was written. source: where it was read. read: who
    says so -> what. wrong: why it is not what was asked, None where it is."""

    key: str
    asked: str
    source: str
    read: Mapping[str, Any]
    wrong: str | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A combination by the words of the command line. varied: in the order of the axes. not_applicable: why it cannot
    be run, None if it can."""

    topology: str
    mesh: str
    varied: tuple[Varied, ...] = ()
    not_applicable: str | None = None

    @property
    def name(self) -> str:
        return " / ".join([self.topology, self.mesh, *(one.name for one in self.varied)])


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A matrix as far as it was run. trials: those planned of each cell. cells: in the order of the command line.
    results: each with the name of its cell. effective: by the order of the trial, of every one that left a run folder.
    folder: where its page will be."""

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
    effective: Mapping[int, Sequence[Effective]] = field(default_factory=dict)
