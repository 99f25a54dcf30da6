"""GTID sets as MySQL writes them: ``uuid:1-5:7,uuid:tag:1-3``. Union, count, inclusion; no difference."""

from __future__ import annotations

from collections.abc import Iterable

#: source (uuid, or uuid:tag) -> intervals [first, last], sorted, apart from each other
GtidSet = dict[str, list[tuple[int, int]]]


def parse(written: str) -> GtidSet:
    """Read a GTID set; raises ValueError where it is none."""
    found: dict[str, list[tuple[int, int]]] = {}
    for entry in filter(None, "".join(written.split()).split(",")):
        uuid, *parts = entry.split(":")
        source = uuid
        for part in parts:
            if part[0].isdigit():
                first, _, last = part.partition("-")
                found.setdefault(source, []).append((int(first), int(last or first)))
            else:
                source = f"{uuid}:{part}"  # a tag; the intervals after it are its own
    return {source: _merged(intervals) for source, intervals in found.items()}


def union(*sets: GtidSet) -> GtidSet:
    sources = {source for one in sets for source in one}
    return {source: _merged(i for one in sets for i in one.get(source, [])) for source in sources}


def count(one: GtidSet) -> int:
    return sum(last - first + 1 for intervals in one.values() for first, last in intervals)


def contains(outer: GtidSet, inner: GtidSet) -> bool:
    return union(outer, inner) == outer


def written(one: GtidSet) -> str:
    """As MySQL reads it."""
    return ",".join(
        ":".join([source, *(f"{first}-{last}" if last > first else str(first) for first, last in intervals)])
        for source, intervals in sorted(one.items())
    )


def _merged(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
