"""Stretches of time, and where they overlap. A span is (start_ns, end_ns) with start < end; lists are in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[int, int]
END_OF_TIME_NS = 2**63 - 1


def union(spans: Iterable[Span]) -> list[Span]:
    """The time covered by any of them, without overlaps."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def intersection(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """The time covered by both; each side without overlaps, in order (see ``union``)."""
    both: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return both


def without(spans: Sequence[Span], gone: Sequence[Span]) -> list[Span]:
    """The time covered by the first but not by the second; both without overlaps, in order."""
    edges = [0, *(edge for span in gone for edge in span), END_OF_TIME_NS]
    kept = list(zip(edges[::2], edges[1::2], strict=True))
    return intersection(spans, [(start, end) for start, end in kept if start < end])


def total_ms(spans: Iterable[Span]) -> float:
    """The length of the time they cover, in milliseconds."""
    return round(sum(end - start for start, end in union(spans)) / 1e6, 3)
