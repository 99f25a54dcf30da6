"""Gossip over real HTTP: an agent learns from its peers and the control plane, promises, and remembers."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.agent.agent import serve
from cluster.agent.assignment import Assignment, decode, encode
from cluster.agent.peers import Gossip
from cluster.agent.role import Latest, Role
from cluster.status.status import Status
from cluster.topologies.lookup import replication_of

READ_ONLY = Status(role="replica", state="OFFLINE", read_only=True, gtid_executed="", lag_ms=None, kind="async")
SOURCE = replace(READ_ONLY, role="primary", state="ONLINE", read_only=False, view={"node1": "ONLINE/PRIMARY"})
NEWER = Assignment(epoch=2, version=5, primary="node2", pods={"node1": "127.0.0.1", "node2": "127.0.0.1"})


def role(name: str, folder: Path, status: Status) -> Role:
    gossip = Gossip(name, control=None, port=0, file=folder / f"{name}.json")
    return Role(replication_of("async"), gossip=gossip, latest=Latest(status, time.monotonic()))


@contextmanager
def served(one: Role) -> Iterator[int]:
    server = serve(one, port=0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def put(port: int, body: object) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("PUT", "/assignment", json.dumps(body))
    answer = connection.getresponse()
    told = answer.status, json.loads(answer.read())
    connection.close()
    return told


def test_an_assignment_survives_being_written() -> None:
    assert decode(json.loads(json.dumps(encode(replace(NEWER, draining=("node1",)))))) == replace(
        NEWER, draining=("node1",)
    )


def test_a_promise_is_on_disk_and_outlives_the_agent(tmp_path: Path) -> None:
    one = role("node1", tmp_path, READ_ONLY)
    with served(one) as port:
        assert put(port, encode(NEWER)) == (200, {"version": 5, "takes_writes": False})
    assert Gossip("node1", control=None, port=0, file=tmp_path / "node1.json").assignment == NEWER


def test_an_older_assignment_is_not_promised(tmp_path: Path) -> None:
    one = role("node1", tmp_path, READ_ONLY)
    one.gossip.adopt(NEWER)
    with served(one) as port:
        assert put(port, encode(replace(NEWER, version=4, primary="node1")))[1]["version"] == 5
        assert put(port, {"epoch": 9})[0] == 400
    assert one.gossip.assignment == NEWER


def test_a_source_that_is_no_longer_named_says_that_it_still_takes_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cluster.agent.role.GIVE_UP_S", 0.02)
    one = role("node1", tmp_path, SOURCE)
    one.gossip.adopt(replace(NEWER, version=4, primary="node1", pods={"node1": "127.0.0.1"}))
    assert one.holds("/primary")
    with served(one) as port:
        assert put(port, encode(NEWER)) == (200, {"version": 5, "takes_writes": True})
    assert not one.holds("/primary")
    assert one.in_the_way()


def test_agents_hear_of_each_other_and_the_newest_assignment_spreads(tmp_path: Path) -> None:
    teller = role("localhost", tmp_path, SOURCE)
    teller.gossip.adopt(NEWER)
    with served(teller) as port:
        listener = Gossip("node1", control=None, port=port, file=tmp_path / "listener.json")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        listener._ask("localhost", connection)
        connection.close()
    assert listener.assignment == NEWER
    assert listener.peers["localhost"].version == 5
    assert listener.peers["localhost"].view == {"node1": "ONLINE/PRIMARY"}
