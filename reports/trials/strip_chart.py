"""Every trial as a dot, a row a number: what lies alone, and whether it drifted while the trials ran.

Within a row the first run is on top and the last at the bottom. Colour tells the verdict; what is hollow is in no
distribution. A tick is the median of those that count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from reports.charts import canvas
from reports.charts.canvas import Size
from reports.text.units import duration
from reports.trials.headline import middle, short_words
from reports.trials.trial import TrialVerdict
from reports.trials.trials_types import AttemptRow, Distribution, TrialsContent

_COLOURS: dict[TrialVerdict, str] = {"pass": canvas.GREEN, "fail": canvas.VERMILLION, "void": canvas.GREY}
#: Of the height of a row, what its dots take.
_BAND = 0.7
#: Values whose largest is less than so many times the smallest are shown on a linear axis.
_CLOSE = 20


def draw_strip(content: TrialsContent, size: Size) -> Figure:
    """content: of trials.json. Numbers that no trial has have no row."""
    rows = content["distributions"]
    figure = canvas.new_figure(size, height_px=34 * max(len(rows), 2) + 90)
    axes = figure.subplots()
    ran = [row for row in sorted(content["attempts"], key=lambda row: row["order"]) if row["numbers"]]
    if not rows:
        axes.set_axis_off()
        canvas.say_empty(axes, "no trial that counts")
        return figure
    for at, one in enumerate(rows):
        _row(axes, at, one, ran)
    axes.set_yticks(range(len(rows)), [canvas.printable(short_words(one)) for one in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    numbers = {one["name"] for one in rows}
    time_axis(axes, [value for row in ran for name, value in row["numbers"].items() if name in numbers], size)
    axes.grid(visible=False, axis="y")
    seen = dict.fromkeys((row["verdict"], row["counts"]) for row in ran)
    handles = [_dot(*kind) for kind in sorted(seen)]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=2 if size.narrow else len(handles), handletextpad=0.2
    )
    return figure


def time_axis(axes: Axes, values_ms: Iterable[float], size: Size) -> None:
    """An x axis of milliseconds for these values: from zero where they are close together, else logarithmic; where zero
    is among them it has a place there."""
    known = list(values_ms)
    least_ms, most_ms = min((value for value in known if value > 0), default=1.0), max(known, default=1.0)
    if most_ms < _CLOSE * least_ms:
        axes.set_xlim(0, most_ms * 1.15)
        axes.xaxis.set_major_locator(MaxNLocator(size.x_ticks, steps=[1, 2, 5, 10]))
    elif min(known) > 0:
        axes.set_xscale("log")
        axes.set_xlim(least_ms / 1.3, most_ms * 1.3)
        axes.xaxis.set_major_locator(LogLocator(numticks=size.x_ticks))
    else:
        axes.set_xscale("symlog", linthresh=10 ** math.floor(math.log10(least_ms)), linscale=0.8)
        axes.set_xlim(0, most_ms * 1.3)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "0" if value == 0 else duration(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _row(axes: Axes, at: int, one: Distribution, ran: list[AttemptRow]) -> None:
    for place, row in enumerate(ran):
        if (value := row["numbers"].get(one["name"])) is not None:
            dot = _dot(row["verdict"], row["counts"])
            height = at - _BAND / 2 + _BAND * (place + 0.5) / len(ran)
            dot.set_data([value], [height])
            axes.add_line(dot)
    if (median := middle(one)["value"]) is not None:
        axes.plot([median, median], [at - 0.42, at + 0.42], color=canvas.INK, linewidth=1.6, zorder=5)


def _dot(verdict: TrialVerdict, counts: bool) -> Line2D:
    colour = _COLOURS.get(verdict, canvas.GREY)
    return Line2D(
        [],
        [],
        linestyle="",
        marker="o" if verdict == "pass" else "X" if verdict == "fail" else "s",
        markersize=6,
        markeredgewidth=1.0,
        markerfacecolor=colour if counts else "none",
        markeredgecolor=colour,
        alpha=0.85,
        label=verdict if counts else f"{verdict}, not counted",
    )
