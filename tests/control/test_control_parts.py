"""The control plane's parts: the choice of a candidate, what survives a crash, pods that come and go."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.agent.assignment import Assignment
from cluster.status.status import Status
from control import api
from control.agents import Agents, Promises
from control.elect import choose, offer
from control.loop import ControlPlane
from control.members import Members
from control.rules import Seen
from control.settings import Plan
from control.state import Move, State, Store
from control.switchover import RefusedError, target
from history import gtid

PODS = {f"node{i}": f"198.18.0.1{i}" for i in (1, 2, 3)}
FIRST = State(assignment=Assignment(epoch=1, version=1, primary="node1", pods=PODS))
PLAN = Plan(kind="async", pods=PODS, password="", repl_password="")
FOLLOWS = Status(role="replica", state="ONLINE", read_only=True, gtid_executed="a:1-5", lag_ms=None, source="node1")


def chosen(state: State = FIRST, **offers: str) -> str:
    return choose({name: gtid.parse(one) for name, one in offers.items()}, state)


def test_the_candidate_has_received_most_and_lacks_nothing() -> None:
    assert chosen(node2="a:1-5", node3="a:1-6") == "node3"
    assert chosen(node2="a:1-5", node3="a:1-5") == "node2"
    assert chosen(node1="a:1-9,b:1", node2="a:1-12", node3="a:1-9") == "node2", "none has all: the most"


def test_among_equals_it_is_one_that_stays_and_not_the_one_just_given_up() -> None:
    old = replace(FIRST, move=Move(why="failover", step="elect", old="node1"))
    assert chosen(old, node1="a:1-5", node2="a:1-5") == "node2"
    assert chosen(old, node1="a:1-6", node2="a:1-5") == "node1", "but nothing is lost with it"
    draining = FIRST.assign(draining=("node2",))
    assert chosen(draining, node2="a:1-5", node3="a:1-5") == "node3"
    assert chosen(draining, node2="a:1-6", node3="a:1-5") == "node2"


def test_what_a_pod_offers_is_what_it_can_apply() -> None:
    assert gtid.written(offer(replace(FOLLOWS, received="a:4-8"))) == "a:1-8"
    assert gtid.written(offer(replace(FOLLOWS, received="a:4-8", state="ERROR"))) == "a:1-5"


def test_the_state_and_the_log_survive_the_process(tmp_path: Path) -> None:
    store = Store(tmp_path, FIRST)
    assert not store.resumed
    move = Move(why="failover", step="drain", old="node1", candidate="node2", received="a:1-5", lease_ends_ns=7)
    moved = replace(FIRST.assign(new_epoch=True, primary=None, draining=("node3",)), move=move, before=("node1",))
    store.save(moved)
    store.log("candidate_chosen", "node2", offers={})
    again = Store(tmp_path, FIRST)
    assert again.resumed
    assert again.state == moved
    again.log("restarted")
    lines = [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text().splitlines()]
    assert [(one["event"], one["epoch"], one["pod"]) for one in lines] == [
        ("candidate_chosen", 2, "node2"),
        ("restarted", 2, None),
    ]
    assert lines[0]["at_ns"] < lines[1]["at_ns"]


def test_the_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control.state.LOG_BYTES_MAX", 1000)
    store = Store(tmp_path, FIRST)
    for _ in range(50):
        store.log("published", write=["node1"], read=[])
    assert sum(file.stat().st_size for file in tmp_path.glob("decisions*.jsonl")) < 3000


class Knowing(Agents):
    """Agents of which only these answer."""

    def __init__(self, *knowing: str) -> None:
        super().__init__()
        self.knowing = set(knowing)

    def tell(
        self, assignment: Assignment, pods: Mapping[str, str], *, enough: Callable[[Promises], bool], timeout_s: float
    ) -> dict[str, bool]:
        return {name: False for name in pods if name in self.knowing}

    def spread(self, assignment: Assignment) -> None:
        return None


def test_a_new_pod_counts_at_once_for_a_failover_and_the_old_list_until_the_primary_knows(tmp_path: Path) -> None:
    agents = Knowing()
    store = Store(tmp_path, FIRST)
    members = Members(PLAN, store, agents)
    members.add("node4", "198.18.0.14")
    assert store.state.electorates == [["node1", "node2", "node3", "node4"], ["node1", "node2", "node3"]]
    with pytest.raises(RefusedError, match="last change of pods"):
        members.remove("node4")
    agents.knowing = {"node1"}
    members.remove("node4")
    assert store.state.electorates == [["node1", "node2", "node3"]]


def test_a_pod_leaves_drained_and_without_a_trace_but_never_the_primary(tmp_path: Path) -> None:
    store = Store(tmp_path, FIRST.assign(quarantined={"node3": "errant"}))
    members = Members(PLAN, store, Knowing("node1"))
    members.drain("node3")
    assert store.state.assignment.draining == ("node3",)
    members.remove("node3")
    left = store.state.assignment
    assert (list(left.pods), left.draining, dict(left.quarantined)) == (["node1", "node2"], (), {})
    for refused in ("node1", "node9"):
        with pytest.raises(RefusedError, match=refused):
            members.drain(refused)


def seen(**statuses: Status | None) -> dict[str, Seen]:
    return {name: Seen(status=one) for name, one in statuses.items()}


def test_a_switchover_goes_to_who_was_asked_for_or_has_executed_most() -> None:
    well = seen(node1=None, node2=FOLLOWS, node3=replace(FOLLOWS, gtid_executed="a:1-6"))
    assert target(None, well, FIRST) == "node3"
    assert target("node2", well, FIRST) == "node2"


@pytest.mark.parametrize(
    ("to", "state", "why"),
    [
        ("node1", FIRST, "the primary already"),
        ("node9", FIRST, "not a pod of this cluster; pods: node1, node2, node3"),
        ("node3", FIRST, "not a replica in service"),
        ("node2", FIRST.assign(quarantined={"node2": "errant"}), "quarantined: errant"),
        (None, FIRST.assign(draining=("node2",)), "no replica is in service"),
        (None, replace(FIRST, move=Move(why="failover", step="elect")), "no settled primary"),
    ],
)
def test_a_switchover_that_cannot_be_is_refused_with_the_reason(to: str | None, state: State, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        target(to, seen(node1=None, node2=FOLLOWS, node3=None), state)


@contextmanager
def served(control: ControlPlane) -> Iterator[Callable[..., tuple[int, object]]]:
    server = api.serve(control, port=0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)

    def ask(method: str, path: str, body: object = None) -> tuple[int, object]:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    try:
        yield ask
    finally:
        connection.close()
        server.shutdown()
        server.server_close()
        thread.join()


def test_http_tells_the_assignment_and_refuses_with_a_reason(tmp_path: Path) -> None:
    control = ControlPlane(replace(PLAN, kind="single"), state_folder=tmp_path, eds_folder=tmp_path)
    with served(control) as ask:
        code, assignment = ask("GET", "/assignment")
        assert code == 200
        assert assignment == {
            "epoch": 1, "version": 1, "primary": "node1", "pods": PODS, "quarantined": {}, "draining": [],
        }  # fmt: skip
        assert ask("GET", "/state")[0] == 200
        assert ask("POST", "/switchover", {"to": None}) == (
            409,
            {"reason": "a single node has no replica to switch over to"},
        )
        assert ask("POST", "/switchover", {})[0] == 400
        assert ask("GET", "/unheard-of")[0] == 404


def test_what_nobody_waits_for_any_more_is_not_done(tmp_path: Path) -> None:
    control = ControlPlane(replace(PLAN, kind="single"), state_folder=tmp_path, eds_folder=tmp_path)
    done: list[str] = []
    with pytest.raises(TimeoutError):
        control.ask(lambda: done.append("late"), timeout_s=0)
    asking = threading.Thread(target=lambda: control.ask(lambda: done.append("in time"), timeout_s=10))
    asking.start()
    for _ in range(2):
        control._requests.get(timeout=10)()
    asking.join()
    assert done == ["in time"]


def test_pools_are_published_by_renaming_and_logged_once(tmp_path: Path) -> None:
    control = ControlPlane(
        replace(PLAN, kind="single", pods={"node1": "127.0.0.1"}), state_folder=tmp_path, eds_folder=tmp_path
    )
    control.publish()
    control.publish()
    written = json.loads((tmp_path / "write.json").read_text())
    endpoint = written["resources"][0]["endpoints"][0]["lb_endpoints"][0]
    assert endpoint["health_status"] == "HEALTHY"
    assert (tmp_path / "decisions.jsonl").read_text().count("published") == 1
