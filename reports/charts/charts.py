"""The three figures of a run, each wide for screens and narrow for phones, as PNG bytes. Draws none itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from reports.charts.canvas import NARROW, WIDE, Size, to_png
from reports.charts.latency import draw_spectrum
from reports.charts.timeline import draw_timeline
from reports.charts.waterfall import draw_waterfall
from reports.summary_types import Summary


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One figure as PNG, laid out about 1100 and about 360 pixels wide."""

    wide: bytes
    narrow: bytes


def draw_figures(summary: Summary, *, ops: pd.DataFrame, phases: Mapping[str, pd.DataFrame]) -> dict[str, Picture]:
    """``timeline``, ``latency`` and ``waterfall`` of a run.

    ops: OPS_SCHEMA columns; phases: phase name -> the operations whose latency counts in it.
    """
    drawn: dict[str, Callable[[Size], Figure]] = {
        "timeline": lambda size: draw_timeline(ops, summary["faults"], size),
        "latency": lambda size: draw_spectrum(phases, size),
        "waterfall": lambda size: draw_waterfall(summary["faults"], size),
    }
    return {name: picture(draw) for name, draw in drawn.items()}


def picture(draw: Callable[[Size], Figure]) -> Picture:
    """One figure at both sizes."""
    return Picture(wide=to_png(draw, WIDE), narrow=to_png(draw, NARROW))
