"""Whether the observer saw enough of the pods to say what they did not do. Judges nothing.

Beside holes (`checks.evidence.blind`) that is: samples too rare to show a state that lasts, samples that leave out what
is asked of them, and a pod that clients had answers from and the observer never had one from.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise

from checks.evidence.operations import writes
from history.history import History
from history.observed import Sample

#: A stretch counts from three samples on; the observer takes 25 a second, a slow one some.
RARE_NS = 500_000_000


def not_seen(history: History) -> str:
    """The first reason why the samples of pods prove nothing, in words; empty where they are as they should be."""
    of: dict[str, list[Sample]] = {}
    for sample in history.samples:
        if sample.kind == "pod":
            of.setdefault(sample.name, []).append(sample)
    acked = writes(history.ops, history.workload)
    busy = set(acked[acked["outcome"] == "ok"]["server"].dropna())
    if len(acked) and not any(one.up for own in of.values() for one in own):
        return "no node ever answered the observer"
    return next((why for name, own in sorted(of.items()) for why in _gaps_of(name, own, busy=name in busy)), "")


def _gaps_of(name: str, own: Sequence[Sample], *, busy: bool) -> Iterator[str]:
    """busy: whether clients had writes acknowledged by this pod."""
    up = [one for one in own if one.up]
    if busy and not up:
        yield f"{name} acknowledged writes, and never answered the observer"
    for what in ("role", "read_only"):
        if any(getattr(one, what) is None for one in up):
            yield f"some answers of {name} to the observer lack its {what}"
    between = [later.at_ns - earlier.at_ns for earlier, later in pairwise(own) if earlier.up and later.up]
    if between and (usual_ns := statistics.median(between)) > RARE_NS:
        yield f"{name} was sampled only every {usual_ns / 1e9:.1f} s"
