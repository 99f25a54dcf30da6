"""What the observer and the control plane of a made-up run wrote down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from history.history import OBSERVED_SCHEMA
from tests.checks.altered.folders import Row

if TYPE_CHECKING:
    from tests.checks.altered.bases import Story

PERIOD_MS = 50
BEGIN_MS, END_MS = -500, 12_500
#: The primary's death, and when others saw it and a new one was chosen.
KILL_MS, SEEN_MS, CHOSEN_MS = 3_000, 3_500, 4_000


@dataclass(frozen=True, kw_only=True)
class Sight:
    """at_ns: a moment of the load as CLOCK_MONOTONIC. executed: the GTID set at a time."""

    story: Story
    at_ns: Callable[[float], int]
    executed: Callable[[int], str]


def observed(sight: Sight) -> pa.Table:
    """One sample of every pod and of the gateway each PERIOD_MS."""
    rows: list[Row] = []
    for now_ms in range(BEGIN_MS, END_MS, PERIOD_MS):
        executed = sight.executed(sight.at_ns(now_ms))
        for number, pod in enumerate(sight.story.pods):
            shown = _pod(sight.story, pod, now_ms)
            own = {"gtid_executed": executed, "up": True, **shown} if shown else {"up": False}
            rows.append(_row(sight.at_ns(now_ms + number), "pod", pod, own))
        endpoints = json.dumps(_endpoints(sight.story, now_ms))
        rows.append(_row(sight.at_ns(now_ms + 4), "proxy", "gateway", {"up": True, "endpoints": endpoints}))
    return pa.Table.from_pylist(rows, schema=OBSERVED_SCHEMA)


def _row(at_ns: int, kind: str, name: str, shown: Row) -> Row:
    return dict.fromkeys(OBSERVED_SCHEMA.names) | {"at_ns": at_ns, "kind": kind, "name": name} | shown


def _pod(story: Story, pod: str, now_ms: float) -> Row | None:
    """What a pod says, None when it does not answer."""
    primary: Row = {"role": "primary", "read_only": False}
    replica: Row = {"role": "replica", "read_only": True}
    returned_ms = story.healed_ms + 700
    if story.topology == "single":
        return None if KILL_MS <= now_ms < returned_ms else {**primary, "state": None}
    if pod == "node1":
        if now_ms < KILL_MS:
            return {**primary, "state": "ONLINE", "view": _view(story, pod, now_ms)}
        if now_ms < returned_ms:
            return None
        joining = "RECOVERING" if story.topology == "group" else "CONNECTING"
        state = "ONLINE" if now_ms >= story.clean_ms - 300 else joining
        return {**replica, "state": state, "view": _view(story, pod, now_ms)}
    leads = pod == story.leader and now_ms >= CHOSEN_MS
    lost = story.topology == "async" and KILL_MS + 50 <= now_ms < CHOSEN_MS
    state = "CONNECTING" if lost else "ONLINE"
    return {**(primary if leads else replica), "state": state, "view": _view(story, pod, now_ms)}


def _view(story: Story, pod: str, now_ms: float) -> str:
    leader = "node1" if now_ms < CHOSEN_MS else story.leader
    if story.topology == "async":
        return json.dumps({leader: "ONLINE/PRIMARY"})
    view = {one: "ONLINE/PRIMARY" if one == leader else "ONLINE/SECONDARY" for one in story.pods}
    if SEEN_MS <= now_ms < CHOSEN_MS:
        view["node1"] = "UNREACHABLE/PRIMARY"
    elif CHOSEN_MS <= now_ms < story.healed_ms + 700:
        del view["node1"]
    elif CHOSEN_MS <= now_ms < story.clean_ms - 300:
        view["node1"] = "RECOVERING/SECONDARY"
    return json.dumps(view)


def _endpoints(story: Story, now_ms: float) -> Row:
    if now_ms < SEEN_MS:
        leader, readers = "node1", set(story.pods) - {"node1"}
    elif now_ms < story.back_ms - 100:
        leader, readers = "", set(story.pods) - {"node1"}
    else:
        leader = story.leader
        readers = set(story.pods) - {leader} - (set() if now_ms > story.clean_ms else {"node1"})

    def pool(healthy: set[str]) -> dict[str, Any]:
        return {pod: {"healthy": pod in healthy, "connections": 2 * (pod in healthy), "cut": 0} for pod in story.pods}

    return {"write": pool({leader}), "read": pool(readers or {leader})}


def decisions(sight: Sight) -> list[Row]:
    """Of the control plane, with replicas and in a group."""
    lines: list[Row] = []

    def decide(at_ms: float, event: str, epoch: int, pod: str | None = None, **detail: Any) -> None:
        lines.append({"at_ns": sight.at_ns(at_ms), "event": event, "epoch": epoch, "pod": pod, "detail": detail})

    before, died = sight.executed(sight.at_ns(KILL_MS - 500)), sight.executed(sight.at_ns(CHOSEN_MS))
    decide(-9_000, "started", 1, primary=None)
    decide(-8_990, "published", 1, write=[], read=[])
    decide(-5_000, "promoted", 1, "node1", why="boot")
    decide(-4_990, "published", 1, write=["node1"], read=["node2", "node3"])
    if sight.story.topology == "async":
        decide(SEEN_MS, "primary_suspected", 1, "node1")
        decide(SEEN_MS + 10, "primary_gone", 1, "node1")
        decide(SEEN_MS + 20, "published", 2, write=[], read=[])
        decide(SEEN_MS + 30, "fenced", 2, "node1", promised=["node2", "node3"], lease_wait_s=0.0)
        decide(CHOSEN_MS - 50, "candidate_chosen", 2, "node2", offers={"node2": died, "node3": before})
        decide(CHOSEN_MS - 40, "drained", 2, "node2", executed=died)
        decide(CHOSEN_MS - 5, "promoted", 2, "node2", why="failover")
        decide(CHOSEN_MS + 30, "published", 2, write=["node2"], read=[])
        decide(CHOSEN_MS + 60, "repointed", 2, "node3", source="node2")
        decide(CHOSEN_MS + 90, "published", 2, write=["node2"], read=["node3"])
        decide(sight.story.clean_ms - 320, "rejoined", 2, "node1", source="node2")
        decide(sight.story.clean_ms, "published", 2, write=["node2"], read=["node1", "node3"])
        return lines
    decide(SEEN_MS, "primary_gone", 2, "node1", leaders=[])
    decide(SEEN_MS + 10, "published", 3, write=[], read=["node2", "node3"])
    decide(CHOSEN_MS + 10, "promoted", 4, "node2")
    decide(CHOSEN_MS + 20, "published", 4, write=["node2"], read=["node3"])
    decide(sight.story.clean_ms, "published", 4, write=["node2"], read=["node1", "node3"])
    return lines
