"""The rules by which an agent may call its pod primary, and by which the control plane may put another in its place.

Both count agents. A primary keeps its lease while it hears the control plane, or `lease_quorum` of the others, none of
whom knows of a newer assignment. The control plane moves on once `failover_quorum` of the others have promised a newer
one and LEASE_S have passed. The two add up to one more than there are others, so they have a pod in common, and the
rules exclude each other: at no moment are there two primaries that hold a lease.

Everything here is counted from when a question was *sent*: the answer is at least as old as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cluster.agent.assignment import Assignment
from cluster.status.views import see_alike

LEASE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One answer: when its question was sent (CLOCK_MONOTONIC seconds), the version known and the view seen there."""

    sent_s: float
    version: int
    view: Mapping[str, str] = field(default_factory=dict)


def lease_quorum(pods: int) -> int:
    """How many of the other pods must be heard: half of them, rounded up."""
    return pods // 2


def failover_quorum(pods: int) -> int:
    """How many of the other pods must agree that the primary is gone, and promise: more than half of them."""
    return (pods - 1) // 2 + 1


def lease_from(
    own: str, assignment: Assignment, *, control: Heard | None, peers: Mapping[str, Heard], now_s: float
) -> bool:
    """Whether the pod that this assignment names may act on it."""
    if assignment.primary != own:
        return False
    others = [heard for name, heard in peers.items() if name in assignment.pods and name != own]
    if any(heard.version > assignment.version for heard in [*peers.values(), *([control] if control else [])]):
        return False
    if control is not None and control.version == assignment.version and _fresh(control, now_s):
        return True
    return _count(others, now_s) >= lease_quorum(len(assignment.pods))


def agreement(own: str, view: Mapping[str, str], *, peers: Mapping[str, Heard], now_s: float) -> bool:
    """Whether a majority of the members of a group's view, this pod included, are in one group with it, and nobody
    reports that most of them have gone on without it."""
    if any(_fresh(heard, now_s) and _moved_on(own, view, heard.view) for heard in peers.values()):
        return False
    alike = 1 + sum(
        1
        for name, heard in peers.items()
        if name in view and name != own and _fresh(heard, now_s) and see_alike(own, view, name, heard.view)
    )
    return own in view and alike * 2 > len(view)


def _moved_on(own: str, view: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether another view is of most of this one's members, without this pod."""
    return own not in other and len(view.keys() & other.keys()) * 2 > len(view)


def needs_fencing(*, read_only: bool, assignment: Assignment, leased: bool) -> bool:
    """Whether an agent must make its mysqld read-only: it takes writes and may not. Before the first assignment there
    is no primary, so no fencing is needed."""
    return not read_only and assignment.version > 0 and not leased


def _fresh(heard: Heard, now_s: float) -> bool:
    return now_s - heard.sent_s <= LEASE_S


def _count(heard: Iterable[Heard], now_s: float) -> int:
    return sum(1 for one in heard if _fresh(one, now_s))
