"""A pod that listens and cannot be reached from here is told; every other trouble is left to who waits for it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.agent.json_http import JsonHandler, JsonServer
from cluster.errors import ConfigurationError
from cluster.platform import reach
from cluster.platform.fake import FakePod, FakeProcess
from cluster.platform.platform import RUNNING, State, exited


def a_pod(*, listens: bool, state: State = RUNNING) -> FakePod:
    """A pod at this machine's loopback. listens: as seen from within."""
    return FakePod(
        address="127.0.0.1",
        containers={"agent": FakeProcess(states=[state])},
        answers={"timeout": (0 if listens else 1, "")},
    )


def require(pod: FakePod, port: int) -> None:
    reach.require(pod, "agent", port=port)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("LOOK_INSIDE_EVERY_S", 0.0), ("PATIENCE_S", 0.2), ("GIVE_UP_S", 0.6), ("TIMEOUT_S", 0.3)):
        monkeypatch.setattr(reach, name, seconds)


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Something that takes connections and is no pod of ours: it says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_pod_that_listens_and_cannot_be_reached_is_told_with_address_reason_and_remedy(closed_port: int) -> None:
    with pytest.raises(ConfigurationError) as told:
        require(a_pod(listens=True), closed_port)
    text = str(told.value)
    assert f"node1 listens at 127.0.0.1:{closed_port}" in text
    assert "refused" in text
    assert "must run on the Linux host of the Docker Engine" in text
    assert "198.18.0.0/15" in text
    assert "\n" not in text


@pytest.mark.slow
def test_whoever_else_has_the_address_is_not_taken_for_the_pod(silent_port: int) -> None:
    with pytest.raises(ConfigurationError, match="timed out"):
        require(a_pod(listens=True), silent_port)


def test_an_answer_of_any_kind_is_enough_and_nothing_is_run_in_the_pod() -> None:
    class Refuses(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
            self.answer(503, None)

    server = JsonServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    pod = a_pod(listens=True)
    try:
        require(pod, server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
    assert pod.ran == []


def test_a_container_that_has_ended_is_left_to_who_waits_for_it(closed_port: int) -> None:
    require(a_pod(listens=True, state=exited(1)), closed_port)


@pytest.mark.slow
def test_a_server_that_never_listens_is_left_to_who_waits_for_it(closed_port: int) -> None:
    pod = a_pod(listens=False)
    require(pod, closed_port)
    assert pod.ran


def test_a_firewall_that_rejects_is_an_error_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError(113, "No route to host")

    monkeypatch.setattr(reach, "open_url", unreachable)
    with pytest.raises(ConfigurationError, match="No route to host"):
        require(a_pod(listens=True), 8008)
