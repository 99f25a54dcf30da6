"""The gates of one run, read with care, so that none can quietly become one that never fails.

Each gate is declared by the check that decides it, or in `checks.noise`; `checks.registry` has them all.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from checks.check import Gate, thresholds
from checks.registry import BY_KEY, DECIDER, GATES
from checks.verdict import Verdict
from history.fields import spelt
from history.history import History
from history.json_files import HistoryError
from history.manifest import seconds_in

REQUIRE = "require"


def required(history: History) -> list[str]:
    """Names of the checks that must be decided for the run to pass (gate ``require``)."""
    names = thresholds(history).get(REQUIRE) or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise HistoryError(f"manifest.json: gate 'require' must be a list of check names, not {spelt(names)}")
    return list(names)


def given(history: History) -> dict[Gate, float | str]:
    """Every threshold of the run but ``require``: a number or a multiple. Raises HistoryError for what is neither."""
    gates = [_known(key) for key in thresholds(history) if key != REQUIRE]
    return {gate: value for gate in gates if (value := gate.threshold(history)) is not None}


def assert_readable(history: History) -> None:
    """Raise HistoryError, before anything is judged, when a gate is unknown or not what it may be, or the run's own are
    not those of its scenario."""
    required(history)
    given(history)
    _assert_as_asked(history)


def _assert_as_asked(history: History) -> None:
    """The manifest has its gates twice: as the scenario says them, and as numbers that are judged."""
    asked, own = history.run.scenario.gates, history.run.gates or {}
    if asked is None:
        return
    wanted = {**{gate.key: asked.get(name) for name, gate in GATES.items()}, REQUIRE: asked.get(REQUIRE)}
    for key, value in wanted.items():
        if not _is_same(value, own.get(key), in_ms=key in BY_KEY and BY_KEY[key].unit == "ms"):
            name = BY_KEY[key].name if key in BY_KEY else key
            told = f"{spelt(own.get(key))}, and 'scenario.gates.{name}' {spelt(value)}"
            raise HistoryError(f"manifest.json: 'gates.{key}' is {told}; expected the same")


def _is_same(asked: object, own: object, *, in_ms: bool) -> bool:
    seconds = seconds_in(asked) if in_ms else None
    if seconds is None or not isinstance(own, int | float):
        return asked == own
    return math.isclose(seconds * 1000, own, rel_tol=1e-6)


def measured(gate: Gate, checks: Mapping[str, Verdict], manifest: Mapping[str, Any]) -> float | None:
    """What was measured, None where nothing was, or not so that its check could decide. checks: by name."""
    if gate.name not in DECIDER:
        return gate.measured(manifest)
    check = checks.get(DECIDER[gate.name].name)
    return gate.measured(check.measured) if check is not None and check.verdict != "unknown" else None


def undecided(history: History, checks: Sequence[Verdict]) -> list[Gate]:
    """The gates of the run for which nothing was measured, and whose check has not failed."""
    by_name = {check.name: check for check in checks}
    failed = {check.name for check in checks if check.verdict == "fail"}
    silent = [gate for gate in given(history) if measured(gate, by_name, history.manifest) is None]
    return [gate for gate in silent if gate.name not in DECIDER or DECIDER[gate.name].name not in failed]


def _known(key: str) -> Gate:
    """The gate of a key of the manifest. Raises HistoryError, with the nearest key, where there is none."""
    if key in BY_KEY:
        return BY_KEY[key]
    near = difflib.get_close_matches(str(key), [*BY_KEY, REQUIRE], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join([*BY_KEY, REQUIRE])}"
    raise HistoryError(f"manifest.json: unknown gate {str(key)[:80]!r}{hint}")
