"""What judging and reporting take from manifest.json, checked before it is used.

A part that is missing, or is no object at all, is as good as absent: then the run says less. A number that is none, in
a part that is there, is refused, because a limit that cannot be held against it would quietly be kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from checks.json_files import HistoryError

_NUMBERS = (
    ("boot_s",),
    ("load", "cpu_s"),
    ("load", "offered"),
    ("load", "overflow"),
    ("load", "connections_opened"),
    ("host", "steal_percent"),
    ("host", "cpu_pressure_percent"),
    ("host", "foreign_cpu_percent"),
)
_WHOLES = (("topology", "pods"), ("topology", "pods_at_end"), ("topology", "primaries"))
_TABLES_OF_NUMBERS = (("load", "lateness_ms"), ("durations_s",))
_TEXTS = (("scenario", "name"), ("started_at",))


def assert_readable(manifest: Mapping[str, Any], *, name: str = "manifest.json") -> None:
    """Raise HistoryError when a value that is used later is not of its kind. name: the file, for the message."""
    for path in _NUMBERS:
        _require(name, path, _at(manifest, path), "a number from 0 up", _is_number)
    for path in _WHOLES:
        _require(name, path, _at(manifest, path), "a whole number from 0 up", lambda one: _is_whole(one) and one >= 0)
    for path in _TABLES_OF_NUMBERS:
        table = _at(manifest, path)
        _require(name, path, table, "an object of numbers", lambda value: isinstance(value, dict))
        for key, value in (table or {}).items():
            _require(name, (*path, key), value, "a number from 0 up", _is_number)
    for path in _TEXTS:
        _require(name, path, _at(manifest, path), "text", lambda value: isinstance(value, str))
    seed, command = manifest.get("seed"), manifest.get("command")
    _require(name, ("seed",), seed, "a whole number", _is_whole)
    _require(name, ("command",), command, "a list of words", _is_words)


def _at(manifest: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = manifest
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _require(name: str, path: tuple[str, ...], value: Any, kind: str, is_kind: Any) -> None:
    if value is not None and not is_kind(value):
        raise HistoryError(f"{name}: {'.'.join(path)!r} must be {kind}, not {str(value)[:80]!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)
