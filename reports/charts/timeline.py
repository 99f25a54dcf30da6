"""The timeline: what was offered and what became of it, second by second, and how long each arrival waited.

Arrivals count where they were intended, outcomes where they ended, and response time where the arrival was intended:
so a stall shows as a cliff of acknowledgements and as a ramp of waiting, not as a gap. Nothing is judged here; the
bins are for the eye, and every number of the report comes from the checks.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from checks.evidence.latency_stats import quantiles_ms
from reports.charts import canvas
from reports.charts.canvas import Size
from reports.charts.recovery_steps import event_words, injected_ns, known_steps, struck_together
from reports.summary_types import FaultRow, StepRow
from reports.text.units import duration, label

_BINS_WANTED = 90
_MOMENTS_NAMED = 12
_BIN_WIDTHS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Rates (per second) and response times (milliseconds, NaN where none was acknowledged) between edges."""

    edges_s: Floats
    offered: Floats
    outcomes: dict[str, Floats]
    p50_ms: Floats
    p99_ms: Floats


def start_ns(ops: pd.DataFrame) -> int:
    """Zero of every time axis: the first intended arrival (CLOCK_MONOTONIC nanoseconds), 0 without operations."""
    return int(ops["intended_ns"].min()) if len(ops) else 0


def bin_ops(ops: pd.DataFrame) -> Bins:
    """Cut a run into at most about 90 bins of a round width, one second for a minute's run.

    The last bin takes in what is left over, because a bin cut short would look like a drop in the rate.
    """
    zero_ns = start_ns(ops)
    intended_s = (ops["intended_ns"].to_numpy() - zero_ns) / 1e9
    end_s = (ops["end_ns"].to_numpy() - zero_ns) / 1e9
    span_s = float(end_s.max()) if len(ops) else 0.0
    width_s = next((width for width in _BIN_WIDTHS_S if width * _BINS_WANTED >= span_s), span_s / _BINS_WANTED)
    edges_s: Floats = np.arange(max(math.floor(span_s / width_s), 1) + 1, dtype=np.float64) * width_s
    edges_s[-1] = max(edges_s[-1], span_s)
    outcome = ops["outcome"].where(ops["outcome"].isin(["ok", "fail"]), "unknown").to_numpy()

    def rate(times_s: Floats) -> Floats:
        return np.histogram(times_s, edges_s)[0] / np.diff(edges_s)

    ok = outcome == "ok"
    p50_ms, p99_ms = _percentiles(intended_s[ok], (ops["end_ns"] - ops["intended_ns"]).to_numpy()[ok], edges_s)
    return Bins(
        edges_s=edges_s,
        offered=rate(intended_s[~ops["key"].duplicated().to_numpy()]),
        outcomes={kind: rate(end_s[outcome == kind]) for kind in ("ok", "fail", "unknown")},
        p50_ms=p50_ms,
        p99_ms=p99_ms,
    )


def _percentiles(times_s: Floats, latency_ns: Floats, edges_s: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(times_s, kind="stable")
    times_s, latency_ns = times_s[order], latency_ns[order]
    cuts = np.searchsorted(times_s, edges_s)
    cuts[-1] = len(times_s)
    found = np.full((2, len(edges_s) - 1), np.nan)
    for index, (low, high) in enumerate(itertools.pairwise(cuts)):
        if high > low:
            quantiles = quantiles_ms(latency_ns[low:high])
            found[:, index] = quantiles["p50"], quantiles["p99"]
    return found[0], found[1]


def draw_timeline(ops: pd.DataFrame, faults: list[FaultRow], size: Size) -> Figure:
    """Throughput over response time, on one clock.

    ops: OPS_SCHEMA columns; faults: the ``faults`` of a summary. Shaded while something was broken, lighter until its
    pod was back; what was done, and the moments of the recovery, are marked in a strip above.
    """
    bins = bin_ops(ops)
    zero_ns = start_ns(ops)
    # What came after the last operation, such as a pod that is back long after the load, is on the waterfall only.
    marks = _marks(faults, end_ns=zero_ns + round(float(bins.edges_s[-1]) * 1e9))
    strip = bool(marks)
    heights_px = [size.font_px * 1.5 * len(marks) + 4, 260, 240] if strip else [260, 240]
    figure = canvas.new_figure(size, height_px=sum(heights_px) + (110 if size.narrow else 90))
    rows = figure.subplots(len(heights_px), 1, sharex=True, gridspec_kw={"height_ratios": heights_px}, squeeze=False)
    throughput, response = rows[-2][0], rows[-1][0]
    throughput.set_xlim(0, bins.edges_s[-1])
    _throughput(throughput, bins, size)
    _response(response, bins, size)
    broken = [fault for fault in faults if fault["injected_ns"] is not None and not fault["operation"]]
    for row in rows[:, 0]:
        for fault in broken:
            _shade(row, fault, zero_ns, bins.edges_s[-1])
    if strip:
        _moments(rows[0][0], marks, zero_ns, size)
    for row in (throughput, response):
        for mark in marks:
            row.axvline((mark.at_ns - zero_ns) / 1e9, color=canvas.INK, linewidth=0.5, linestyle=":", zorder=1)
    response.xaxis.set_major_locator(MaxNLocator(size.x_ticks, steps=[1, 2, 5, 10]))
    response.set_xlabel("seconds since the first arrival")
    if broken:
        shades = (("broken", canvas.BROKEN), ("healed, its pod not yet back", canvas.RECOVERING))
        handles = [Patch(facecolor=colour, edgecolor=canvas.FAINT, label=name) for name, colour in shades]
        figure.legend(handles=handles, loc="outside lower left", ncols=2, handlelength=1.5)
    return figure


class _Mark(NamedTuple):
    """One line of the strip above the plots: when, and what to write there."""

    at_ns: int
    words: str


def _marks(faults: list[FaultRow], *, end_ns: int) -> list[_Mark]:
    """What to name: all steps of the faults; where that would be a wall of labels, only what was done, and when.

    Of faults that struck at once only the one with most steps is named. Planned changes are named by their kind.
    """
    groups = struck_together(faults)
    marks = [
        _Mark(at_ns, event_words(group) if step["step"] == "injected" else f"{label(step['step'])} {_since(step)}")
        for group in groups
        for step in known_steps(group[0])
        if (at_ns := step["at_ns"]) is not None
    ]
    if len(marks) > _MOMENTS_NAMED:
        marks = [_Mark(injected_ns(group[0]), event_words(group)) for group in groups][:_MOMENTS_NAMED]
    return sorted(mark for mark in marks if mark.at_ns <= end_ns)


def _since(step: StepRow) -> str:
    return f"+{duration(step['since_ms'])}"


def _throughput(axes: Axes, bins: Bins, size: Size) -> None:
    series = (
        ("offered", bins.offered, canvas.GREY, "--"),
        ("acknowledged", bins.outcomes["ok"], canvas.BLUE, "-"),
        ("failed", bins.outcomes["fail"], canvas.VERMILLION, "-"),
        ("unknown", bins.outcomes["unknown"], canvas.PURPLE, "-"),
    )
    for name, rates, colour, dash in series:
        axes.stairs(rates, bins.edges_s, label=name, color=colour, linestyle=dash, linewidth=1.3, baseline=None)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylabel("operations/s")
    canvas.legend_above(axes, size, columns=4)


def _response(axes: Axes, bins: Bins, size: Size) -> None:
    middles_s = (bins.edges_s[:-1] + bins.edges_s[1:]) / 2
    for name, values, colour in (("p50", bins.p50_ms, canvas.GREEN), ("p99", bins.p99_ms, canvas.INK)):
        axes.plot(middles_s, values, label=f"response {name}", color=colour, marker=".", markersize=3)
    if np.isfinite(bins.p99_ms).any():
        canvas.time_ms_axis(axes)
        canvas.legend_above(axes, size, columns=2)
    else:
        canvas.say_empty(axes, "no operation was acknowledged")
    axes.set_ylabel("response time")


def _shade(axes: Axes, fault: FaultRow, zero_ns: int, end_s: float) -> None:
    times = (fault["injected_ns"], fault["healed_ns"], fault["clean_ns"])
    since_s, healed_s, back_s = (end_s if at_ns is None else (at_ns - zero_ns) / 1e9 for at_ns in times)
    # What is broken hides what recovers from another fault: the lighter shade lies below.
    axes.axvspan(healed_s, max(healed_s, back_s), color=canvas.RECOVERING, linewidth=0, zorder=-1)
    axes.axvspan(since_s, healed_s, color=canvas.BROKEN, linewidth=0, zorder=0)


def _moments(axes: Axes, marks: list[_Mark], zero_ns: int, size: Size) -> None:
    """One row a step, so that moments a few milliseconds apart still have readable labels."""
    rows = len(marks)
    axes.set_ylim(rows, 0)
    axes.set_axis_off()
    left_s, right_s = axes.get_xlim()
    for row, mark in enumerate(marks):
        at_s = (mark.at_ns - zero_ns) / 1e9
        axes.plot([at_s, at_s], [row, rows], color=canvas.INK, linewidth=0.5, linestyle=":", clip_on=False)
        axes.plot([at_s], [row + 0.5], color=canvas.INK, marker="v", markersize=3.5, clip_on=False)
        right_half = at_s > (left_s + right_s) / 2
        words = axes.annotate(
            canvas.short(mark.words, size),
            (at_s, row + 0.5),
            xytext=(-5 if right_half else 5, 0),
            textcoords="offset points",
            ha="right" if right_half else "left",
            va="center",
        )
        words.set_in_layout(False)  # a label may reach over the edge of its axes, and must not squeeze them
