"""The thresholds table: each gate of the run beside the number that was measured for it.

The checks have judged already; here their numbers are only looked up and set against the limit, one gate a row, because
a check may serve several gates (``checks/gates.py``). A multiple is shown with what it came to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.gates import BY_KEY, REQUIRE, Gate
from checks.judge import HELD_BY_DEFAULT
from checks.verdict import Verdict


def gate_rows(gates: Mapping[str, Any], checks: Sequence[Verdict], manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
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
    own = [_row(gate, limit, by_name, manifest) | {"default": True} for gate, limit in unset.items()]
    return rows + [row for row in own if row["verdict"] == "void"]


def _row(gate: Gate, asked: Any, checks: Mapping[str, Verdict], manifest: Mapping[str, Any]) -> dict[str, Any]:
    check = checks.get(gate.check) if gate.check else None
    multiple = asked if isinstance(asked, str) else None
    limits = check.measured.get("limits_ms", {}) if check else {}
    expected = (limits.get(gate.key) or None) if multiple else asked
    row = {"name": gate.key, "limit": gate.at, "expected": expected, "multiple": multiple}
    found = gate.number(checks, manifest)
    if found is None:
        # There was nothing to hold against the limit; whether that is a failure was the check's decision.
        verdict = "fail" if check and check.verdict == "fail" else "unknown"
        return {**row, "measured": None, "verdict": verdict}
    kept = expected is not None and gate.kept(found, expected)
    return {**row, "measured": found, "verdict": "pass" if kept else "fail" if gate.check else "void"}


def _required(names: Sequence[str], checks: Mapping[str, Verdict]) -> dict[str, Any]:
    undecided = [name for name in names if name not in checks or checks[name].verdict == "unknown"]
    return {
        "name": REQUIRE,
        "limit": "",
        "expected": f"{len(names)} checks decided",
        "multiple": None,
        "measured": f"not decided: {', '.join(undecided)}" if undecided else "all decided",
        "verdict": "fail" if undecided else "pass",
    }
