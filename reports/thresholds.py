"""The gates table: each gate of the run beside the number that was measured for it.

The checks have judged already; here their numbers are only looked up and set against the limit, one gate a row, because
a check may decide several gates (`checks.check`). A multiple is shown with what it came to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.check import Gate
from checks.gates import REQUIRE, measured
from checks.noise import HELD_BY_DEFAULT
from checks.registry import BY_KEY, DECIDER
from checks.verdict import Verdict
from reports.summary_types import GateRow, GateVerdict


def gate_rows(gates: Mapping[str, Any], checks: Sequence[Verdict], manifest: Mapping[str, Any]) -> list[GateRow]:
    """Rows {name, limit, expected, multiple, measured, verdict}, in the order of the gates.

    limit: ``at most``, ``at least``, or empty for a gate that is no limit. expected: the number to hold, for a multiple
    what it came to (None where there was nothing before to multiply). multiple: such as ``3x``, else None. What makes a
    trial void holds whether the run set it or not, so what was broken has its row in any case, with default: True.
    """
    by_name = {check.name: check for check in checks}
    rows = [
        _required(expected, by_name) if key == REQUIRE else _row(BY_KEY[key], expected, by_name, manifest)
        for key, expected in gates.items()
        if expected is not None
    ]
    unset = {gate: limit for gate, limit in HELD_BY_DEFAULT.items() if gates.get(gate.key) is None}
    by_default = [_row(gate, limit, by_name, manifest) for gate, limit in unset.items()]
    return rows + [{**row, "default": True} for row in by_default if row["verdict"] == "void"]


def _row(gate: Gate, asked: Any, checks: Mapping[str, Verdict], manifest: Mapping[str, Any]) -> GateRow:
    check = checks.get(DECIDER[gate.name].name) if gate.name in DECIDER else None
    multiple = asked if isinstance(asked, str) else None
    limits = check.measured.get("limits_ms", {}) if check else {}
    expected = (limits.get(gate.key) or None) if multiple else asked
    number = measured(gate, checks, manifest)
    verdict: GateVerdict
    if number is None:
        # There was nothing to hold against the limit; whether that is a failure was the check's decision.
        verdict = "fail" if check and check.verdict == "fail" else "unknown"
    elif expected is not None and gate.kept(number, expected):
        verdict = "pass"
    else:
        verdict = "fail" if gate.name in DECIDER else "void"
    return {
        "name": gate.key,
        "limit": gate.at,
        "expected": expected,
        "multiple": multiple,
        "measured": number,
        "verdict": verdict,
    }


def _required(names: Sequence[str], checks: Mapping[str, Verdict]) -> GateRow:
    undecided = [name for name in names if name not in checks or checks[name].verdict == "unknown"]
    return {
        "name": REQUIRE,
        "limit": "",
        "expected": f"{len(names)} checks decided",
        "multiple": None,
        "measured": f"not decided: {', '.join(undecided)}" if undecided else "all decided",
        "verdict": "fail" if undecided else "pass",
    }
