"""What judging and reporting take from manifest.json, checked before it is used.

Everything in it may be missing or null: then the run says less. What is there and not of its kind is refused, because
a limit that cannot be held against it would quietly be kept; so is what contradicts itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from history.fields import (
    COUNT,
    FLAG,
    LIST,
    NUMBER,
    OBJECT,
    TEXT,
    TEXT_OR_OBJECT,
    TIME,
    WHOLE,
    WORDS,
    Kind,
    spelt,
    taken_if_there,
)
from history.json_files import HistoryError
from history.vocabulary import OPERATIONS_OF, is_own, workload_name

#: Place of a value -> its kind. "*" stands for every key, or every item of a list.
_KINDS: Mapping[tuple[str, ...], Kind] = {
    ("scenario",): OBJECT,
    ("scenario", "name"): TEXT,
    ("scenario", "teaches"): TEXT,
    **{("scenario", part): TEXT_OR_OBJECT for part in ("topology", "mesh", "workload")},
    ("scenario", "workload", "name"): TEXT,
    ("scenario", "mysql"): OBJECT,
    ("scenario", "mysql", "config"): OBJECT,
    ("scenario", "load"): OBJECT,
    ("scenario", "gates"): OBJECT,
    ("scenario", "faults"): LIST,
    ("scenario", "faults", "*"): OBJECT,
    ("scenario", "faults", "*", "fault"): TEXT,
    ("gates",): OBJECT,
    ("workload",): OBJECT,
    **{("workload", name): WORDS for name in ("operations", "reads", "refusals")},
    ("workload", "keyed"): FLAG,
    ("seed",): WHOLE,
    ("command",): WORDS,
    ("started_at",): TEXT,
    ("boot_s",): NUMBER,
    ("monotonic_zero_unix_ns",): WHOLE,
    ("durations_s",): OBJECT,
    ("durations_s", "*"): NUMBER,
    ("topology",): OBJECT,
    ("topology", "kind"): TEXT,
    **{("topology", name): COUNT for name in ("pods", "pods_at_end", "primaries")},
    ("mesh",): OBJECT,
    **{("mesh", name): TEXT for name in ("mode", "proxy", "routing")},
    ("host",): OBJECT,
    **{("host", name): NUMBER for name in ("steal_percent", "cpu_pressure_percent", "foreign_cpu_percent")},
    ("load",): OBJECT,
    **{("load", name): NUMBER for name in ("cpu_s", "connections_opened")},
    **{
        ("load", name): COUNT
        for name in ("offered", "ok", "fail", "unknown", "refused", "overflow", "expired", "in_flight")
    },
    **{("load", name): COUNT for name in ("retries", "task_errors")},
    ("load", "zero_ns"): TIME,
    ("load", "complete"): FLAG,
    ("load", "dead"): WORDS,
    ("load", "unrecorded"): WORDS,
    ("load", "task_error"): TEXT,
    ("load", "exit_codes"): OBJECT,
    ("load", "exit_codes", "*"): WHOLE,
    ("load", "locustfile"): OBJECT,
    **{("load", "locustfile", name): TEXT for name in ("exit_said", "ended_by", "listener_error")},
    **{("load", "locustfile", name): NUMBER for name in ("lasted_s", "asked_s")},
    **{("load", "locustfile", name): COUNT for name in ("listener_errors", "renamed_requests")},
    ("load", "locustfile", "exit_code"): WHOLE,
    ("load", "locustfile", "users"): OBJECT,
    **{("load", "locustfile", "users", name): COUNT for name in ("started", "ended", "broke")},
    ("load", "locustfile", "users", "why"): TEXT,
    ("load", "locustfile", "users", "last_s"): NUMBER,
    ("load", "locustfile", "refused_requests"): OBJECT,
    ("load", "locustfile", "refused_requests", "*"): COUNT,
    ("load", "locustfile", "shape"): OBJECT,
    ("load", "lateness_ms"): OBJECT,
    ("load", "lateness_ms", "*"): NUMBER,
    ("load", "rows"): OBJECT,
    ("load", "rows", "*"): COUNT,
    ("load_model",): OBJECT,
    ("load_model", "loop"): TEXT,
    **{(name,): OBJECT for name in ("versions", "images", "variables")},
    ("variables", "*"): OBJECT,
    ("missing",): LIST,
    ("missing", "*"): OBJECT,
    **{("missing", "*", name): TEXT for name in ("what", "why")},
    ("notes",): WORDS,
}
#: Kinds in which several pods take writes.
_MULTI = frozenset({"group-multi"})


def assert_readable(manifest: Mapping[str, Any], *, name: str = "manifest.json") -> None:
    """Raise HistoryError when a value that is used later is not of its kind. name: the file, for the message."""
    for path, kind in _KINDS.items():
        _require(manifest, path, kind, name)
    workload = workload_name(manifest)
    known = workload is None or workload in OPERATIONS_OF or is_own(workload) or bool(manifest.get("workload"))
    if not known:
        expected = f"one of {', '.join(OPERATIONS_OF)}, path/to/file.py:ClassName, or the path of a locustfile"
        raise HistoryError(f"{name}: 'scenario.workload.name' must be {expected}, not {spelt(workload)}")
    _require_sums(manifest.get("load") or {}, name)
    _require_one_story(manifest, name)


def _require(value: Any, path: tuple[str, ...], kind: Kind, place: str, *, there: tuple[str, ...] = ()) -> None:
    """Hold the values at a path against their kind; what is missing on the way, or no object, is not there."""
    step, *rest = path
    if step == "*":
        items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        keys: list[Any] = [key for key, _ in items]
    else:
        keys = [step] if isinstance(value, Mapping) and step in value else []
    for key in keys:
        below = (*there, str(key))
        if rest:
            _require(value[key], tuple(rest), kind, place, there=below)
        else:
            taken_if_there({".".join(below): value[key]}, ".".join(below), kind, place=place)


def _require_sums(load: Mapping[str, Any], place: str) -> None:
    """What the generator counted is part of what it offered. What expired need not have failed: an earlier attempt
    may have happened."""
    counts = {key: value for key, value in load.items() if isinstance(value, int)}
    for whole, parts in (("offered", ("ok", "fail", "unknown")), ("fail", ("overflow", "refused"))):
        together = sum(counts.get(part, 0) for part in parts)
        if whole in counts and together > counts[whole]:
            told = ", ".join(f"{part} {counts[part]}" for part in parts if part in counts)
            raise HistoryError(f"{place}: 'load.{whole}' is {counts[whole]}, and of these are {told}")
    if "offered" in counts and counts.get("overflow", 0) > counts["offered"]:
        raise HistoryError(f"{place}: 'load.overflow' is {counts['overflow']}, of {counts['offered']} offered")


def _require_one_story(manifest: Mapping[str, Any], place: str) -> None:
    """What the scenario asked for and what the run says it was are the same where both are told."""
    asked = manifest.get("scenario") or {}
    for part, word, names in (("topology", "kind", ("kind", "pods")), ("mesh", "mode", ("mode", "proxy"))):
        wanted, was = asked.get(part), manifest.get(part) or {}
        wanted = {word: wanted} if isinstance(wanted, str) else wanted or {}
        for name in names:
            if part == "mesh" and isinstance(asked.get(part), str):
                continue  # a shorthand may name the mode or the proxy
            if None not in (wanted.get(name), was.get(name)) and wanted[name] != was[name]:
                told = f"{spelt(was[name])}, and 'scenario.{part}.{name}' {spelt(wanted[name])}"
                raise HistoryError(f"{place}: '{part}.{name}' is {told}; expected the same")
    topology = manifest.get("topology") or {}
    kind, primaries = topology.get("kind"), topology.get("primaries")
    if kind is not None and kind not in _MULTI and (primaries or 0) > 1:
        raise HistoryError(f"{place}: 'topology.primaries' is {primaries}, but kind {kind} has one primary")
