"""Latency: response and service time of acknowledged ops, over the run and before, during and after its faults.

Response time counts from the intended start, so a stall shows in every arrival it delayed; service time from the
actual one. Only gates make it fail; without one it measures. Ops that were never acknowledged have no latency here:
they are availability's matter.
"""

from __future__ import annotations

from typing import Any

from checks.check import Check, Gate
from checks.evidence.due import due
from checks.evidence.latency_stats import behind_ms, load_figures
from checks.recovery.phases import phases
from checks.verdict import Outcome, Verdict, unknown
from history.history import History

NAME = "latency"
GATES = (
    Gate(
        name="behind",
        unit="ms",
        asks="median response time of what was due when the load ended",
        path=("behind_ms",),
    ),
    Gate(
        name="response_p99",
        unit="ms",
        asks="99 % of all response times",
        path=("whole", "response_ms", "p99"),
        relative=True,
    ),
    Gate(
        name="response_p99_before",
        unit="ms",
        asks="99 % of the response times before the first fault",
        path=("before", "response_ms", "p99"),
    ),
    Gate(
        name="response_p99_during",
        unit="ms",
        asks="99 % of those from the first fault until service is steady again",
        path=("during", "response_ms", "p99"),
        needs="fault",
        relative=True,
    ),
    Gate(
        name="response_p99_after",
        unit="ms",
        asks="99 % of those from then to the end",
        path=("after", "response_ms", "p99"),
        needs="fault",
        relative=True,
    ),
)


def latency(history: History) -> Verdict:
    """Judge the ops against the gates ``behind_ms`` and ``response_p99_ms``, ``_before_ms``, ``_during_ms``,
    ``_after_ms``; a multiple such as ``3x`` is one of the response p99 before the first fault.

    measured: whole, before, during, after, each with the figures of ``checks.evidence.latency_stats.load_figures``;
    behind_ms (``checks.evidence.latency_stats.behind_ms``); limits_ms, each gate's threshold in milliseconds. A gate
    whose phase holds no acknowledged op fails: nothing shows that it was kept.
    """
    if history.ops.empty:
        return unknown(NAME, expected=_expected(history, None), reason="the ops are empty")
    parts = phases(history)
    windows = {"whole": history.ops, **parts.split(history.ops)}
    measured: dict[str, Any] = {name: load_figures(ops, history.workload) for name, ops in windows.items()}
    measured["behind_ms"] = behind_ms(due(history.ops, history))
    before_ms = measured["before"]["response_ms"]["p99"]
    limits = _limits(history, before_ms)
    expected = _expected(history, before_ms)
    if not limits:
        measured["reason"] = "no gate set; measured only"
        return Verdict(name=NAME, verdict="unknown", expected=expected, measured=measured)
    measured["limits_ms"] = {gate.key: limit_ms for gate, limit_ms in limits.items()}
    witness: list[dict[str, Any]] = []
    for gate, limit_ms in limits.items():
        number_ms = gate.measured(measured)
        if number_ms is None:
            never = gate.path[0] == "after" and parts.never_steady
            where = "at the end of the load" if len(gate.path) == 1 else gate.path[0]
            missing = "service was not steady again" if never else f"no acknowledged op: {where}"
            witness.append({"gate": gate.key, "expected_ms": limit_ms, "found": missing})
        elif not gate.kept(number_ms, limit_ms):
            witness.append({"gate": gate.key, "expected_ms": limit_ms, "found_ms": number_ms})
    verdict: Outcome = "fail" if witness else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=expected, measured=measured, witness=witness)


def _limits(history: History, before_ms: float | None) -> dict[Gate, float]:
    return {gate: limit_ms for gate in GATES if (limit_ms := gate.limit(history, before_ms=before_ms)) is not None}


def _expected(history: History, before_ms: float | None) -> str:
    limits = _limits(history, before_ms)
    return "; ".join(gate.demands(limit_ms) for gate, limit_ms in limits.items()) or "no gate set"


CHECK = Check(
    name=NAME,
    question="p50 to p99.9 before, during and after the fault",
    run=latency,
    gates=GATES,
    required=False,
)
