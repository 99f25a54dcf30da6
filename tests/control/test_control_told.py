"""What the control plane tells those who wait for it: decisions as they are made, its candidate, a stop on the way."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from cluster.agent.assignment import Assignment
from cluster.status.status import Status
from control.elect import would_lead
from control.hold import Hold
from control.notes import GroupNotes
from control.rules import Seen
from control.state import Move, State, Store

PODS = {f"node{number}": f"198.18.0.{10 + number}" for number in (1, 2, 3)}


def state(**changes: Any) -> State:
    return State(assignment=Assignment(epoch=1, version=1, primary="node1", pods=PODS), **changes)


def test_decisions_are_told_from_a_moment_on_and_as_soon_as_they_are_made(tmp_path: Path) -> None:
    store = Store(tmp_path, state())
    store.log("started")
    (started,) = store.since(0, wait_s=0)
    assert store.since(started["at_ns"], wait_s=0) == []
    threading.Timer(0.05, lambda: store.log("primary_gone", "node1")).start()
    (gone,) = store.since(started["at_ns"], wait_s=5)
    assert (gone["event"], gone["pod"]) == ("primary_gone", "node1")


def test_what_was_decided_before_a_crash_is_still_told(tmp_path: Path) -> None:
    Store(tmp_path, state()).log("started")
    with (tmp_path / "decisions.jsonl").open("a") as file:
        file.write('{"at_ns": 5, "even')
    assert [one["event"] for one in Store(tmp_path, state()).since(0, wait_s=0)] == ["started"]


def test_it_waits_after_a_decision_until_it_is_let_go_on(tmp_path: Path) -> None:
    store = Store(tmp_path, state())
    store.hold.arm("candidate_chosen")
    store.log("fenced", "node1")
    waiting = threading.Thread(target=store.log, args=("candidate_chosen", "node2"))
    waiting.start()
    assert [one["event"] for one in store.since(store.since(0, wait_s=5)[0]["at_ns"], wait_s=5)] == ["candidate_chosen"]
    assert waiting.is_alive()
    store.hold.release()
    waiting.join(5)
    events = [json.loads(line)["event"] for line in (tmp_path / "decisions.jsonl").read_text().splitlines()]
    assert events == ["fenced", "candidate_chosen", "held"]
    store.log("candidate_chosen", "node3")  # once is all that was asked for


def test_it_goes_on_by_itself_when_nobody_lets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control.hold.HOLD_MAX_S", 0.01)
    hold = Hold()
    hold.arm("candidate_chosen")
    assert hold.stop_at("drained") is None
    assert hold.stop_at("candidate_chosen") is not None


def replica(executed: str, **changes: Any) -> Seen:
    shown: dict[str, Any] = {"role": "replica", "state": "ONLINE", "read_only": True, "lag_ms": None, **changes}
    return Seen(status=Status(gtid_executed=executed, **shown))


UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def test_who_would_lead_is_the_replica_that_has_most_and_the_candidate_once_there_is_one() -> None:
    seen = {"node1": replica(f"{UUID}:1-9"), "node2": replica(f"{UUID}:1-5"), "node3": replica(f"{UUID}:1-7")}
    assert would_lead(seen, state()) == "node3"
    assert would_lead(seen, state(move=Move(why="failover", step="drain", old="node1", candidate="node2"))) == "node2"
    assert would_lead({"node1": seen["node1"], "node2": Seen(status=None)}, state()) is None


def member(view: dict[str, str], state: str = "ONLINE") -> Seen:
    return replica("", kind="group", state=state, view=view)


ALL = dict.fromkeys(PODS, "ONLINE/SECONDARY") | {"node1": "ONLINE/PRIMARY"}
LEFT = {name: ALL[name] for name in ("node2", "node3")}


def test_a_leader_that_its_group_suspects_is_noted_once() -> None:
    notes, suspicious = GroupNotes(), ALL | {"node1": "UNREACHABLE/PRIMARY"}
    well = {name: member(ALL) for name in PODS}
    assert notes.look(well, ("node1",)) == []
    seen = {"node1": Seen(status=None), "node2": member(suspicious), "node3": member(ALL)}
    assert notes.look(seen, ("node1",)) == [("primary_suspected", "node1")]
    assert notes.look(seen, ("node1",)) == []
    assert notes.look(well, ("node1",)) == []
    assert notes.look(seen, ("node1",)) == [("primary_suspected", "node1")], "again, after it was well"


def test_a_suspected_replica_is_no_suspected_primary() -> None:
    seen = {name: member(ALL | {"node3": "UNREACHABLE/SECONDARY"}) for name in PODS}
    assert GroupNotes().look(seen, ("node1",)) == []


@pytest.mark.parametrize("back", ["RECOVERING", "ONLINE"])
def test_a_member_that_comes_back_is_noted_once(back: str) -> None:
    notes = GroupNotes()
    assert notes.look({name: member(ALL, "RECOVERING") for name in PODS}, ()) == [], "it joins for the first time"
    assert notes.look({name: member(ALL) for name in PODS}, ()) == []
    away = {"node1": Seen(status=None), "node2": member(ALL), "node3": member(ALL)}
    assert notes.look(away, ()) == []
    gone = {"node1": Seen(status=None), "node2": member(LEFT), "node3": member(LEFT)}
    assert notes.look(gone, ()) == []
    assert notes.look(gone | {"node1": member(ALL, back)}, ()) == [("rejoining", "node1")]
    assert notes.look({name: member(ALL) for name in PODS}, ()) == []


def test_a_member_that_did_not_answer_once_was_never_away() -> None:
    notes = GroupNotes()
    well = {name: member(ALL) for name in PODS}
    for seen in (well, well | {"node1": Seen(status=None)}, well):
        assert notes.look(seen, ()) == []
