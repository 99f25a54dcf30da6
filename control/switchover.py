"""Planned change of primary, without losing what was acknowledged: close the old one, let the new one apply all of it,
open that. Where it does not come to its end in time, the old one is opened again.

A group does all of this by itself, when asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from cluster.session import connect
from cluster.status.poller import UNREACHABLE
from cluster.topologies.replication import CanHandOver
from cluster.wait import WaitTimeoutError, wait_until
from control.failover_steps import Deeds
from control.rules import Seen
from control.settings import USER, Plan
from control.state import Move, State, Store
from history import gtid


class RefusedError(Exception):
    """What was asked for cannot be done; the message says why."""


def target(to: str | None, seen: Mapping[str, Seen], state: State) -> str:
    """The pod to switch to: the one asked for, else the replica that has executed most; raises RefusedError."""
    assignment = state.assignment
    primary = assignment.primary
    if state.move is not None or primary is None:
        raise RefusedError("there is no settled primary right now")
    if to is not None and to not in assignment.pods:
        raise RefusedError(f"{to} is not a pod of this cluster; pods: {', '.join(assignment.pods)}")
    if to == primary:
        raise RefusedError(f"{to} is the primary already")
    if to is not None and to in assignment.quarantined:
        raise RefusedError(f"{to} is quarantined: {assignment.quarantined[to]}")
    out = {primary, *assignment.quarantined, *assignment.draining}
    able = [
        name
        for name, one in seen.items()
        if name not in out and one.status is not None and one.status.in_service and one.status.read_only
    ]
    if to is not None and to not in able:
        raise RefusedError(f"{to} is not a replica in service")
    if not able:
        raise RefusedError("no replica is in service")
    executed = {name: gtid.count(gtid.parse(one.status.gtid_executed)) for name in able if (one := seen[name]).status}
    return to or min(able, key=lambda name: (-executed[name], name))


def switch(
    to: str | None,
    *,
    seen: Mapping[str, Seen],
    store: Store,
    deeds: Deeds,
    publish: Callable[[], None],
    timeout_s: float,
) -> str:
    """Source and replicas: switch over and return the new primary; raises RefusedError, with the old one to be opened
    again by the rules in `decide`."""
    candidate = target(to, seen, store.state)
    state = store.state
    old = state.assignment.primary
    assert old is not None
    deadline_s = time.monotonic() + timeout_s
    store.log("switchover_started", candidate, old=old)
    move = Move(why="switchover", step="fence", old=old, candidate=candidate)
    # the old one keeps its lease, so that its agent does not fence it at the same time: it is closed, and that suffices
    store.save(replace(state, move=move))
    publish()
    try:
        deeds.fence(old)
        executed = deeds.executed(old)
        if not deeds.catch_up(candidate, executed, timeout_s=max(0.1, deadline_s - time.monotonic())):
            raise RefusedError(f"{candidate} did not catch up with {old} in {timeout_s:g} s")
    except (*UNREACHABLE, RefusedError) as error:
        deeds.undo()
        raise RefusedError(str(error)) from None
    store.save(
        replace(state.assign(new_epoch=True, primary=candidate), move=replace(move, step="open", received=executed))
    )
    try:
        deeds.open(candidate)
    except UNREACHABLE as error:
        # it has been named: that is not undone, the rules open it as soon as it answers or replace it
        raise RefusedError(f"{candidate} is the new primary but could not be made writable yet: {error}") from None
    publish()
    store.log("switchover_done", candidate, old=old)
    return candidate


def ask_nodes(
    to: str | None,
    *,
    replication: CanHandOver,
    plan: Plan,
    seen: Mapping[str, Seen],
    store: Store,
    timeout_s: float,
) -> str:
    """Have the nodes elect this one, and wait until it takes writes; raises RefusedError."""
    candidate = target(to, seen, store.state)
    pods = store.state.assignment.pods
    old = store.state.assignment.primary
    store.log("switchover_started", candidate, old=old)
    try:
        with connect(host=pods[candidate], user=USER, password=plan.password, timeout_s=timeout_s) as connection:
            replication.hand_over(connection, timeout_s=timeout_s)
        wait_until(
            f"{candidate} takes writes", lambda: store.state.leaders == (candidate,), timeout_s=timeout_s, poll_s=0.02
        )
    except (*UNREACHABLE, WaitTimeoutError) as error:
        raise RefusedError(str(error)) from None
    store.log("switchover_done", candidate, old=old)
    return candidate
