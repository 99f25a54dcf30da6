"""The mesh tax: what a mesh costs while nothing is broken, against ``direct`` of the same topology.

Compared are trials of the same number, which have the same seed and so the same arrivals; the tax of a cell is the
median over these pairs, as a ratio (1.2: a fifth more) and as a difference. Only the time before the first fault
counts, because after it the two cells recover differently. The load is an open loop: throughput differs only where a
mesh cannot carry what is offered.

A pair counts when both trials do and both kept up: what is void was not alone on the machine, or proves nothing else,
and response times of a system that fell behind tell how long it was asked, not what the mesh costs. Without a pair the
tax is not known, and the reasons stand in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.key_numbers import BEHIND_MS
from reports.matrix.experiment import Cell
from reports.matrix.matrix_types import Comparison, MeshTax
from reports.matrix.numbers import trial_numbers
from reports.matrix.trial_stats import spread
from reports.text.units import duration
from reports.trials.trial import Trial

BASELINE = "direct"


def mesh_tax(cell: Cell, cells: Sequence[Cell], trials: Sequence[Trial]) -> MeshTax:
    """trials: of the whole matrix. Ratio and difference are spreads over the pairs, None where none is known."""
    bare_twin = replace(cell, mesh=BASELINE, not_applicable=None)
    direct = next((one for one in cells if one.name == bare_twin.name), None)
    if cell.mesh == BASELINE:
        return _absent("it is the baseline")
    if direct is None:
        return _absent(f"the matrix has no cell {bare_twin.name}")
    if direct.not_applicable is not None:
        return _absent(f"{bare_twin.name} is not applicable")
    baseline = {one.number: one for one in trials if one.cell == direct.name}
    pairs, left_out = [], []
    for meshed in (one for one in trials if one.cell == cell.name):
        bare = baseline.get(meshed.number)
        unfit = _unfit(meshed) or (_unfit(bare) if bare else f"trial {meshed.number} of {direct.name} was not run")
        if unfit:
            left_out.append(unfit)
        elif bare and meshed.summary and bare.summary:
            pairs.append((trial_numbers(meshed.summary), trial_numbers(bare.summary)))
    if not pairs:
        return _absent(f"not known: {'; '.join(left_out) or 'no trial was run'}", left_out)
    return {
        "absent": None,
        "pairs": len(pairs),
        "left_out": left_out,
        "response_before_p50_ms": _compare("response_before_p50_ms", pairs),
        "response_before_p99_ms": _compare("response_before_p99_ms", pairs),
        "achieved_before_tps": _compare("achieved_before_tps", pairs),
    }


def _absent(why: str, left_out: Sequence[str] = ()) -> MeshTax:
    return {
        "absent": why,
        "pairs": 0,
        "left_out": list(left_out),
        "response_before_p50_ms": None,
        "response_before_p99_ms": None,
        "achieved_before_tps": None,
    }


def _unfit(trial: Trial) -> str | None:
    """Why a trial may not be compared with its twin, None if it may."""
    who = f"trial {trial.number} of {trial.cell}"
    if trial.summary is None:
        return f"{who} is {trial.verdict}" if trial.verdict == "broken" else f"{who} was not run"
    if not trial.counts:
        return f"{who} is void: {trial.not_as_asked or trial.summary['void_reasons'][0]}"
    p99_ms = trial_numbers(trial.summary)["response_before_p99_ms"]
    if p99_ms is not None and p99_ms >= BEHIND_MS:
        return f"{who} did not keep up before the fault: response p99 {duration(p99_ms)}"
    return None


def _compare(name: str, pairs: Sequence[tuple[dict[str, float | None], dict[str, float | None]]]) -> Comparison:
    known = [
        (mine, theirs)
        for mine, theirs in ((meshed[name], bare[name]) for meshed, bare in pairs)
        if mine is not None and theirs is not None
    ]
    return {
        "ratio": spread(mine / theirs for mine, theirs in known if theirs > 0),
        "difference": spread(mine - theirs for mine, theirs in known),
    }
