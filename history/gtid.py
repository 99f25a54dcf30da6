"""GTID sets as MySQL writes them: ``uuid[:tag]:1-3:5[,uuid…]``, whatever their spacing, case and order.

MySQL reference manual, "GTID Format and Storage". The one place that reads them: the control plane (in its pod, hence
the standard library only), the checks and ``meshbench status`` all take a set from here. There is no difference of two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

#: Source (``uuid``, or ``uuid:tag``) -> intervals (first, last), ascending, apart from each other.
GtidSet = Mapping[str, tuple[tuple[int, int], ...]]

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TAG = "[a-z_][a-z0-9_]{0,31}"
#: MySQL's largest number of a transaction.
NUMBER_MAX = 2**63 - 2

_INTERVAL = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?", re.ASCII)


def parse(written: str) -> GtidSet:
    """The set that a server writes. Whether a source is a UUID is not looked at. Raises ValueError where it is none."""
    found: dict[str, list[tuple[int, int]]] = {}
    for entry in filter(None, "".join(written.split()).lower().split(",")):
        uuid, *parts = entry.split(":")
        if not uuid or not parts or re.fullmatch(TAG, parts[-1]):
            raise ValueError(f"{entry:.80} is no GTID")
        source = uuid
        for part in parts:
            if re.fullmatch(TAG, part):
                source = f"{uuid}:{part}"  # the intervals after it are its own
            else:
                found.setdefault(source, []).append(_interval(part))
    return {source: _merged(intervals) for source, intervals in found.items()}


def read(value: object) -> GtidSet | None:
    """The set of a record that anybody may have written, or None when the value is none."""
    try:
        found = parse(value) if isinstance(value, str) else None
    except ValueError:
        return None
    sources = [source.partition(":")[0] for source in found or ()]
    return found if all(re.fullmatch(UUID, source) for source in sources) else None


def union(*sets: GtidSet) -> GtidSet:
    sources = {source for each in sets for source in each}
    return {source: _merged(pair for each in sets for pair in each.get(source, ())) for source in sources}


def count(transactions: GtidSet) -> int:
    return sum(last - first + 1 for intervals in transactions.values() for first, last in intervals)


def contains(outer: GtidSet, inner: GtidSet) -> bool:
    return union(outer, inner) == outer


def written(transactions: GtidSet) -> str:
    """As MySQL reads it."""
    return ",".join(
        ":".join([source, *(f"{first}-{last}" if last > first else str(first) for first, last in intervals)])
        for source, intervals in sorted(transactions.items())
    )


def _interval(text: str) -> tuple[int, int]:
    bounds = _INTERVAL.fullmatch(text)
    if bounds is None:
        raise ValueError(f"{text:.80} is no interval of a GTID set")
    first, last = int(bounds[1]), int(bounds[2] or bounds[1])
    if not 1 <= first <= last <= NUMBER_MAX:
        raise ValueError(f"{text} is no interval of a GTID set")
    return first, last


def _merged(intervals: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
