"""What a check declares of itself, and the gates that it decides: each is spelt once, in the check's own file.

`checks.registry` collects the declarations. Scenario keys, what must be decided, the tables of thresholds and README
are taken from there, so a new check is a new file in ``checks/`` or ``checks/workloads/`` with a ``CHECK`` in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from checks.verdict import Verdict
from history.fields import spelt
from history.history import History
from history.json_files import HistoryError

#: A multiple of what was before is never held to less than this: below it lies the noise of timers and schedulers.
FLOOR_MS = 10.0
#: The workload of a check that belongs to none of ours, and is listed only where it is decided.
NO_WORKLOAD = ""
#: No count and no time in milliseconds is larger.
_MOST = 2.0**63
_MULTIPLE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)x")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One threshold.

    name: its key in a scenario. unit: what its number counts; the manifest's key ends with ``_ms`` where it is a time.
    asks: what must hold, in words. path: where the number is, in the ``measured`` of the check that declares the gate;
    of a gate on the trial itself (`checks.noise`) in the manifest. needs: what a run must have for it to be decided,
    beside the check. default: holds unless the scenario says otherwise. relative: may be a multiple, such as ``3x``, of
    what was measured before the first fault.
    """

    name: str
    unit: Literal["ms", "count", "share", "percent"]
    asks: str
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

    def threshold(self, history: History) -> float | str | None:
        """What the run sets: a number, a multiple as it is written, or None. Raises HistoryError for anything else."""
        value = thresholds(history).get(self.key)
        if value is None:
            return None
        if self.relative and isinstance(value, str) and multiple(value) is not None:
            return value
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= self.most:
            return value
        kind = "a number from 0 up" if self.most == _MOST else f"a number from 0 to {self.most:g}"
        kind += ", or a multiple of before such as '3x'" if self.relative else ""
        raise HistoryError(f"manifest.json: gate {self.key!r} must be {kind}, not {spelt(value)}")

    def limit(self, history: History, *, before_ms: float | None = None) -> float | None:
        """The threshold with a multiple worked out, None where the run has none. Raises HistoryError as `threshold`.

        before_ms: the response p99 before the first fault. Where that is not known a multiple allows nothing.
        """
        value = self.threshold(history)
        if not isinstance(value, str):
            return value
        return 0.0 if before_ms is None else round(max((multiple(value) or 0.0) * before_ms, FLOOR_MS), 3)

    def measured(self, values: Mapping[str, Any]) -> float | None:
        """The number at `path` in what was measured, None where there is none."""
        value: Any = values
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def demands(self, limit: float) -> str:
        """Such as ``write outage at most 15 s``."""
        in_s = self.unit == "ms" and limit >= 1000
        unit = {"ms": " s" if in_s else " ms", "percent": " %"}.get(self.unit, "")
        return f"{self.name.replace('_', ' ')} {self.at} {limit / 1000 if in_s else limit:g}{unit}"

    def kept(self, measured: float, limit: float) -> bool:
        return measured >= limit if self.at == "at least" else measured <= limit


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check, as the ``CHECK`` of its file declares it.

    name: in a summary, and in the gate ``require``. question: what it answers, for README. run: the judgement, which
    reads nothing but the history. gates: the thresholds that it decides. safety: a failure is lost or invented money,
    which fails a run that is void for other reasons. workload: the one of ours that it is about (NO_WORKLOAD: none of
    them); None: all. needs: what a run must have for it to be decided. required: a run that has what it needs does not
    pass without it, unless its scenario names others. observed: it rests on what the observer saw.
    """

    name: str
    question: str
    run: Callable[[History], Verdict]
    gates: tuple[Gate, ...] = ()
    safety: bool = False
    workload: str | None = None
    needs: Literal["", "keys", "replicas"] = ""
    required: bool = True
    observed: bool = False


def multiple(value: object) -> float | None:
    """``"3x"`` -> 3.0; None for everything else. Not below 1: no fault makes a system faster."""
    match = _MULTIPLE.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) if match and float(match[1]) >= 1 else None


def thresholds(history: History) -> Mapping[str, object]:
    """What the run sets, by key, ``require`` among them. Raises HistoryError where that is no object."""
    gates: object = history.gates
    if gates is None:
        return {}
    if not isinstance(gates, Mapping):
        raise HistoryError(f"manifest.json: 'gates' must be an object, not {spelt(gates)}")
    return gates
