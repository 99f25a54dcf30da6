"""What ``meshbench run NAME --trials N`` ran, as plain data: `scenarios.trials.repeated` fills it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.trials.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Series:
    """Trials of one scenario as far as they were run.

    trials: how many were asked for. results: every attempt in the order it was run, then those that were not run.
    repeats_max: how often void ones may be repeated in all. folder: where the page will be.
    """

    scenario: str
    description: str
    command: Sequence[str]
    started_at: str
    seed: int
    trials: int
    repeats_max: int
    results: Sequence[Trial]
    folder: Path
    took_s: float
    interrupted: bool = False

    @property
    def last(self) -> list[Trial]:
        """What became of each trial in the end, by number: a void one may have been repeated."""
        by_number = {one.number: one for one in sorted(self.results, key=lambda one: one.attempt)}
        return [by_number[number] for number in sorted(by_number)]
