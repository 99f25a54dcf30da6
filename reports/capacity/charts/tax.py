"""What each mesh costs: throughput at saturation of that of ``direct``, and CPU an operation, side by side."""

from __future__ import annotations

from matplotlib.figure import Figure

from reports.capacity.content import MeshCost
from reports.charts import canvas
from reports.charts.canvas import Size
from reports.matrix.mesh_tax import BASELINE


def draw_tax(mesh_tax: dict[str, MeshCost], size: Size) -> Figure:
    """A row a mesh that was measured; a line through a bar's end is the 95 % interval, where there is one. Bars and
    lines are of the same pairs, so the line of one stalled turn is no throughput that nobody saw."""
    shown = {mesh: cost for mesh, cost in mesh_tax.items() if cost["throughput"] is not None}
    figure = canvas.new_figure(size, height_px=(70 if size.narrow else 34) * max(len(shown), 2) + 110)
    if not shown:
        axes = figure.subplots()
        axes.set_axis_off()
        canvas.say_empty(axes, "no mesh was measured")
        return figure
    rows = range(len(shown))
    panels = figure.subplots(2, 1) if size.narrow else figure.subplots(1, 2, sharey=True)
    throughput, cpu = panels
    for row, (mesh, cost) in enumerate(shown.items()):
        ratio = cost["throughput_ratio"]
        median = ratio["median"] if ratio else float(mesh == BASELINE)
        throughput.barh(row, median, color=canvas.BLUE, height=0.6)
        if ratio and ratio["low"] is not None and ratio["high"] is not None:
            throughput.plot([ratio["low"], ratio["high"]], [row, row], color=canvas.INK, linewidth=2)
    throughput.set_xlabel("throughput at saturation, of direct's; line: 95 %")
    cpu.barh(rows, [cost["cpu_us_per_txn"] or 0 for cost in shown.values()], color=canvas.GREEN, height=0.6)
    cpu.set_xlabel("CPU of the system an operation, us")
    for axes in panels:
        axes.set_yticks(rows, [canvas.printable(mesh) for mesh in shown])
        axes.grid(visible=False, axis="y")
    throughput.invert_yaxis()
    if size.narrow:
        cpu.invert_yaxis()
    return figure
