"""A step of the waterfall before it is put in order: when it showed, and between which times it came about.

Knows nothing of faults, samples or ops; only that a cause cannot come after its effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When something happened as far as is known: it shows at at_ns, it came about from earliest_ns to latest_ns."""

    at_ns: int | None
    source: str
    earliest_ns: int = 0
    latest_ns: int = 0
    pod: str | None = None
    note: str = ""


def exact(at_ns: int, source: str) -> Moment:
    return Moment(at_ns=at_ns, earliest_ns=at_ns, latest_ns=at_ns, source=source)


def absent(note: str) -> Moment:
    return Moment(at_ns=None, source="", note=note)


def noted(moment: Moment, note: str) -> Moment:
    """The moment with one more note."""
    return replace(moment, note=_join(moment.note, note))


def earlier(one: Moment, other: Moment) -> Moment:
    """The one that shows first; the other, if one has no time."""
    known = [moment for moment in (one, other) if moment.at_ns is not None]
    return min(known, key=lambda moment: moment.at_ns or 0, default=one)


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def in_order(moments: Sequence[Moment]) -> list[Moment]:
    """The moments narrowed so that no step precedes its cause, where the evidence allows it.

    Backwards: a cause seen only after its effect happened by then. Forwards: an effect that began to show before its
    cause did not happen until then. What neither can fix stays as seen, and says so.
    """
    ordered = list(moments)
    known = [i for i, moment in enumerate(ordered) if moment.at_ns is not None]
    for i, following in reversed(list(pairwise(known))):
        for bound in (ordered[following].at_ns, ordered[following].latest_ns):
            ordered[i] = _moved(ordered[i], bound, later=False)
    for previous, i in pairwise(known):
        ordered[i] = _moved(ordered[i], ordered[previous].at_ns, later=True)
        if (ordered[i].at_ns or 0) < (ordered[previous].at_ns or 0):
            ordered[i] = replace(ordered[i], note=_join(ordered[i].note, "observed before its cause; order uncertain"))
    return ordered


def _moved(moment: Moment, bound_ns: int | None, *, later: bool) -> Moment:
    """The moment moved to the bound, if it is on the wrong side of it and can have happened there."""
    if moment.at_ns is None or bound_ns is None or not moment.earliest_ns <= bound_ns <= moment.latest_ns:
        return moment
    if (moment.at_ns >= bound_ns) if later else (moment.at_ns <= bound_ns):
        return moment
    moved_ms = abs(moment.at_ns - bound_ns) / 1e6
    doubt_ms = (moment.latest_ns - moment.earliest_ns) / 1e6
    note = f"first sampled {moved_ms:.0f} ms {'earlier' if later else 'later'} (sampling uncertainty {doubt_ms:.0f} ms)"
    earliest_ns, latest_ns = (bound_ns, moment.latest_ns) if later else (moment.earliest_ns, bound_ns)
    return replace(moment, at_ns=bound_ns, earliest_ns=earliest_ns, latest_ns=latest_ns, note=_join(moment.note, note))
