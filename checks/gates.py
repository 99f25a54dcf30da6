"""The gates of one run, read with care, so that none can quietly become one that never fails.

Each gate is declared by the check that decides it, or in `checks.noise`; `checks.registry` has them all.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from checks.check import Gate, thresholds
from checks.registry import BY_KEY, DECIDER
from checks.verdict import Verdict
from history.fields import spelt
from history.history import History, HistoryError

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
    """Raise HistoryError, before anything is judged, when a gate is unknown or not what it may be."""
    required(history)
    given(history)


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
