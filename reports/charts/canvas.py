"""The canvas of every figure: two sizes, one style, colours that survive colour-blindness, and the way to PNG bytes.

A figure is drawn twice, wide for a screen and narrow for a phone, because a wide one shrunk to a phone cannot be read.
Nothing here knows what is plotted, and nothing touches pyplot: figures are objects, drawn by Agg, and then forgotten.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reports.text.units import duration

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/): told apart with any common colour vision.
BLUE, VERMILLION, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#767676"
INK, FAINT = "#222222", "#DDDDDD"
#: Behind the data: while something is broken, and until what was broken is back.
BROKEN, RECOVERING = "#F6E3C5", "#FBF4E6"

_POINTS_PER_INCH = 72
_CSS_PX_PER_INCH = 100
#: Device pixels drawn for each pixel of layout, so that lines stay sharp on dense screens and shrink by a whole number.
_PIXEL_RATIO = 2


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a figure is laid out. width_px: layout pixels; font_px: text height; x_ticks: about how many."""

    name: str
    width_px: int
    font_px: int
    x_ticks: int

    @property
    def narrow(self) -> bool:
        return self.name == "narrow"


WIDE = Size(name="wide", width_px=1100, font_px=14, x_ticks=12)
NARROW = Size(name="narrow", width_px=360, font_px=12, x_ticks=5)


def new_figure(size: Size, *, height_px: float) -> Figure:
    """An empty figure of ``size``, constrained layout, to be drawn on inside ``style(size)``."""
    figure = Figure(figsize=(size.width_px / _CSS_PX_PER_INCH, height_px / _CSS_PX_PER_INCH), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


@contextmanager
def style(size: Size) -> Iterator[None]:
    """The house style for one size; a user's own matplotlibrc plays no part, and dollar signs are not mathematics."""
    font_pt = size.font_px * _POINTS_PER_INCH / _CSS_PX_PER_INCH
    settings: dict[Any, Any] = {
        "text.parse_math": False,
        "font.size": font_pt,
        "axes.titlesize": font_pt,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelcolor": INK,
        "axes.edgecolor": GREY,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": FAINT,
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.2,
        "legend.frameon": False,
        "legend.fontsize": font_pt,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


def to_png(draw: Callable[[Size], Figure], size: Size) -> bytes:
    """Draw one figure at one size and give back the PNG."""
    buffer = io.BytesIO()
    with style(size):
        draw(size).savefig(buffer, format="png", dpi=_CSS_PX_PER_INCH * _PIXEL_RATIO)
    return buffer.getvalue()


def legend_above(axes: Axes, size: Size, *, columns: int) -> None:
    """The legend in one row over the axes (two columns on a phone), where it can cover no data."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=min(columns, 2) if size.narrow else columns,
        borderaxespad=0.2,
        handlelength=1.5,
        columnspacing=1.2,
    )


def say_empty(axes: Axes, why: str) -> None:
    """Say in the middle of the axes why there is no data on them."""
    axes.set_yticks([])
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes)


def time_ms_axis(axes: Axes) -> None:
    """A logarithmic y axis of milliseconds, labelled ``1 ms``, ``10 ms``, ``1 s``."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(base=10, numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def printable(text: str) -> str:
    """Text of a log or file as the figures' font can draw it: other characters become question marks."""
    return "".join(char if char.isprintable() else "?" for char in text.encode("latin-1", "replace").decode("latin-1"))


def short(text: str, size: Size) -> str:
    """Printable text, cut to what fits on a line of the figure."""
    fits = round(size.width_px / size.font_px * 1.4)
    line = printable(text)
    return line if len(line) <= fits else f"{line[: fits - 2]}.."
