"""The percentile spectrum: every percentile of latency at once, before, during and after the fault.

The x axis counts nines (50 %, 90 %, 99 %, 99.9 %), as Gil Tene's HdrHistogram plots do, so that the tail, where a
failover lives, gets the room that the median would otherwise take. The curves are the recorded values, sorted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from reports.charts import canvas
from reports.charts.canvas import Size

_COLOURS = {"before": canvas.BLUE, "during": canvas.VERMILLION, "after": canvas.GREEN}
_TICKS = (
    (0.0, "0"),
    (0.5, "50%"),
    (0.9, "90%"),
    (0.99, "99%"),
    (0.999, "99.9%"),
    (0.9999, "99.99%"),
    (0.99999, "99.999%"),
)
_POINTS = 400

Floats = npt.NDArray[np.float64]


def draw_spectrum(phases: Mapping[str, pd.DataFrame], size: Size) -> Figure:
    """One curve a phase: response time solid, service time dashed.

    phases: phase name -> the operations of it, OPS_SCHEMA columns, of which the acknowledged ones count; may be empty.
    """
    phases = {name: ok for name, ops in phases.items() if len(ok := ops[ops["outcome"] == "ok"])}
    figure = canvas.new_figure(size, height_px=360 if size.narrow else 380)
    axes = figure.subplots()
    longest = max((len(ops) for ops in phases.values()), default=0)
    for phase, ops in phases.items():
        for since, label, dash in (("intended_ns", f"{phase}: response", "-"), ("start_ns", f"{phase}: service", "--")):
            nines, values_ms = curve((ops["end_ns"] - ops[since]).to_numpy() / 1e6)
            marker = "o" if len(nines) == 1 else None
            axes.plot(nines, values_ms, dash, label=label, color=_COLOURS.get(phase, canvas.INK), marker=marker)
    if not phases:
        canvas.say_empty(axes, "no operation was acknowledged")
    else:
        canvas.time_ms_axis(axes)
        canvas.legend_above(axes, size, columns=6)
    shown = [(_nines(p), label) for p, label in _TICKS if _nines(p) <= max(np.log10(max(longest, 1)), 1)]
    axes.set_xticks([nines for nines, _ in shown], [label for _, label in shown])
    axes.set_xlim(left=0)
    axes.set_xlabel("percentile")
    axes.set_ylabel("latency")
    return figure


def curve(values_ms: Floats) -> tuple[Floats, Floats]:
    """Sorted values over the nines of their rank, thinned to some hundred points that are even on the plot.

    The largest of n values stands at log10(n) nines: n values cannot say anything further out.
    """
    values_ms = np.sort(values_ms)
    total = len(values_ms)
    if total == 0:
        return np.empty(0), np.empty(0)
    nines = np.log10(total / np.arange(total, 0, -1))
    kept = np.unique(np.searchsorted(nines, np.linspace(0, nines[-1], _POINTS)))
    return nines[kept], np.maximum(values_ms[kept], 1e-3)


def _nines(percentile: float) -> float:
    return float(-np.log10(1 - percentile))
