"""What the control plane would do next, from what it sees and what it remembers. Pure: it looks at no clock and no pod.

A group elects by itself, so there it only notes who leads. Of a source and its replicas it is the one that decides:

- The primary is *suspected* when it has not answered for ``down_after_s``; it is *gone* only when most replicas, which
  notice silence by themselves, do not hear it either. A cut between the control plane and the primary changes nothing.
- Then fence (a majority promises a newer assignment, the old lease runs out), elect, drain, open; `Move` has the steps.
- Whoever else answers must be read-only and follow the primary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cluster.agent.lease import failover_quorum
from cluster.status.status import Status
from cluster.status.views import roles
from cluster.topologies.lookup import replication_of
from cluster.topologies.replication import CanPromote, Replication
from control.state import Move, State
from history import gtid


@dataclass(frozen=True, kw_only=True)
class Seen:
    """status: the newest answer, None when the last question had none. silent_s: how long since the last answer."""

    status: Status | None
    silent_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """down_after_s: silence before a primary is suspected. wait_count: replicas that must have a semi-synchronous
    transaction before it is acknowledged."""

    kind: str
    down_after_s: float = 1.0
    wait_count: int = 1

    @property
    def replication(self) -> Replication:
        return replication_of(self.kind)


@dataclass(frozen=True)
class Action:
    """One deed. hold: there should be a failover and there cannot be, for this reason."""

    verb: Literal["suspect", "hold", "begin", "promise", "elect", "drain", "undo", "open", "fence", "attach"]
    pod: str | None = None
    reason: str = ""


def decide(seen: Mapping[str, Seen], state: State, rules: Rules, *, now_ns: int) -> list[Action]:
    """The deeds that are due, in order. now_ns: CLOCK_MONOTONIC."""
    if not isinstance(rules.replication, CanPromote):
        return []
    move = state.move
    if move is None or move.step == "open":
        return _lead(seen, state, rules)
    if move.step == "fence":
        # a switchover runs in one go: one that is found half done was interrupted
        return [Action("undo" if move.why == "switchover" else "promise", move.old)]
    if move.step == "drain" and move.candidate and _can_drain(seen.get(move.candidate), move, rules):
        return [Action("drain", move.candidate)]
    if now_ns < move.lease_ends_ns:
        return []
    reason = _cannot_elect(seen, state, rules)
    return [Action("hold", move.old, reason)] if reason else [Action("elect", move.old)]


def _lead(seen: Mapping[str, Seen], state: State, rules: Rules) -> list[Action]:
    primary, move = state.assignment.primary, state.move
    if primary is None or primary not in seen:
        return []
    status = seen[primary].status
    if status is None:
        if not _lost(seen[primary], rules) or (move is not None and move.why == "boot"):
            return []
        reason = still_needed(seen, state, rules)
        return [Action("suspect", primary), Action("hold", primary, reason) if reason else Action("begin", primary)]
    if status.read_only or move is not None:
        return [Action("open", primary)]
    return [action for name in seen if name != primary and (action := _subordinate(name, seen, state))]


def _subordinate(name: str, seen: Mapping[str, Seen], state: State) -> Action | None:
    status = seen[name].status
    if status is None:
        return None
    if not status.read_only:
        return Action("fence", name)
    # a receiver that is connecting tries again by itself; to attach it would stop its applier and drop what it received
    follows = status.source == state.assignment.primary and status.state in ("ONLINE", "CONNECTING")
    if name in state.assignment.quarantined or follows:
        return None
    return Action("attach", name)


def still_needed(seen: Mapping[str, Seen], state: State, rules: Rules) -> str:
    """Why a silent primary is not to be replaced; empty when it is gone."""
    primary = state.assignment.primary
    for electorate in state.electorates:
        replicas = [name for name in electorate if name != primary and name not in state.assignment.quarantined]
        answering = {name: one.status for name in replicas if (one := seen.get(name)) and one.status}
        hearing = [name for name, one in answering.items() if one.source == primary and one.receiving]
        if not replicas:
            return "there is no replica to fail over to"
        if len(answering) - len(hearing) < failover_quorum(len(replicas) + 1):
            if hearing:
                return f"{', '.join(hearing)} still reach{'es' if len(hearing) == 1 else ''} the primary"
            return f"only {len(answering)} of {len(replicas)} replicas answer"
    return _cannot_elect(seen, state, rules)


def _cannot_elect(seen: Mapping[str, Seen], state: State, rules: Rules) -> str:
    return cannot_elect({name: one.status for name, one in seen.items()}, state, rules)


def cannot_elect(statuses: Mapping[str, Status | None], state: State, rules: Rules) -> str:
    """Why no new primary can be chosen without risking what was acknowledged; empty when one can.

    A replica whose applier has stopped shows nothing of what it has received, so it is no witness of it either.
    """
    old = state.move.old if state.move else state.assignment.primary
    able = [name for name in state.assignment.pods if name not in state.assignment.quarantined]
    replicas = [name for name in able if name != old]
    answering = {name: status for name in able if (status := statuses.get(name))}
    if not answering:
        return "no node that could become primary answers"
    witnesses = [name for name, status in answering.items() if status.state != "ERROR"]
    needed = len(replicas) - rules.wait_count + 1
    if rules.replication.guarantee == "replica" and old not in answering and len(witnesses) < needed:
        return (
            f"an acknowledged transaction may be on any {rules.wait_count} of {len(replicas)} replicas, and only "
            f"{len(witnesses)} answer and apply"
        )
    return ""


def _can_drain(one: Seen | None, move: Move, rules: Rules) -> bool:
    """Whether the candidate may still get there: it answers, and applies or has nothing left to apply."""
    if one is None or _lost(one, rules):
        return False
    if one.status is None or one.status.state != "ERROR":
        return True
    return gtid.contains(gtid.parse(one.status.gtid_executed), gtid.parse(move.received))


def _lost(one: Seen | None, rules: Rules) -> bool:
    return one is None or (one.status is None and one.silent_s >= rules.down_after_s)


def elected(seen: Mapping[str, Seen]) -> tuple[str, ...] | None:
    """Who takes writes in a group, as most of all its pods see it; None when there are not most that agree on who
    is a member in which role, or on whether any primary is there.

    A member that is no pod of ours, because it joins before it is registered or leaves after it was forgotten, leads
    nobody.
    """
    views = [one.status.view for one in seen.values() if one.status and one.status.in_service]
    agreed = next((own for own in map(roles, views) if sum(roles(view) == own for view in views) * 2 > len(seen)), None)
    if agreed is None:
        return None
    parts = [view for view in views if roles(view) == agreed]
    named = [name for name, role in agreed.items() if role == "PRIMARY"]
    there = [name for name in named if sum(view[name] == "ONLINE/PRIMARY" for view in parts) * 2 > len(seen)]
    gone = [name for name in named if sum(view[name] != "ONLINE/PRIMARY" for view in parts) * 2 > len(seen)]
    if not there and len(gone) < len(named):
        return None
    return tuple(sorted(name for name in there if name in seen and _bears_out(seen[name], agreed)))


def _bears_out(one: Seen, agreed: Mapping[str, str]) -> bool:
    """Whether a leader does not contradict the others; one that we do not hear contradicts nobody."""
    return one.status is None or (one.status.writable and roles(one.status.view) == agreed)


def pools(
    seen: Mapping[str, Seen], state: State, rules: Rules, *, before: tuple[list[str], list[str]]
) -> tuple[list[str], list[str]]:
    """The pods that may serve writes, and reads. before: what was published last.

    Who does not answer stays as it was: it may be only the control plane that does not hear it, and the proxies' own
    checks look at every pod.
    """
    assignment = state.assignment
    out = {*assignment.quarantined, *assignment.draining}
    several = rules.replication.multi_primary
    if rules.replication.elects_by_itself:
        write = [name for name in state.leaders if name not in out or not several]
    else:
        leading = assignment.primary if state.move is None else None
        known = seen[leading].status if leading is not None and leading in seen else None
        write = [leading] if leading is not None and not (known and known.read_only) else []
    if len(assignment.pods) == 1:
        return write, write
    read = []
    for name in assignment.pods:
        status = seen[name].status if name in seen else None
        if name in out or (name in write and not several):
            continue
        if (name in before[1]) if status is None else _reads(status, state, rules):
            read.append(name)
    return write, read


def _reads(status: Status, state: State, rules: Rules) -> bool:
    if rules.replication.elects_by_itself:
        return status.in_service and (status.role == "replica" or rules.replication.multi_primary)
    followed = state.assignment.primary
    return status.in_service and status.source is not None and followed in (None, status.source)
