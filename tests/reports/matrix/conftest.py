"""Trials of a matrix made from one judged run: only what a test is about differs between them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from checks.judge import judge
from history.history import History
from reports.matrix.experiment import Cell, Experiment
from reports.summary import summarise
from reports.summary_types import Summary
from reports.trials.trial import Trial

Judged = Callable[..., Any]

STEPS = {"detected": 0.4, "elected": 0.8, "rerouted": 0.9, "first_ack": 1.0, "steady": 3.0, "rejoined": 8.0}


@pytest.fixture(scope="session")
def judged(make_history: Callable[..., History]) -> Judged:
    """A factory of summaries of one run: with another outage, another response time before the fault, other losses."""
    history = make_history()
    run = summarise(history, judge(history))

    def make(*, outage_ms: float = 2000, p50_ms: float = 5, **rpo: int) -> Any:
        made: Any = copy.deepcopy(run)
        made["write_outage_ms"] = outage_ms
        made["rpo"] |= rpo
        made["phases"]["before"]["response_ms"] |= {"p50": p50_ms, "p99": 4 * p50_ms}
        fault = made["faults"][0]
        for step in fault["waterfall"]:
            step["since_ms"] = STEPS.get(step["step"], 0.0) * outage_ms
            step["at_ns"] = fault["injected_ns"] + round(step["since_ms"] * 1e6)
        if rpo.get("lost"):
            made |= {"verdict": "fail", "failed": ["durability"], "why": "durability failed: lost."}
        return made

    return make


@pytest.fixture(scope="session")
def void(judged: Judged) -> Judged:
    """The same, of a run that proves nothing."""

    def make(**numbers: Any) -> Any:
        reason = "the generator ran late"
        return judged(**numbers) | {"verdict": "void", "void_reasons": [reason], "why": f"Nothing: {reason}."}

    return make


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
