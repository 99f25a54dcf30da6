"""Gunther's law over concurrency with its 95 % band, the points it was fitted to, and below what it leaves over."""

from __future__ import annotations

from matplotlib.figure import Figure

from reports.capacity.content import UslRow
from reports.charts import canvas
from reports.charts.canvas import Size


def draw_usl(usl: UslRow, size: Size) -> Figure:
    """The points alone where the law does not fit; nothing is drawn beyond what was measured."""
    figure = canvas.new_figure(size, height_px=460 if size.narrow else 420)
    curve = usl["curve"]
    if not usl["concurrency"]:
        axes = figure.subplots()
        axes.set_axis_off()
        canvas.say_empty(axes, "no stable step was measured")
        return figure
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot(usl["concurrency"], usl["throughput_tps"], "o", color=canvas.BLUE, label="steps", zorder=3)
    above.set_ylabel("operations a second")
    above.set_ylim(bottom=0)
    below.set_xlabel("operations in flight, mean")
    if curve is None:
        canvas.say_empty(below, "no fit")
    else:
        above.plot(curve["concurrency"], curve["fitted_tps"], color=canvas.VERMILLION, label="law")
        above.fill_between(
            curve["concurrency"],
            curve["low_tps"],
            curve["high_tps"],
            color=canvas.VERMILLION,
            alpha=0.2,
            linewidth=0,
            label="95 % band",
        )
        if usl["n_star"] is not None:
            above.axvline(usl["n_star"], color=canvas.GREY, linestyle=":", label="N*, its peak")
        below.axhline(0, color=canvas.VERMILLION, linewidth=1)
        below.vlines(usl["concurrency"], 0, usl["residuals_tps"], color=canvas.BLUE)
        below.plot(usl["concurrency"], usl["residuals_tps"], "o", color=canvas.BLUE, markersize=4)
        below.set_ylabel("left over")
    canvas.legend_above(above, size, columns=4)
    return figure
