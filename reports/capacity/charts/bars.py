"""What the system carries: with all nodes, with one dead, while one comes back, and what is safe, as bars."""

from __future__ import annotations

from matplotlib.figure import Figure

from reports.capacity.content import CapacityContent
from reports.capacity.headline import rate
from reports.charts import canvas
from reports.charts.canvas import Size


def carried(content: CapacityContent) -> list[tuple[str, float, str]]:
    """Label, operations a second, colour; what was not measured, or is none, is not there."""
    lost = content["n_minus_1"]
    bars = [("all nodes", content["max_tps"], canvas.BLUE)]
    if lost:
        back = lost["rejoining"]
        bars += [
            ("one node dead", lost["max_tps"], canvas.VERMILLION),
            ("while it comes back", back and back["max_tps"], canvas.PURPLE),
            ("safe load", lost["safe_tps"], canvas.GREEN),
        ]
    return [(label, tps, colour) for label, tps, colour in bars if tps is not None]


def draw_bars(content: CapacityContent, size: Size) -> Figure:
    bars = carried(content)
    figure = canvas.new_figure(size, height_px=44 * max(len(bars), 2) + 60)
    axes = figure.subplots()
    if not bars:
        axes.set_axis_off()
        canvas.say_empty(axes, "no rate held the objective")
        return figure
    drawn = axes.barh(
        [label for label, _, _ in bars],
        [tps for _, tps, _ in bars],
        color=[colour for _, _, colour in bars],
        height=0.6,
    )
    axes.bar_label(drawn, [rate(tps) for _, tps, _ in bars], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlim(left=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("operations a second that hold the objective")
    return figure
