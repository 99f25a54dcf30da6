"""The gray-failure curve: the share of trials with a failover over the strength of a fault, with Wilson's intervals."""

from __future__ import annotations

from math import nan

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.charts import canvas
from reports.charts.canvas import Size
from reports.matrix.matrix_types import CurvePoint, FailoverCurve

_COLOURS = (canvas.BLUE, canvas.VERMILLION, canvas.GREEN, canvas.PURPLE, canvas.GREY)
#: Curves stand beside one another at a level, this far apart.
_APART = 0.08


def draw_failovers(curves: list[FailoverCurve], size: Size) -> Figure:
    """curves: one or more, of one axis. Levels are words in the order of the axis, evenly spread; one without a trial
    that tells is a gap."""
    figure = canvas.new_figure(size, height_px=360)
    axes = figure.subplots()
    levels = list(dict.fromkeys(point["level"] for curve in curves for point in curve["points"]))
    for number, curve in enumerate(curves):
        aside = (number - (len(curves) - 1) / 2) * _APART
        at = {point["level"]: point for point in curve["points"] if point["of"]}
        ends = [_ends(at.get(level)) for level in levels]
        places = [place + aside for place in range(len(levels))]
        shares = [share for share, _, _ in ends]
        below, above = [below for _, below, _ in ends], [above for _, _, above in ends]
        axes.errorbar(
            places,
            shares,
            yerr=[below, above],
            marker="o",
            capsize=4,
            color=_COLOURS[number % len(_COLOURS)],
            label=canvas.printable(curve["of"]),
        )
    axes.set_xticks(range(len(levels)), [canvas.printable(level) for level in levels])
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set_ylim(-0.05, 1.05)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    axes.set_xlabel(canvas.printable(curves[0]["key"]))
    axes.set_ylabel("trials with a failover")
    figure.legend(loc="outside upper left", ncols=1 if size.narrow else 2, handlelength=1.2)
    return figure


def _ends(point: CurvePoint | None) -> tuple[float, float, float]:
    """The share, and how far its interval reaches below and above; no numbers, and so a gap, where no trial tells."""
    if point is None or point["low"] is None or point["high"] is None:
        return nan, nan, nan
    share = point["number"] / point["of"]
    return share, max(share - point["low"], 0.0), max(point["high"] - share, 0.0)
