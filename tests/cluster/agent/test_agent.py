"""The role agent over real HTTP, and its greeting probe against servers that greet, refuse, hang and babble."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cluster.agent import agent, misled
from cluster.agent.agent import greets, serve
from cluster.agent.peers import Gossip
from cluster.agent.role import MAX_AGE_S, Latest, Role
from cluster.status.status import Status
from cluster.topologies.lookup import replication_of

PRIMARY = Status(role="primary", state="ONLINE", read_only=False, gtid_executed="", lag_ms=None)
REPLICA = Status(role="replica", state="ONLINE", read_only=True, gtid_executed="", lag_ms=None)
RECOVERING = Status(role="replica", state="RECOVERING", read_only=True, gtid_executed="", lag_ms=None)


def single(latest: Latest) -> Role:
    """The role of a pod that needs nobody's word."""
    gossip = Gossip("node1", control=None, port=0, file=Path("no-promises.json"))
    return Role(replication_of("single"), gossip=gossip, latest=latest)


@contextmanager
def served(latest: Latest) -> Iterator[str]:
    server = serve(single(latest), port=0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def code(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


@pytest.mark.parametrize(
    ("status", "primary", "replica", "health"),
    [(PRIMARY, 200, 503, 200), (REPLICA, 503, 200, 200), (RECOVERING, 503, 503, 503), (None, 503, 503, 503)],
)
def test_answers_say_what_is_true_now(status: Status | None, primary: int, replica: int, health: int) -> None:
    with served(Latest(status, time.monotonic())) as url:
        assert [code(f"{url}/{path}") for path in ("primary", "replica", "health")] == [primary, replica, health]
        assert code(f"{url}/unheard-of") == 503


def test_a_misled_agent_keeps_to_its_claim_and_tells_the_truth_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "claim"
    monkeypatch.setattr(misled.claim, "__defaults__", (file,))
    with served(Latest(REPLICA, time.monotonic())) as url:
        assert code(f"{url}/primary") == 503
        file.write_text("200")
        assert [code(f"{url}/{path}") for path in ("primary", "replica", "health")] == [200, 200, 200]
        file.unlink()
        assert code(f"{url}/primary") == 503


def test_a_misled_agent_is_late_with_every_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "latency"
    waited: list[float] = []
    monkeypatch.setattr(misled.latency_s, "__defaults__", (file,))
    monkeypatch.setattr(agent, "sleep", waited.append)
    with served(Latest(PRIMARY, time.monotonic())) as url:
        assert code(f"{url}/primary") == 200
        file.write_text("1.5")
        assert [code(f"{url}/{path}") for path in ("primary", "report")] == [200, 200]
    assert waited == [0.0, 1.5, 1.5]


def test_an_old_status_is_none() -> None:
    fresh, stale = Latest(PRIMARY, time.monotonic()), Latest(PRIMARY, time.monotonic() - MAX_AGE_S - 0.1)
    assert single(fresh).holds("/primary")
    assert not single(stale).holds("/primary")


@contextmanager
def server_that_says(greeting: bytes | None) -> Iterator[int]:
    """A TCP server that sends these bytes to its first client, or accepts and stays silent (None)."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                if greeting is not None:
                    connection.sendall(greeting)
                over.wait(5)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    ("greeting", "greeted"),
    [
        (b"\x4a\0\0\0\x0a9.7.4\0", True),
        (b"\x17\0\0\0\xff\x10\x04Too many connections", True),
        (b"HTTP/1.1 400", False),
        (None, False),
    ],
)
def test_only_mysql_greets(greeting: bytes | None, greeted: bool) -> None:
    with server_that_says(greeting) as port:
        assert greets("127.0.0.1", port=port, timeout_s=0.2) is greeted


def test_a_closed_port_does_not_greet() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert not greets("127.0.0.1", port=port, timeout_s=0.2)
