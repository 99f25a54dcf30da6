"""The thresholds table: each gate of the scenario beside the number the check of that gate measured.

The checks have judged already; here their numbers are only looked up and set against the limit, one gate a row, because
a check may serve several gates. A gate nobody here knows is shown as unknown, so that it cannot look kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from checks.latency import GATES as LATENCY_GATES
from checks.verdict import Verdict


class _Source(NamedTuple):
    """Where the number of a gate is: in a check's ``measured``, or in the manifest (breaking that makes a run void)."""

    check: str | None
    path: tuple[str, ...]
    at_least: bool = False


_SOURCES: Mapping[str, _Source] = {
    "lost": _Source("durability", ("lost",)),
    "duplicated": _Source("duplicates", ("duplicated",)),
    "write_outage_ms": _Source("availability", ("write_outage_ms",)),
    "min_acked": _Source("availability", ("ok",), at_least=True),
    **{gate: _Source("latency", (window, "response_ms", "p99")) for gate, window in LATENCY_GATES.items()},
    "stale_reads": _Source("staleness", ("stale",)),
    "lateness_p99_ms": _Source(None, ("load", "lateness_ms", "p99")),
    "steal_percent": _Source(None, ("host", "steal_percent")),
    "cpu_pressure_percent": _Source(None, ("host", "cpu_pressure_percent")),
}


def gate_rows(gates: Mapping[str, Any], checks: Sequence[Verdict], manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows {name, limit, expected, measured, verdict}, in the order of the gates.

    limit: ``at most``, ``at least``, or empty for a gate that is no limit.
    """
    by_name = {check.name: check for check in checks}
    return [
        _required(expected, by_name) if name == "require" else _row(name, expected, by_name, manifest)
        for name, expected in gates.items()
    ]


def _row(name: str, expected: Any, checks: Mapping[str, Verdict], manifest: Mapping[str, Any]) -> dict[str, Any]:
    source = _SOURCES.get(name)
    if source is None:
        return {"name": name, "limit": "", "expected": expected, "measured": None, "verdict": "unknown"}
    row = {"name": name, "limit": "at least" if source.at_least else "at most", "expected": expected}
    check = checks.get(source.check) if source.check else None
    measured: Any = check.measured if check else {} if source.check else manifest
    for key in source.path:
        measured = measured.get(key) if isinstance(measured, Mapping) else None
    if measured is None:
        # There was nothing to hold against the limit; whether that is a failure was the check's decision.
        return {**row, "measured": None, "verdict": "fail" if check and check.verdict == "fail" else "unknown"}
    kept = measured >= expected if source.at_least else measured <= expected
    return {**row, "measured": measured, "verdict": "pass" if kept else "fail" if source.check else "void"}


def _required(names: Sequence[str], checks: Mapping[str, Verdict]) -> dict[str, Any]:
    undecided = [name for name in names if name not in checks or checks[name].verdict == "unknown"]
    return {
        "name": "require",
        "limit": "",
        "expected": f"{len(names)} checks decided",
        "measured": f"not decided: {', '.join(undecided)}" if undecided else "all decided",
        "verdict": "fail" if undecided else "pass",
    }
