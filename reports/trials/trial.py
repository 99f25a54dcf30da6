"""One run among several: of trials of a scenario, a matrix, a suite, a certificate or a comparison.

Plain data: `scenarios.trials.loop` fills it, reports compute from it. Reads nothing and decides one thing only, which
trials may be counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Literal

from reports.summary_types import Summary

#: ``broken``: meshbench failed and nothing was judged; ``not run``: interrupted before or in it.
TrialVerdict = Literal["pass", "fail", "void", "broken", "not run"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One ordinary run.

    number: from 1, equal numbers have equal seeds in every cell. attempt: 2 or more where a void one was repeated.
    order: place among all runs of the whole, from 1. cell: such as ``group / envoy``, None where there is one alone.
    summary: of the run, None if it was not judged. broke: what meshbench broke with, one line. folder: of the run.
    took_s: wall time. not_as_asked: why it is no trial of its cell, whatever its run was judged: a value that was asked
    for was not in force.
    """

    number: int
    order: int
    seed: int
    attempt: int = 1
    cell: str | None = None
    summary: Summary | None = None
    broke: str | None = None
    folder: Path | None = None
    took_s: float | None = None
    not_as_asked: str | None = None

    @property
    def verdict(self) -> TrialVerdict:
        if self.not_as_asked is not None:
            return "void"
        if self.summary is not None:
            verdict: TrialVerdict = self.summary["verdict"]
            return verdict
        return "broken" if self.broke is not None else "not run"

    @property
    def why(self) -> str:
        """The reason of the verdict, never empty."""
        if self.not_as_asked is not None:
            return self.not_as_asked
        if self.summary is not None:
            return str(self.summary["why"])
        return self.broke if self.broke is not None else "interrupted"

    @property
    def counts(self) -> bool:
        """Whether its numbers may be counted with others.

        Never those of a void trial; nor of one that is void but failed, because money is gone whatever else went wrong.
        """
        return self.summary is not None and self.verdict != "void" and not self.summary["void_reasons"]

    def link(self, page: Path) -> str | None:
        """The way from the folder of a page to that of the run, with forward slashes; None where there is no run."""
        return None if self.folder is None else Path(relpath(self.folder, page)).as_posix()
