"""The trade-off of a matrix in one plot: how long writes stop, what a response costs while all is well, and the money.

Left is a quick recovery, low is a quick answer. Colour and shape tell the first two of topology, mesh and varied keys
that are not the same everywhere; every trial that counts is a faint point, the bold one is the median, hollow where
another cell dominates it; a black ring means that the combination lost acknowledged money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reports.charts import canvas
from reports.charts.canvas import Size
from reports.matrix.matrix_types import CellRow, Matrix
from reports.text.units import duration

#: Of topologies and of meshes, by the order of their words; with more of them than that they begin anew.
_COLOURS = (canvas.BLUE, canvas.VERMILLION, "#E69F00", canvas.GREEN, canvas.PURPLE, canvas.GREY)
_MARKERS = ("o", "s", "^", "D", "P", "X", "v", "*")
_RING = "o"


def draw_tradeoff(matrix: Matrix, size: Size) -> Figure:
    """matrix: the content of matrix.json. A cell without an outage or without a p99 before the fault has no point."""
    shown = [cell for cell in matrix["cells"] if cell["write_outage_ms"] and cell["response_ms"]["before"]["p99"]]
    figure = canvas.new_figure(size, height_px=520 if size.narrow else 440)
    axes = figure.subplots()
    if not shown:
        axes.set_axis_off()
        canvas.say_empty(axes, "no combination with an outage and a p99")
        return figure
    told_by_colour, told_by_shape = _told_apart(shown)
    colours, markers = _by_word(told_by_colour, _COLOURS), _by_word(told_by_shape, _MARKERS)
    for cell, coloured, shaped in zip(shown, told_by_colour, told_by_shape, strict=True):
        _point(axes, cell, marker=markers[shaped], colour=colours[coloured])
    _log_ms(axes.xaxis, axes, "x", size)
    _log_ms(axes.yaxis, axes, "y", size)
    axes.set_xlabel("write outage (left: recovers sooner)")
    axes.set_ylabel("response p99 before the fault" + ("" if size.narrow else "\n(low: costs less)"))
    entries = _legend(shown, colours, markers)
    figure.legend(
        handles=entries,
        loc="outside upper left",
        ncols=1 if size.narrow else min(len(entries), 3),
        handlelength=1.2,
        columnspacing=1.2,
    )
    return figure


def _told_apart(cells: Sequence[CellRow]) -> tuple[list[str], list[str]]:
    """A word a cell for its colour, and one for its shape."""
    names = [[cell["topology"], cell["mesh"], *(one["name"] for one in cell["varied"])] for cell in cells]
    coordinates = [list(words) for words in zip(*names, strict=True)]
    moving = [words for words in coordinates if len(set(words)) > 1]
    moving += [words for words in coordinates if words not in moving]
    return moving[0], moving[1]


def _by_word(words: Iterable[str], styles: Sequence[str]) -> dict[str, str]:
    return dict(zip(dict.fromkeys(words), cycle(styles), strict=False))


def _at(cell: CellRow) -> tuple[float, float]:
    """Medians of write outage and p99 before the fault, of a cell that has both."""
    outage, p99 = cell["write_outage_ms"], cell["response_ms"]["before"]["p99"]
    assert outage is not None, "shown"
    assert p99 is not None, "shown"
    return outage["median"], p99["median"]


def _point(axes: Axes, cell: CellRow, *, marker: str, colour: str) -> None:
    for trial in cell["trials"]:
        numbers = trial["numbers"] or {}
        outage_ms, p99_ms = numbers.get("write_outage_ms"), numbers.get("response_before_p99_ms")
        if trial["counts"] and outage_ms and p99_ms:
            axes.plot([outage_ms], [p99_ms], marker=marker, color=colour, alpha=0.3, markersize=5, linestyle="")
    outage_ms, p99_ms = _at(cell)
    face = "none" if cell["frontier"]["in_set"] is False else colour
    axes.plot(
        [outage_ms], [p99_ms], marker=marker, color=colour, markerfacecolor=face, markersize=9, linestyle="", zorder=3
    )
    if cell["rpo"]["lost"]:
        ring = _hollow(_RING, size=19)
        ring.set_data([outage_ms], [p99_ms])
        axes.add_line(ring)


def _log_ms(axis: Axis, axes: Axes, which: str, size: Size) -> None:
    """A logarithmic axis of milliseconds with a margin, labelled at 1, 2 and 5 of each decade."""
    axes.set(**{f"{which}scale": "log"})
    low, high = getattr(axes, f"get_{which}lim")()
    axes.set(**{f"{which}lim": (low / 1.3, high * 1.3)})
    axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5), numticks=size.x_ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    axis.set_minor_formatter(NullFormatter())


def _legend(shown: list[CellRow], colours: Mapping[str, str], markers: Mapping[str, str]) -> list[Line2D]:
    """A patch for each colour, a hollow shape for each, and the ring where there is one."""
    entries = [
        Line2D([], [], color=colour, linewidth=6, label=canvas.printable(name)) for name, colour in colours.items()
    ]
    entries += [_hollow(marker, label=canvas.printable(name)) for name, marker in markers.items()]
    if any(cell["rpo"]["lost"] for cell in shown):
        entries.append(_hollow(_RING, size=14, label="lost money"))
    return entries


def _hollow(marker: str, *, size: float = 6, label: str = "") -> Line2D:
    """A shape without filling; the ring is drawn with a stronger line, above all else."""
    return Line2D(
        [],
        [],
        marker=marker,
        markersize=size,
        markeredgewidth=1.8 if marker == _RING and size > 6 else 1.0,
        markerfacecolor="none",
        markeredgecolor=canvas.INK,
        linestyle="",
        label=label,
        zorder=4,
    )
