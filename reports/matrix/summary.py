"""``matrix.json``: every cell with the numbers of its trials that count, and the trials themselves.

The contract is ``matrix.schema.json``; the page, the table and the CSV say nothing this does not hold. Only trials
that count are averaged (see `reports.trials.trial`). Money that a trial lost is counted in any case: it is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, get_args

from reports.matrix.experiment import Cell, Experiment, Varied
from reports.matrix.failovers import failed_over, failover_curves, failovers
from reports.matrix.frontier import METHOD, frontier, metrics_known
from reports.matrix.headline import headline
from reports.matrix.in_force import in_force
from reports.matrix.matrix_types import (
    AxisRow,
    CellRow,
    CellVerdict,
    FrontierRow,
    Matrix,
    MatrixRpo,
    Percentiles,
    RecoveryPart,
    Spread,
    TrialRow,
    VariedRow,
)
from reports.matrix.mesh_tax import mesh_tax
from reports.matrix.numbers import injected_ns, recovery, trial_numbers
from reports.matrix.trial_stats import CI95_METHOD, middle, spread
from reports.schema import MATRIX_ID
from reports.summary_types import PhaseName, PromiseRow
from reports.text.guarantees import promise
from reports.trials.trial import Trial, TrialVerdict

#: The verdicts of cells, the worst first: the matrix has the worst one of its cells. A failed gate is a finding about
#: the system under test and must not hide behind trouble of the harness.
WORST_FIRST: tuple[CellVerdict, ...] = ("fail", "broken", "void", "not run", "pass", "not applicable")

#: Of a cell until all cells are known.
_UNRANKED: FrontierRow = {
    "in_set": None,
    "why": "not compared yet",
    "dominated_by": [],
    "write_outage_ms": None,
    "lost_per_trial": None,
    "response_before_p99_ms": None,
}
#: Numbers that are summed over trials.
Money = Literal["acked", "lost", "lost_amount", "duplicated", "torn"]


def matrix_summary(experiment: Experiment) -> Matrix:
    """The content of matrix.json; its cells come sorted: shortest write outage first, those without one last."""
    cells = [_cell(cell, experiment) for cell in experiment.cells]
    axes = _axes(experiment.cells)
    curves = failover_curves(axes, cells)
    for cell, row in zip(cells, list(frontier(cells)), strict=True):
        cell["frontier"] = row
    cells.sort(key=_rank)
    verdicts = [cell["verdict"] for cell in cells]
    return {
        "schema": MATRIX_ID,
        "verdict": next(verdict for verdict in WORST_FIRST if verdict in verdicts),
        "scenario": experiment.scenario,
        "teaches": experiment.description,
        "command": list(experiment.command),
        "started_at": experiment.started_at,
        "took_s": round(experiment.took_s, 3),
        "interrupted": experiment.interrupted,
        "seed": experiment.seed,
        "trials": experiment.trials,
        "ci95_method": CI95_METHOD,
        "axes": axes,
        "frontier_method": METHOD,
        "frontier_metrics": metrics_known(cells),
        "failover_curves": curves,
        "cells": cells,
        "headline": headline(cells, curves=curves, interrupted=experiment.interrupted),
    }


def _rank(cell: CellRow) -> tuple[int, float]:
    outage_ms = middle(cell["write_outage_ms"])
    return (0, outage_ms) if outage_ms is not None else (1 + WORST_FIRST.index(cell["verdict"]), 0)


def _cell(cell: Cell, experiment: Experiment) -> CellRow:
    trials = sorted((one for one in experiment.results if one.cell == cell.name), key=lambda one: one.number)
    numbers = [trial_numbers(one.summary) for one in trials if one.summary and one.counts]
    steps = [recovery(one.summary) for one in trials if one.summary and one.counts]
    verdict = _verdict(cell, trials)

    def over_trials(name: str) -> Spread | None:
        return spread(one[name] for one in numbers)

    def response(phase: PhaseName) -> Percentiles:
        return {"p50": over_trials(f"response_{phase}_p50_ms"), "p99": over_trials(f"response_{phase}_p99_ms")}

    told = [failed_over(one.summary) for one in trials if one.summary and one.counts]
    return {
        "name": cell.name,
        "topology": cell.topology,
        "mesh": cell.mesh,
        "varied": [_varied(one, trials, experiment) for one in cell.varied],
        "verdict": verdict,
        "why": _why(cell, verdict, trials),
        "trials_by_verdict": {one: [trial.verdict for trial in trials].count(one) for one in get_args(TrialVerdict)},
        "counted": len(numbers),
        "write_outage_ms": over_trials("write_outage_ms"),
        "lost": over_trials("lost"),
        "frontier": _UNRANKED,
        "failovers": failovers(told, left_out=len(trials) - len(told)),
        "waterfall": _waterfall(steps),
        "rpo": _rpo(trials),
        "promise": _promise(cell, trials),
        "caveat": next((said for one in trials if one.summary and (said := one.summary["mesh"].get("caveat"))), None),
        "response_ms": {"before": response("before"), "during": response("during"), "after": response("after")},
        "offered_tps": over_trials("offered_tps"),
        "achieved_tps": over_trials("achieved_tps"),
        "achieved_before_tps": over_trials("achieved_before_tps"),
        "mesh_tax": mesh_tax(cell, experiment.cells, experiment.results),
        "client_cpu_us_per_txn": over_trials("client_cpu_us_per_txn"),
        "boot_s": over_trials("boot_s"),
        "trials": [_trial(one, experiment) for one in trials],
    }


def _axes(cells: Sequence[Cell]) -> list[AxisRow]:
    """The varied keys with their values, in the order of the command line."""
    values: dict[str, dict[str, None]] = {}
    for cell in cells:
        for one in cell.varied:
            values.setdefault(one.key, {})[one.asked] = None
    return [{"key": key, "values": list(asked)} for key, asked in values.items()]


def _varied(one: Varied, trials: Sequence[Trial], experiment: Experiment) -> VariedRow:
    rows = [row for trial in trials for row in experiment.effective.get(trial.order, ()) if row.key == one.key]
    said = dict.fromkeys(words for row in rows for words in in_force(row.read))
    return {
        "key": one.key,
        "name": one.name,
        "asked": one.asked,
        "in_force": list(said),
        "source": rows[0].source if rows else None,
    }


def _promise(cell: Cell, trials: Sequence[Trial]) -> PromiseRow | None:
    """What the settings in effect in its runs promise: the worst of them. Without a run, what the topology's design
    does."""
    ran = [trial.summary for trial in trials if trial.summary]
    promises = [row for one in ran if one["topology"].get("kind") == cell.topology and (row := one["promise"])]
    if promises:
        return next((row for row in promises if row["may_lose"]), promises[0])
    designed = promise(cell.topology)
    return None if designed is None else {"may_lose": designed.may_lose, "why": designed.why}


def _verdict(cell: Cell, trials: Sequence[Trial]) -> CellVerdict:
    """Failed if one trial failed, passed if one passed and none failed; a cell without a judged trial says why not."""
    if cell.not_applicable is not None:
        return "not applicable"
    seen = {one.verdict for one in trials}
    decisive: tuple[CellVerdict, ...] = ("fail", "pass", "broken", "void")
    return next((one for one in decisive if one in seen), "not run")


def _why(cell: Cell, verdict: str, trials: Sequence[Trial]) -> str:
    """The reason of the first trial that has the verdict of the cell; how many did what when all is well."""
    if cell.not_applicable is not None:
        return cell.not_applicable
    if verdict in ("pass", "not run"):
        counted = Counter(one.verdict for one in trials)
        return ", ".join(f"{number} {one}" for one, number in counted.items())
    return next(one for one in trials if one.verdict == verdict).why


def _waterfall(trials: Sequence[dict[str, float]]) -> list[RecoveryPart]:
    """Step and since_ms (a spread over the trials that saw the step), in the order of their medians."""
    seen = {
        name: spread(one.get(name) for one in trials) for name in dict.fromkeys(name for one in trials for name in one)
    }
    parts: list[RecoveryPart] = [
        {"step": name, "since_ms": since_ms} for name, since_ms in seen.items() if since_ms is not None
    ]
    return sorted(parts, key=lambda part: part["since_ms"]["median"])


def _rpo(trials: Sequence[Trial]) -> MatrixRpo:
    """Sums over every trial that was judged and is not void; None where no such trial measured the number."""
    judged = [one.summary["rpo"] for one in trials if one.summary and one.verdict != "void"]

    def total(name: Money) -> int | None:
        known = [number for row in judged if (number := row[name]) is not None]
        return sum(known) if known else None

    return {
        "acked": total("acked"),
        "lost": total("lost"),
        "lost_amount": total("lost_amount"),
        "duplicated": total("duplicated"),
        "torn": total("torn"),
        "trials_with_loss": len([row for row in judged if row["lost"]]),
    }


def _trial(trial: Trial, experiment: Experiment) -> TrialRow:
    injected = injected_ns(trial.summary) if trial.summary else None
    return {
        "number": trial.number,
        "order": trial.order,
        "seed": trial.seed,
        "verdict": trial.verdict,
        "why": trial.why,
        "counts": trial.counts,
        "folder": trial.link(experiment.folder),
        "took_s": None if trial.took_s is None else round(trial.took_s, 3),
        "numbers": trial_numbers(trial.summary) if trial.summary else None,
        "recovery_ms": recovery(trial.summary) if trial.summary else None,
        "failover": failed_over(trial.summary) if trial.summary else None,
        "effective": [
            {"key": one.key, "asked": one.asked, "source": one.source, "read": dict(one.read), "wrong": one.wrong}
            for one in experiment.effective.get(trial.order, ())
        ],
        "decisions": [
            {
                "since_ms": None if injected is None else (decision["at_ns"] - injected) / 1e6,
                "event": decision["event"],
                "pod": decision["pod"],
                "epoch": decision["epoch"],
                "detail": decision["detail"],
            }
            for decision in (trial.summary["decisions"] if trial.summary else ())
        ],
    }
