"""Every trial as a dot, a row a number: what lies alone, and whether it drifted while the trials ran.

Within a row the first run is on top and the last at the bottom. Colour tells the verdict; what is hollow is in no
distribution. A tick is the median of those that count.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from reports.charts import canvas
from reports.charts.canvas import Size
from reports.text.units import duration
from reports.trials.headline import middle, short_words
from reports.trials.trial import TrialVerdict
from reports.trials.trials_types import AttemptRow, Distribution, TrialsContent

_COLOURS: dict[TrialVerdict, str] = {"pass": canvas.GREEN, "fail": canvas.VERMILLION, "void": canvas.GREY}
#: Of the height of a row, what its dots take.
_BAND = 0.7
#: Below this a logarithmic axis is a linear one, so that zero has a place.
_LINEAR_MS = 1.0


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
    time_axis(axes)
    axes.grid(visible=False, axis="y")
    seen = dict.fromkeys((row["verdict"], row["counts"]) for row in ran)
    handles = [_dot(*kind) for kind in sorted(seen)]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handletextpad=0.2)
    return figure


def time_axis(axes: Axes) -> None:
    """A logarithmic x axis of milliseconds that begins with zero."""
    axes.set_xscale("symlog", linthresh=_LINEAR_MS, linscale=0.4)
    axes.set_xlim(left=0, right=axes.get_xlim()[1] * 1.2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "0" if value == 0 else duration(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_minor_locator(NullLocator())


def _row(axes: Axes, at: int, one: Distribution, ran: list[AttemptRow]) -> None:
    for place, row in enumerate(ran):
        if (value := row["numbers"].get(one["name"])) is not None:
            dot = _dot(row["verdict"], row["counts"])
            height = at - _BAND / 2 + _BAND * (place + 0.5) / len(ran)
            dot.set_data([value], [height])
            axes.add_line(dot)
            axes.update_datalim([(value, height)])
    axes.autoscale_view()
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
