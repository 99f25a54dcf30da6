"""What the manifest says a cluster was made of, with the answer for a folder that does not say. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from history.history import History

#: Kinds that replicate from a source to replicas, in which only the control plane elects a primary.
SOURCE_REPLICA = frozenset({"async", "semisync"})
#: Kinds in which one pod takes writes, however many there are.
ONE_PRIMARY = SOURCE_REPLICA | {"single", "group"}


def primaries(history: History) -> int:
    """How many pods are meant to be primary at once: 1 unless the manifest says otherwise, of a kind that has more."""
    kind = _section(history, "topology").get("kind")
    if isinstance(kind, str) and kind in ONE_PRIMARY:
        return 1
    return _number(history, "primaries") or 1


def pods_at_end(history: History) -> int | None:
    """How many pods there are meant to be at the end, after scale-out and scale-in; None if nothing says so."""
    at_end = _number(history, "pods_at_end")
    return _number(history, "pods") if at_end is None else at_end


def kind(history: History) -> str | None:
    """How its pods replicate, such as ``semisync``; None where nothing says so."""
    found = _section(history, "topology").get("kind")
    return found if isinstance(found, str) else None


def source_replica(history: History) -> bool:
    return _section(history, "topology").get("kind") in SOURCE_REPLICA


def group(history: History) -> bool:
    return str(_section(history, "topology").get("kind")).startswith("group")


def direct(history: History) -> bool:
    """Whether clients reached the pods without a proxy."""
    return _section(history, "mesh").get("mode") == "direct"


def proxy(history: History) -> bool:
    """Whether the manifest names a proxy that clients went through."""
    return isinstance(_section(history, "mesh").get("proxy"), str)


def _section(history: History, name: str) -> Mapping[str, Any]:
    section = history.manifest.get(name)
    return section if isinstance(section, Mapping) else {}


def _number(history: History, name: str) -> int | None:
    value = _section(history, "topology").get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
