"""Several trials of one scenario, each made from the same judged run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from reports.summary_types import Summary
from reports.trials.series import Series
from reports.trials.trial import Trial


@pytest.fixture(scope="session")
def series() -> Callable[..., Series]:
    """A factory. outcomes: of trial 1, 2, …: a summary, what broke, None of one that was not run, or a list of what
    became of its attempts."""

    def make(outcomes: Sequence[Any], *, folder: Path = Path("runs/trials/night")) -> Series:
        results: list[Trial] = []
        for number, attempts in enumerate(outcomes, start=1):
            for attempt, outcome in enumerate(attempts if isinstance(attempts, list) else [attempts], start=1):
                order = len(results) + 1
                results.append(
                    Trial(
                        number=number,
                        attempt=attempt,
                        order=order,
                        seed=6 + number,
                        summary=cast("Summary", outcome) if isinstance(outcome, dict) else None,
                        broke=outcome if isinstance(outcome, str) else None,
                        folder=None if outcome is None else folder.parents[1] / "primary-kill" / f"run-{order}",
                        took_s=None if outcome is None else 60.0,
                    )
                )
        return Series(
            scenario="primary-kill",
            description="what the tests want to know",
            command=["meshbench", "run", "primary-kill", "--trials", str(len(outcomes)), "--set", "load.rate=200 "],
            started_at="2026-11-28T02:40:00+00:00",
            seed=7,
            trials=len(outcomes),
            repeats_max=len(outcomes),
            results=results,
            folder=folder,
            took_s=600.0,
            interrupted=None in outcomes,
        )

    return make
