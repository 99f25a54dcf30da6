"""Throughput over latency: a point a step, the objective as a line, the highest rate that held, and the knee.

Colour tells the setting (all nodes, one dead, one coming back), the shape what became of the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from reports.capacity.content import CapacityContent, StepRow
from reports.capacity.headline import rate
from reports.capacity.objective import Objective, parse
from reports.capacity.steps import SETTINGS, of_search
from reports.charts import canvas
from reports.charts.canvas import Size

_COLOURS = {"n": canvas.BLUE, "n_minus_1": canvas.VERMILLION, "rejoining": canvas.PURPLE}


def latency_objective(slo: list[str]) -> Objective | None:
    """The first objective that is about a latency; the curve is drawn of its percentile."""
    return next((objective for objective in map(parse, slo) if objective.unit == "ms"), None)


def draw_curve(content: CapacityContent, size: Size) -> Figure:
    """Latency is of the objective's own percentile; of response p99 where no objective names one."""
    objective = latency_objective(content["slo"])
    figure = canvas.new_figure(size, height_px=430 if size.narrow else 440)
    axes = figure.subplots()
    points = curve_points(content)
    if not points:
        axes.set_axis_off()
        canvas.say_empty(axes, without_latency(content) or "no step was measured")
        return figure
    for setting in SETTINGS:
        of_setting = [(step, at_ms) for step, at_ms in points if step["setting"] == setting]
        stable = sorted((step["achieved_tps"], at_ms) for step, at_ms in of_setting if step["stable"])
        axes.plot([tps for tps, _ in stable], [at_ms for _, at_ms in stable], color=_COLOURS[setting], alpha=0.4)
        for step, at_ms in of_setting:
            _point(axes, step, at_ms)
    canvas.time_ms_axis(axes)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5), numticks=12))
    if objective:
        axes.axhline(objective.limit, color=canvas.INK, linestyle="--", linewidth=1)
    _mark_rates(axes, content)
    axes.set_xlim(left=0)
    axes.set_xlabel("operations acknowledged a second")
    axes.set_ylabel(_metric(content).replace("_", " "))
    entries = _legend(points, objective)
    figure.legend(
        handles=entries, loc="outside upper left", ncols=2 if size.narrow else 4, handlelength=1.4, columnspacing=1.2
    )
    return figure


def without_latency(content: CapacityContent) -> str:
    """Of the steps of the search those that are no points, since too few operations were answered for the percentile;
    empty where there are none."""
    searched = sum(map(of_search, content["steps"]))
    absent = searched - len(curve_points(content))
    if not absent:
        return ""
    percentile = _metric(content).replace("_", " ")
    return f"no step had a {percentile}" if absent == searched else f"{absent} of {searched} steps had no {percentile}"


def _metric(content: CapacityContent) -> str:
    objective = latency_objective(content["slo"])
    return objective.metric if objective else "response_p99"


def curve_points(content: CapacityContent) -> list[tuple[StepRow, float]]:
    """Each step of the search that has the percentile of the objective, with it in ms."""
    metric = _metric(content)
    return [
        (step, at_ms) for step in content["steps"] if of_search(step) and (at_ms := _latency(step, metric)) is not None
    ]


def _latency(step: StepRow, metric: str) -> float | None:
    kind, _, name = metric.partition("_")
    times: Mapping[str, Any] = step["response_ms"] if kind == "response" else step["service_ms"]
    return cast("float | None", times.get(name))


def _point(axes: Axes, step: StepRow, at_ms: float) -> None:
    colour = _COLOURS[step["setting"]]
    marker, face = _look(step, colour)
    axes.plot(
        [step["achieved_tps"]],
        [at_ms],
        marker,
        color=colour,
        markerfacecolor=face,
        markersize=7,
        linestyle="",
        zorder=3,
    )


def _look(step: StepRow, colour: str) -> tuple[str, str]:
    """Shape and filling: held, did not hold, backlog grew."""
    if not step["stable"]:
        return "x", colour
    return "o", colour if step["holds"] else "none"


def _mark_rates(axes: Axes, content: CapacityContent) -> None:
    if content["max_tps"]:
        axes.axvline(content["max_tps"], color=_COLOURS["n"], linestyle=":", linewidth=1)
        _say(axes, content["max_tps"], f"maximum {rate(content['max_tps'])}", at=0.03)
    if content["knee_tps"]:
        axes.axvline(content["knee_tps"], color=canvas.GREY, linestyle=":", linewidth=1)
        _say(axes, content["knee_tps"], f"knee {rate(content['knee_tps'])}", at=0.1)


def _say(axes: Axes, tps: float, words: str, *, at: float) -> None:
    axes.annotate(
        words, (tps, at), xycoords=("data", "axes fraction"), xytext=(-4, 0), textcoords="offset points", ha="right"
    )


def _legend(points: list[tuple[StepRow, float]], objective: Objective | None) -> list[Line2D]:
    shown = dict.fromkeys(step["setting"] for step, _ in points)
    entries = [Line2D([], [], color=_COLOURS[setting], linewidth=5, label=SETTINGS[setting]) for setting in shown]
    entries += [
        _shape("o", canvas.INK, "held"),
        _shape("o", "none", "did not hold"),
        _shape("x", canvas.INK, "backlog grew"),
    ]
    if objective:
        label = canvas.printable(objective.text)
        entries.append(Line2D([], [], color=canvas.INK, linestyle="--", linewidth=1, label=label))
    return entries


def _shape(marker: str, face: str, label: str) -> Line2D:
    return Line2D(
        [], [], marker=marker, color=canvas.INK, markerfacecolor=face, markersize=7, linestyle="", label=label
    )
