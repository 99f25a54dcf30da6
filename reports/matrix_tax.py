"""The mesh tax: what a mesh costs while nothing is broken, against ``direct`` of the same topology.

Compared are trials of the same number, which have the same seed and so the same arrivals; the tax of a cell is the
median over these pairs, as a ratio (1.2: a fifth more) and as a difference. Only the time before the first fault
counts, because after it the two cells recover differently. The load is an open loop: throughput differs only where a
mesh cannot carry what is offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.matrix_numbers import trial_numbers
from reports.matrix_trial import Cell, Trial
from reports.spread import spread

BASELINE = "direct"
TAXED = ("response_before_p50_ms", "response_before_p99_ms", "achieved_before_tps")


def mesh_tax(cell: Cell, cells: Sequence[Cell], trials: Sequence[Trial]) -> dict[str, Any]:
    """{absent, pairs, <number>: {ratio, difference}} for each of TAXED; absent is why there is none, else None.

    trials: of the whole matrix. Ratio and difference are spreads over the pairs, None where none is known.
    """
    direct = next((one for one in cells if (one.topology, one.mesh) == (cell.topology, BASELINE)), None)
    if cell.mesh == BASELINE:
        return _absent("it is the baseline")
    if direct is None:
        return _absent(f"the matrix has no cell {cell.topology} / {BASELINE}")
    if direct.not_applicable is not None:
        return _absent(f"{cell.topology} / {BASELINE} is not applicable")
    baseline = {one.number: trial_numbers(one.summary) for one in _counting(direct, trials) if one.summary}
    pairs = [
        (trial_numbers(one.summary), baseline[one.number])
        for one in _counting(cell, trials)
        if one.summary and one.number in baseline
    ]
    if not pairs:
        return _absent(f"no trial of it and of {cell.topology} / {BASELINE} with the same seed counts")
    return {"absent": None, "pairs": len(pairs), **{name: _compare(name, pairs) for name in TAXED}}


def _absent(why: str) -> dict[str, Any]:
    return {"absent": why, "pairs": 0, **dict.fromkeys(TAXED)}


def _counting(cell: Cell, trials: Sequence[Trial]) -> list[Trial]:
    return [one for one in trials if one.cell == cell and one.counts]


def _compare(name: str, pairs: Sequence[tuple[dict[str, float | None], dict[str, float | None]]]) -> dict[str, Any]:
    known = [
        (mine, theirs)
        for mine, theirs in ((meshed[name], bare[name]) for meshed, bare in pairs)
        if mine is not None and theirs is not None
    ]
    return {
        "ratio": spread(mine / theirs for mine, theirs in known if theirs > 0),
        "difference": spread(mine - theirs for mine, theirs in known),
    }
