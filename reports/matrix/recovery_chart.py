"""The recoveries of a matrix, one stacked bar a combination: how long each step took, the fastest on top.

Each boundary is the median over the trials of when that step came, so a bar ends where the median trial was steady
again. Up to the first acknowledged write the bar is thick: no write succeeded. The pale rest is degraded service.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts import canvas
from reports.charts.canvas import Size
from reports.matrix.matrix_types import Matrix, RecoveryPart
from reports.text.units import duration, label

#: A part of a bar has the colour of the step that ends it (Okabe and Ito); a step not named here is grey.
_COLOURS = {
    "detected": canvas.VERMILLION,
    "elected": "#E69F00",
    "rerouted": canvas.PURPLE,
    "first_ack": canvas.BLUE,
    "steady": "#A9D8C8",
}
_THICK, _THIN = 0.66, 0.26


def draw_recoveries(matrix: Matrix, size: Size) -> Figure:
    """matrix: the content of matrix.json. A combination without an observed recovery has no bar."""
    shown = [cell for cell in matrix["cells"] if cell["waterfall"]]
    row_px = 46 if size.narrow else 32
    figure = canvas.new_figure(size, height_px=row_px * max(len(shown), 2) + (150 if size.narrow else 90))
    axes = figure.subplots()
    if not shown:
        axes.set_axis_off()
        canvas.say_empty(axes, "no recovery to show")
        return figure
    names = dict.fromkeys(part["step"] for cell in shown for part in cell["waterfall"])
    for row, cell in enumerate(shown):
        _bar(axes, row, cell["waterfall"])
    for name in sorted(names, key=lambda one: list(_COLOURS).index(one) if one in _COLOURS else len(_COLOURS)):
        axes.barh([0], [0], color=_COLOURS.get(name, canvas.GREY), label=f"until {label(name)}")
    join = " /\n" if size.narrow else " / "
    axes.set_yticks(range(len(shown)), [canvas.printable(cell["name"]).replace(" / ", join) for cell in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, axes.get_xlim()[1] * 1.04)  # room for the time above the last bar's end
    axes.xaxis.set_major_locator(MaxNLocator(size.x_ticks, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "0" if value == 0 else duration(value)))
    axes.set_xlabel("time since the fault was injected")
    axes.grid(visible=False, axis="y")
    columns = 2 if size.narrow else len(names)
    figure.legend(loc="outside upper left", ncols=columns, handlelength=1.2, columnspacing=1.2)
    return figure


def _bar(axes: Axes, row: int, parts: list[RecoveryPart]) -> None:
    begin_ms, out_of_service = 0.0, any(part["step"] == "first_ack" for part in parts)
    for part in parts:
        end_ms = part["since_ms"]["median"]
        height = _THICK if out_of_service else _THIN
        colour = _COLOURS.get(part["step"], canvas.GREY)
        axes.barh(row, end_ms - begin_ms, left=begin_ms, color=colour, height=height)
        if part["step"] == "first_ack":
            out_of_service = False
            seen = part["since_ms"]["values"]
            axes.plot(seen, [row] * len(seen), linestyle="", marker="|", markersize=8, color=canvas.INK)
            axes.annotate(
                duration(end_ms), (end_ms, row), xytext=(4, 5), textcoords="offset points", ha="left", va="bottom"
            )
        begin_ms = end_ms
