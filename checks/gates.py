"""The thresholds of a run, read with care: a gate that is not a number must not quietly become one that never fails.

Does not know which gates exist; each check names its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from checks.history import History, HistoryError


def gate(history: History, name: str) -> float | None:
    """The threshold ``name`` (unit last in the name), or None where the scenario sets none.

    Raises HistoryError when it is there but not a finite number.
    """
    value = _gates(history).get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise HistoryError(f"manifest.json: gate {name!r} must be a number, not {value!r}")
    return value


def required(history: History) -> list[str]:
    """Names of the checks that must be decided for the run to pass (gate ``require``)."""
    names = _gates(history).get("require") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise HistoryError(f"manifest.json: gate 'require' must be a list of check names, not {names!r}")
    return list(names)


def assert_readable(history: History) -> None:
    """Raise HistoryError, before anything is judged, when a gate is not a finite number."""
    required(history)
    for name in _gates(history):
        if name != "require":
            gate(history, name)


def _gates(history: History) -> Mapping[str, object]:
    gates: object = history.gates
    if gates is None:
        return {}
    if not isinstance(gates, Mapping):
        raise HistoryError(f"manifest.json: 'gates' must be an object, not {gates!r}")
    return gates
