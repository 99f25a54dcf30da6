"""A measured step as it stands in ``capacity.json``, with whether it held the objectives, and what it did not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from reports.capacity.content import Measured, StepRow, Times
from reports.capacity.objective import Objective
from reports.capacity.step import Step
from reports.text.units import count, duration

#: Setting of the steps with all nodes.
ALL_NODES = "n"
#: Settings of a search, in words.
SETTINGS = {ALL_NODES: "all nodes", "n_minus_1": "one node dead", "rejoining": "one node coming back"}
#: Of the searches of reads alone, which are another load, so that their steps are no points of the system's curve.
READS, READS_ONE_LESS = "reads", "reads_n_minus_1"
SETTING_WORDS = {**SETTINGS, READS: "reads alone", READS_ONE_LESS: "reads alone, one replica dead"}
_SEARCH = frozenset({"ramp", "bisect", "verify_below", "verify_above"})


def of_search(step: StepRow) -> bool:
    """Whether it is of the system that was asked for; steps of taxes and density are of others."""
    return step["setting"] in SETTINGS and step["purpose"] in _SEARCH


def at_the_maximum(measured: Measured) -> StepRow | None:
    """The step of the search with all nodes that held at the highest rate up to the maximum: one above it may have held
    before it was contradicted."""
    steps, max_tps = measured["steps"], measured["max_tps"]
    held = [
        step
        for step in steps
        if of_search(step) and step["setting"] == ALL_NODES and step["holds"]
        if max_tps is None or (step["offered_tps"] or 0) <= max_tps
    ]
    return max(held, key=lambda step: step["offered_tps"] or 0, default=None)


def mysqld_cpu_us_per_txn(step: StepRow | None) -> float | None:
    """Of all servers together; None where it was not read of every kind that there is."""
    pods = step["usage"].get("pods", {}) if step else {}
    spent = [pods[kind]["cpu_us_per_txn"] for kind in ("primary", "replica") if kind in pods]
    return sum(spent) if spent and None not in spent else None


def step_row(step: Step, objectives: Sequence[Objective]) -> StepRow:
    """JSON-serialisable. A step holds where every objective is met and the backlog did not grow."""
    missed = [_missed(objective, step) for objective in objectives if not objective.met(step)]
    if not step.stable:
        missed.append(f"its backlog grew by {count(round(step.backlog_per_s, 1))} operations a second")
    return {
        "purpose": step.purpose,
        "setting": step.setting,
        "offered_tps": step.offered_tps,
        "arrived_tps": step.arrived_tps,
        "achieved_tps": step.achieved_tps,
        "success_ratio": step.success_ratio,
        "concurrency": step.concurrency,
        "duration_s": step.duration_s,
        "warm_up_s": step.warm_up_s,
        "response_ms": times(step.response_ms),
        "service_ms": times(step.service_ms),
        "operations": step.operations,
        "backlog_per_s": step.backlog_per_s,
        "stable": step.stable,
        "holds": not missed,
        "why": "; ".join(missed),
        "usage": asdict(step.usage),
        "limits": [{"what": limit.what, "evidence": limit.evidence} for limit in step.limits],
        "folder": step.folder or None,
    }


def times(percentiles: Mapping[str, float | None]) -> Times:
    """p50, p95, p99, p999 in milliseconds; None where not known."""
    return {
        "p50": percentiles.get("p50"),
        "p95": percentiles.get("p95"),
        "p99": percentiles.get("p99"),
        "p999": percentiles.get("p999"),
    }


def _missed(objective: Objective, step: Step) -> str:
    value = objective.value_of(step)
    if value is None:
        return f"{objective.metric} is not known: too few operations were answered"
    measured = duration(value) if objective.unit == "ms" else f"{value:.4%}"
    return f"{objective.metric} {measured}, {objective.text} asked for"
