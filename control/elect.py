"""Which replica is to lead: the one that has received most, provided that it lacks nothing that another has."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.status.status import Status
from control.rules import Seen
from control.state import State
from history import gtid


def offer(status: Status) -> gtid.GtidSet:
    """What a pod would have as primary: executed, and received as long as it applies (state ERROR: it does not)."""
    executed = gtid.parse(status.gtid_executed)
    return executed if status.state == "ERROR" else gtid.union(executed, gtid.parse(status.received))


def choose(offers: Mapping[str, gtid.GtidSet], state: State) -> str:
    """The pod to promote; raises ValueError where there is no offer.

    Among equals: rather one that is not about to leave, rather not the primary that was just given up, then by name.
    Where none has all that the others have, the one with most transactions; the others' own will be found errant.
    """
    old = state.move.old if state.move else None

    def rank(name: str) -> tuple[bool, int, bool, bool, str]:
        complete = all(gtid.contains(offers[name], other) for other in offers.values())
        return not complete, -gtid.count(offers[name]), name in state.assignment.draining, name == old, name

    return min(offers, key=rank)


def would_lead(seen: Mapping[str, Seen], state: State) -> str | None:
    """The pod that is to lead next: the candidate of the move under way, else whom `choose` would take now."""
    if state.move is not None and state.move.candidate is not None:
        return state.move.candidate
    out = {state.assignment.primary, state.move.old if state.move else None, *state.assignment.quarantined}
    offers = {name: offer(one.status) for name, one in seen.items() if one.status is not None and name not in out}
    return choose(offers, state) if offers else None
