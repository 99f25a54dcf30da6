"""Latency: response and service time of acknowledged ops, over the run and before, during and after its faults.

Response time counts from the intended start, so a stall shows in every arrival it delayed; service time from the
actual one. Only gates make it fail; without one it measures. Ops that were never acknowledged have no latency here:
they are availability's matter.
"""

from __future__ import annotations

from typing import Any

from checks.figures import behind_ms, load_figures
from checks.gates import gate
from checks.history import History
from checks.phases import phases
from checks.verdict import Outcome, Verdict, unknown

NAME = "latency"
#: Gate -> the window whose response p99 it limits.
GATES = {
    "response_p99_ms": "whole",
    "response_p99_before_ms": "before",
    "response_p99_after_ms": "after",
}


def latency(history: History) -> Verdict:
    """Judge the ops against the gates ``response_p99_ms``, ``response_p99_before_ms``, ``response_p99_after_ms``.

    measured: whole, before, during, after, each with the figures of ``checks.figures.load_figures``, and behind_ms
    (``checks.figures.behind_ms``). A gate whose phase holds no acknowledged op fails: nothing shows that it was kept.
    """
    limits = {name: limit for name in GATES if (limit := gate(history, name)) is not None}
    expected = ", ".join(f"{name} at most {limit:g}" for name, limit in limits.items()) or "no gate set"
    if history.ops.empty:
        return unknown(NAME, expected=expected, reason="the ops are empty")
    windows = {"whole": history.ops, **phases(history).split(history.ops)}
    measured: dict[str, Any] = {name: load_figures(ops) for name, ops in windows.items()}
    measured["behind_ms"] = behind_ms(history.ops)
    if not limits:
        measured["reason"] = "no gate set; measured only"
        return Verdict(name=NAME, verdict="unknown", expected=expected, measured=measured)
    witness: list[dict[str, Any]] = []
    for name, limit in limits.items():
        found = measured[GATES[name]]["response_ms"]["p99"]
        if found is None:
            witness.append({"gate": name, "expected_ms": limit, "found": f"no acknowledged op: {GATES[name]}"})
        elif found > limit:
            witness.append({"gate": name, "expected_ms": limit, "found_ms": found})
    verdict: Outcome = "fail" if witness else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=expected, measured=measured, witness=witness)
