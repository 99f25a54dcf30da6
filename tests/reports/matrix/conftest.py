"""Trials of a matrix made from judged runs, which only differ in what a test is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from reports.matrix.experiment import Cell, Experiment
from reports.summary_types import Summary
from reports.trials.trial import Trial


@pytest.fixture(scope="session")
def experiment() -> Callable[..., Experiment]:
    """A factory of matrices. cells; trials in the order they were run: a cell and a summary, what broke, or None."""

    def make(
        cells: Sequence[Cell], trials: Sequence[tuple[Cell, Any]], *, folder: Path = Path("runs/matrix/night")
    ) -> Experiment:
        results: list[Trial] = []
        for order, (cell, outcome) in enumerate(trials, start=1):
            number = 1 + sum(one.cell == cell.name for one in results)
            results.append(
                Trial(
                    cell=cell.name,
                    number=number,
                    order=order,
                    seed=6 + number,
                    summary=cast("Summary", outcome) if isinstance(outcome, dict) else None,
                    broke=outcome if isinstance(outcome, str) else None,
                    folder=None if outcome is None else folder.parents[1] / "primary-kill" / f"run-{order}",
                    took_s=None if outcome is None else 60.0,
                )
            )
        return Experiment(
            scenario="primary-kill",
            description="what the tests want to know",
            command=["meshbench", "matrix", "primary-kill", "--set", "load.rate=200 "],
            started_at="2026-11-24T02:40:00+00:00",
            seed=7,
            trials=max((one.number for one in results), default=1),
            cells=cells,
            results=results,
            folder=folder,
            took_s=600.0,
        )

    return make
