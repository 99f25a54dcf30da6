"""Empirical distributions of the trials that count: at a height the share of trials that took at most so long.

A curve has a step for every trial and is no smoother than that. The thick bar across the curve is the 95 % interval of
the median, where so many trials carry one.
"""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from reports.charts import canvas
from reports.charts.canvas import Size
from reports.trials.headline import middle, short_words
from reports.trials.strip_chart import time_axis
from reports.trials.trials_types import Distribution

_COLOURS = (canvas.VERMILLION, "#E69F00", canvas.PURPLE, canvas.BLUE, canvas.GREEN, canvas.GREY, canvas.INK)
_STYLES = ("-", "--")


def draw_ecdfs(shown: list[Distribution], size: Size) -> Figure:
    """One curve a distribution, named in the legend with how many trials it is of."""
    figure = canvas.new_figure(size, height_px=420 if size.narrow else 360)
    axes = figure.subplots()
    if not shown:
        axes.set_axis_off()
        canvas.say_empty(axes, "no trial that counts has one")
        return figure
    styles = cycle((colour, line) for line in _STYLES for colour in _COLOURS)
    for one, (colour, line) in zip(shown, styles, strict=False):
        values = np.sort(one["values"])
        name = canvas.printable(f"{short_words(one)} ({one['n']})")
        axes.ecdf(values, color=colour, linestyle=line, linewidth=1.6, label=name)
        axes.plot(values, np.arange(1, len(values) + 1) / len(values), ".", color=colour, markersize=4)
        median = middle(one)
        if median["low"] is not None and median["high"] is not None:
            axes.plot([median["low"], median["high"]], [0.5, 0.5], color=colour, linewidth=5, alpha=0.35)
    time_axis(axes, [value for one in shown for value in one["values"]], size)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("share of trials")
    figure.legend(loc="outside upper left", ncols=1 if size.narrow else min(len(shown), 4), handlelength=1.5)
    return figure
