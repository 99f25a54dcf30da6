"""The gates of a run: each declared once, and read with care, so that none can quietly become one that never fails.

`GATES` is where scenario keys, what judges them, the thresholds table and README take them from. A threshold may be a
number, or for response times a multiple of what the run measured before its first fault (``3x``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from checks.verdict import Verdict
from history.fields import spelt
from history.history import History, HistoryError

#: A multiple of what was before is never held to less than this: below it lies the noise of timers and schedulers.
FLOOR_MS = 10.0
REQUIRE = "require"
#: No count and no time in milliseconds is larger.
_MOST = 2.0**63
_MULTIPLE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)x")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One threshold.

    name: its key in a scenario. unit: what its number counts; the manifest's key ends with ``_ms`` where it is a time.
    asks: what must hold, in words. check: the one that decides it; None where the manifest itself holds the number,
    and then a breach makes the run void, not failed. path: where the number is, in the check's ``measured`` or in the
    manifest. needs: what a run must have for it to be decided, beside the check. default: holds unless the scenario
    says otherwise. relative: may be a multiple.
    """

    name: str
    unit: Literal["ms", "count", "share", "percent"]
    asks: str
    check: str | None
    path: tuple[str, ...]
    at: Literal["at most", "at least"] = "at most"
    needs: Literal["", "reads", "writes", "fault", "arrivals"] = ""
    default: float | None = None
    relative: bool = False

    @property
    def key(self) -> str:
        """Its name in manifest.json and summary.json, unit last."""
        last = {"ms": "_ms", "percent": "_percent"}.get(self.unit, "")
        return f"{self.name.removesuffix(last)}{last}"

    @property
    def most(self) -> float:
        """The largest threshold that means anything."""
        return {"share": 1.0, "percent": 100.0}.get(self.unit, _MOST)

    def number(self, checks: Mapping[str, Verdict], manifest: Mapping[str, Any]) -> float | None:
        """What was measured, None where nothing was, or not so that its check could decide. checks: by name."""
        check = checks.get(self.check) if self.check else None
        decided = check is not None and check.verdict != "unknown"
        value: Any = check.measured if check and decided else None if self.check else manifest
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def demands(self, limit: float) -> str:
        """Such as ``write outage at most 15 s``."""
        in_s = self.unit == "ms" and limit >= 1000
        unit = {"ms": " s" if in_s else " ms", "percent": " %"}.get(self.unit, "")
        return f"{self.name.replace('_', ' ')} {self.at} {limit / 1000 if in_s else limit:g}{unit}"

    def kept(self, found: float, limit: float) -> bool:
        return found >= limit if self.at == "at least" else found <= limit


#: By name, in the order of every table.
GATES: Mapping[str, Gate] = {
    gate.name: gate
    for gate in (
        Gate(
            name="lost",
            unit="count",
            asks="acknowledged writes that are missing on a node",
            check="durability",
            path=("lost",),
            default=0,
        ),
        Gate(
            name="duplicated",
            unit="count",
            asks="operations stored twice",
            check="duplicates",
            path=("duplicated",),
            default=0,
        ),
        Gate(
            name="write_outage",
            unit="ms",
            asks="longest time without an acknowledged write, although writes were wanted",
            check="availability",
            path=("write_outage_ms",),
            needs="writes",
        ),
        Gate(
            name="read_outage",
            unit="ms",
            asks="longest time without an answered read, although reads were wanted",
            check="availability",
            path=("read_outage_ms",),
            needs="reads",
        ),
        Gate(
            name="brownout",
            unit="ms",
            asks="longest time with less than half of the wanted writes acknowledged, outages included",
            check="availability",
            path=("brownout_ms",),
            needs="writes",
        ),
        Gate(
            name="behind",
            unit="ms",
            asks="median response time of what was due when the load ended",
            check="latency",
            path=("behind_ms",),
        ),
        Gate(
            name="success_ratio",
            unit="share",
            asks="share of the wanted writes that were acknowledged, however many attempts it took",
            check="availability",
            path=("success_ratio",),
            at="at least",
            needs="writes",
        ),
        Gate(
            name="min_acked",
            unit="count",
            asks="acknowledged writes",
            check="availability",
            path=("ok",),
            at="at least",
            needs="writes",
        ),
        Gate(
            name="response_p99",
            unit="ms",
            asks="99 % of all response times",
            check="latency",
            path=("whole", "response_ms", "p99"),
            relative=True,
        ),
        Gate(
            name="response_p99_before",
            unit="ms",
            asks="99 % of the response times before the first fault",
            check="latency",
            path=("before", "response_ms", "p99"),
        ),
        Gate(
            name="response_p99_during",
            unit="ms",
            asks="99 % of those from the first fault until service is steady again",
            check="latency",
            path=("during", "response_ms", "p99"),
            needs="fault",
            relative=True,
        ),
        Gate(
            name="response_p99_after",
            unit="ms",
            asks="99 % of those from then to the end",
            check="latency",
            path=("after", "response_ms", "p99"),
            needs="fault",
            relative=True,
        ),
        Gate(
            name="stale_reads",
            unit="count",
            asks="reads that miss an acknowledged write",
            check="staleness",
            path=("stale",),
        ),
        Gate(
            name="lateness_p99",
            unit="ms",
            asks="how late the load generator sent 99 % of its operations; more makes a run void",
            check=None,
            path=("load", "lateness_ms", "p99"),
            needs="arrivals",
            default=100.0,
        ),
        Gate(
            name="steal_percent",
            unit="percent",
            asks="CPU time that other tenants of the machine took; more makes a run void",
            check=None,
            path=("host", "steal_percent"),
            default=25.0,
        ),
        Gate(
            name="cpu_pressure",
            unit="percent",
            asks="CPU of the machine that other processes had in the worst ten seconds while pods waited for it; more "
            "makes a run void (25 where it is left out)",
            check=None,
            path=("host", "cpu_pressure_percent"),
        ),
    )
}
BY_KEY: Mapping[str, Gate] = {gate.key: gate for gate in GATES.values()}


def multiple(value: object) -> float | None:
    """``"3x"`` -> 3.0; None for everything else. Not below 1: no fault makes a system faster."""
    match = _MULTIPLE.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) if match and float(match[1]) >= 1 else None


def gate(history: History, key: str) -> float | None:
    """The threshold ``key`` (unit last in the name) as a number, or None where the run has none or it is a multiple.

    Raises HistoryError when it is there but not what this gate may be.
    """
    value = _threshold(history, key)
    return None if isinstance(value, str) else value


def limit(history: History, key: str, *, before_ms: float | None) -> float | None:
    """The threshold ``key`` with a multiple worked out, None where the run has no such gate.

    before_ms: the response p99 before the first fault. Where that is not known a multiple allows nothing.
    """
    value = _threshold(history, key)
    if not isinstance(value, str):
        return value
    return 0.0 if before_ms is None else round(max((multiple(value) or 0.0) * before_ms, FLOOR_MS), 3)


def required(history: History) -> list[str]:
    """Names of the checks that must be decided for the run to pass (gate ``require``)."""
    names = _gates(history).get(REQUIRE) or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise HistoryError(f"manifest.json: gate 'require' must be a list of check names, not {spelt(names)}")
    return list(names)


def given(history: History) -> dict[Gate, float | str]:
    """Every threshold of the run but ``require``: a number or a multiple. Raises HistoryError for what is neither."""
    thresholds = {key: _threshold(history, key) for key in _gates(history) if key != REQUIRE}
    return {BY_KEY[key]: value for key, value in thresholds.items() if value is not None}


def assert_readable(history: History) -> None:
    """Raise HistoryError, before anything is judged, when a gate is unknown or not what it may be."""
    required(history)
    given(history)


def undecided(history: History, checks: Sequence[Verdict]) -> list[Gate]:
    """The gates of the run for which nothing was measured."""
    by_name = {check.name: check for check in checks}
    failed = {check.name for check in checks if check.verdict == "fail"}
    return [one for one in given(history) if one.number(by_name, history.manifest) is None and one.check not in failed]


def _threshold(history: History, key: str) -> float | str | None:
    gates = _gates(history)
    known = BY_KEY.get(key)
    if known is None:
        near = difflib.get_close_matches(str(key), [*BY_KEY, REQUIRE], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join([*BY_KEY, REQUIRE])}"
        raise HistoryError(f"manifest.json: unknown gate {str(key)[:80]!r}{hint}")
    value = gates.get(key)
    if value is None:
        return None
    if known.relative and isinstance(value, str) and multiple(value) is not None:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= known.most:
        return value
    kind = "a number from 0 up" if known.most == _MOST else f"a number from 0 to {known.most:g}"
    kind += ", or a multiple of before such as '3x'" if known.relative else ""
    raise HistoryError(f"manifest.json: gate {key!r} must be {kind}, not {spelt(value)}")


def _gates(history: History) -> Mapping[str, object]:
    gates: object = history.gates
    if gates is None:
        return {}
    if not isinstance(gates, Mapping):
        raise HistoryError(f"manifest.json: 'gates' must be an object, not {spelt(gates)}")
    return gates
