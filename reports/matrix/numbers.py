"""The numbers of one trial, flat and by name: the columns of matrix.csv, and what cells are averaged from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from reports.charts.recovery_steps import known_steps
from reports.summary_types import PHASES, PhaseName, Quantile, Summary

#: Percentiles of the response time that a matrix compares.
PERCENTILES: tuple[Quantile, ...] = ("p50", "p99")


def _response(phase: PhaseName, percentile: Quantile, summary: Summary) -> float | None:
    figures = summary["phases"][phase]
    return figures["response_ms"][percentile] if figures else None


def _achieved_before(summary: Summary) -> float | None:
    before = summary["phases"]["before"]
    return before["achieved_tps"] if before else None


#: Name -> the number in a summary, units last.
NUMBERS: Mapping[str, Callable[[Summary], float | None]] = {
    "write_outage_ms": lambda summary: summary["write_outage_ms"],
    "acked": lambda summary: summary["rpo"]["acked"],
    "lost": lambda summary: summary["rpo"]["lost"],
    "lost_amount": lambda summary: summary["rpo"]["lost_amount"],
    "duplicated": lambda summary: summary["rpo"]["duplicated"],
    "torn": lambda summary: summary["rpo"]["torn"],
    **{
        f"response_{phase}_{percentile}_ms": partial(_response, phase, percentile)
        for phase in PHASES
        for percentile in PERCENTILES
    },
    "offered_tps": lambda summary: summary["load"]["offered_tps"],
    "achieved_tps": lambda summary: summary["load"]["achieved_tps"],
    "achieved_before_tps": _achieved_before,
    "client_cpu_us_per_txn": lambda summary: summary["load"]["client_cpu_us_per_txn"],
    "boot_s": lambda summary: summary["boot_s"],
}


def trial_numbers(summary: Summary) -> dict[str, float | None]:
    """Numbers of a judged run by name; None where the run did not measure one."""
    return {name: number(summary) for name, number in NUMBERS.items()}


def recovery(summary: Summary) -> dict[str, float]:
    """Step -> milliseconds since the injection, of the first fault whose recovery was seen; empty if none was."""
    for fault in summary["faults"]:
        steps = known_steps(fault)
        if len(steps) > 1:
            return {step["step"]: step["since_ms"] or 0.0 for step in steps if step["step"] != "injected"}
    return {}


def injected_ns(summary: Summary) -> int | None:
    """When the first fault was injected (CLOCK_MONOTONIC), None if none was."""
    return min((fault["injected_ns"] for fault in summary["faults"] if fault["injected_ns"] is not None), default=None)
