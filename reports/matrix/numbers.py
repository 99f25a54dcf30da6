"""The numbers of one trial, flat and by name: the columns of matrix.csv, and what cells are averaged from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.charts.recovery_steps import known_steps
from reports.summary import PHASES

#: Percentiles of the response time that a matrix compares.
PERCENTILES = ("p50", "p99")


#: Name -> where a summary holds it.
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "write_outage_ms": ("write_outage_ms",),
    **{name: ("rpo", name) for name in ("acked", "lost", "lost_amount", "duplicated", "torn")},
    **{
        f"response_{phase}_{percentile}_ms": ("phases", phase, "response_ms", percentile)
        for phase in PHASES
        for percentile in PERCENTILES
    },
    "offered_tps": ("load", "offered_tps"),
    "achieved_tps": ("load", "achieved_tps"),
    "achieved_before_tps": ("phases", "before", "achieved_tps"),
    "client_cpu_us_per_txn": ("load", "client_cpu_us_per_txn"),
    "boot_s": ("boot_s",),
}


def trial_numbers(summary: Mapping[str, Any]) -> dict[str, float | None]:
    """Numbers of a judged run by name, units last; None where the run did not measure one."""
    return {name: _at(summary, path) for name, path in NUMBERS.items()}


def _at(summary: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = summary
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int | float) else None


def recovery(summary: Mapping[str, Any]) -> dict[str, float]:
    """Step -> milliseconds since the injection, of the first fault whose recovery was seen; empty if none was."""
    for fault in summary["faults"]:
        steps = known_steps(fault)
        if len(steps) > 1:
            return {step["step"]: step["since_ms"] for step in steps if step["step"] != "injected"}
    return {}


def injected_ns(summary: Mapping[str, Any]) -> int | None:
    """When the first fault was injected (CLOCK_MONOTONIC), None if none was."""
    return min((fault["injected_ns"] for fault in summary["faults"] if fault["injected_ns"] is not None), default=None)
