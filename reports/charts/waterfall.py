"""The recovery waterfall as bars: what each part of a failover took, from the injection until service was steady again.

Bars before the first acknowledged write are time without service; bars after it are degraded service; a grey one is how
long the hit pod took to come back. A step that was not observed has no bar, and a fault without steps has no chart.
"""

from __future__ import annotations

from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts import canvas
from reports.charts.canvas import Size
from reports.charts.recovery_steps import event_words, known_steps, struck_together
from reports.summary_types import FaultRow, StepRow
from reports.text.units import duration, label

#: The step of a waterfall with which service is back.
_SERVICE_BACK = "first_ack"
#: The steps that tell what became of the pod that was hit.
_POD_BACK = ("rejoined", "quarantined")


def draw_waterfall(faults: list[FaultRow], size: Size) -> Figure:
    """Bars of every fault that has steps, one row a step; of faults that struck at once, the one that tells most."""
    shown = [(group, steps) for group in struck_together(faults) if len(steps := known_steps(group[0])) > 1]
    row_px = 34 if size.narrow else 30
    heights_px = [row_px * (len(steps) - 1) + 70 for _, steps in shown] or [80]
    figure = canvas.new_figure(size, height_px=sum(heights_px))
    rows = figure.subplots(len(heights_px), 1, squeeze=False, gridspec_kw={"height_ratios": heights_px})
    if not shown:
        rows[0][0].set_axis_off()
        canvas.say_empty(rows[0][0], "no fault with a recovery to show")
    for axes, (group, steps) in zip(rows[:, 0], shown, strict=False):
        _bars(axes, steps, size)
        axes.set_title(canvas.short(f"{event_words(group)}: time since injection", size))
    return figure


def _bars(axes: Axes, steps: list[StepRow], size: Size) -> None:
    total_ms = steps[-1]["since_ms"] or 1.0
    back = next((index for index, step in enumerate(steps) if step["step"] == _SERVICE_BACK), len(steps))
    for index, (previous, step) in enumerate(pairwise(steps), start=1):
        start_ms = previous["since_ms"] or 0.0
        took_ms = (step["since_ms"] or 0.0) - start_ms
        colour = canvas.VERMILLION if index <= back else canvas.BLUE
        colour = canvas.GREY if step["step"] in _POD_BACK else colour
        axes.barh(index, took_ms, left=start_ms, color=colour, height=0.62)
        axes.plot([start_ms, start_ms], [index - 0.7, index + 0.31], color=colour, linewidth=0.8)
        _bar_label(axes, index, start_ms, took_ms, total_ms)
    axes.set_yticks(range(1, len(steps)), [canvas.printable(label(step["step"])) for step in steps[1:]])
    axes.set_ylim(len(steps) - 0.4, 0.3)
    axes.set_xlim(0, total_ms * 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(4 if size.narrow else 8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "0" if value == 0 else duration(value)))
    axes.grid(visible=False, axis="y")


def _bar_label(axes: Axes, row: int, start_ms: float, took_ms: float, total_ms: float) -> None:
    """What a bar took: after it; where that would leave the axes, inside a long bar and before a short one."""
    end_ms = start_ms + took_ms
    inside = took_ms > 0.3 * total_ms
    fits_after = end_ms < 0.7 * total_ms
    at_ms = end_ms if fits_after or inside else start_ms
    axes.annotate(
        f"+{duration(took_ms)}",
        (at_ms, row),
        xytext=(4 if fits_after else -4, 0),
        textcoords="offset points",
        ha="left" if fits_after else "right",
        va="center",
        color="white" if inside and not fits_after else canvas.INK,
    )
