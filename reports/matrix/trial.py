"""What a matrix is made of: cells (a topology behind a mesh) and the trials that were run of each.

Plain data: `scenarios.matrix.matrix` fills it, `reports.matrix.summary` computes from it. Reads nothing and decides one
thing only, which trials may be averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.summary_types import Summary

#: Of one trial. ``broken``: meshbench failed and nothing was judged; ``not run``: interrupted before or in it.
TrialVerdict = Literal["pass", "fail", "void", "broken", "not run"]


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
class Trial:
    """One ordinary run of a cell.

    number: from 1, equal numbers have equal seeds in every cell. order: place among all trials, from 1.
    summary: of the run, None if it was not judged. broke: what meshbench broke with, one line. folder: of the run,
    relative to the page. took_s: wall time.
    """

    cell: Cell
    number: int
    order: int
    seed: int
    summary: Summary | None = None
    broke: str | None = None
    folder: str | None = None
    took_s: float | None = None

    @property
    def verdict(self) -> TrialVerdict:
        if self.summary is not None:
            verdict: TrialVerdict = self.summary["verdict"]
            return verdict
        return "broken" if self.broke is not None else "not run"

    @property
    def counts(self) -> bool:
        """Whether its numbers may be averaged.

        Never those of a void trial; nor of one that is void but failed, because money is gone whatever else went wrong.
        """
        return self.summary is not None and self.verdict != "void" and not self.summary["void_reasons"]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A matrix as far as it was run. trials: those planned of each cell. cells: in the order of the command line."""

    scenario: str
    description: str
    command: Sequence[str]
    started_at: str
    seed: int
    trials: int
    cells: Sequence[Cell]
    results: Sequence[Trial]
    took_s: float
    interrupted: bool = False
