"""Decisions as a timeline hears of them: from the control plane itself, and where that is silent, from its log."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import BadStatusLine, IncompleteRead
from typing import Any, cast

import pytest

from chaos.feed import Feed
from cluster.agent.assignment import CONTROL_PORT
from cluster.cluster import Cluster
from cluster.control_plane import POD, ControlPlane
from cluster.errors import EngineRefusedError, RefusedError
from cluster.platform.fake import FakePlatform, FakePod, FakeProcess
from cluster.topology import Topology
from cluster.wait import wait_until
from control.client import ControlHandle
from tests.stand_in import answering

SUSPECTED = {"at_ns": 10, "event": "primary_suspected", "epoch": 1, "pod": "node1", "detail": {}}
GONE = {"at_ns": 20, "event": "primary_gone", "epoch": 1, "pod": "node1", "detail": {}}
PROMOTED = {"at_ns": 30, "event": "promoted", "epoch": 2, "pod": "node2", "detail": {}}
WITHIN_S = 10.0


def lines(*decisions: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in decisions).encode()


@pytest.fixture
def control() -> ControlHandle:
    """A control plane that was started and is silent by now; its log can be had."""
    cluster = Cluster(Topology(kind="async", pods=3), platform=FakePlatform(), run_id="0a1b2c3d")
    cluster.nodes.open_network()
    handle = ControlHandle()
    with answering(cluster.network.address("control"), CONTROL_PORT, api()):
        handle.start(cluster.nodes)
    return handle


def process_of(control: ControlHandle) -> FakeProcess:
    process = control.pod.containers[POD]
    assert isinstance(process, FakeProcess)
    return process


@contextmanager
def followed(control: ControlPlane) -> Iterator[Feed]:
    feed = Feed(lambda: control)
    feed.start(0)
    try:
        yield feed
    finally:
        feed.stop()


def heard(feed: Feed, *events: str) -> str | None:
    """The event that `wait_for` returns with, None when it does not within WITHIN_S."""
    over = threading.Event()
    timer = threading.Timer(WITHIN_S, over.set)
    timer.start()
    try:
        decision = feed.wait_for(events, over)
    finally:
        timer.cancel()
    return None if decision is None else str(decision["event"])


def api(*decisions: dict[str, Any]) -> Any:
    """Its ``GET /decisions``, with the cursor of the question."""

    def answer(_: str, path: str) -> tuple[int, bytes]:
        since = int(path.partition("since=")[2].partition("&")[0] or 0)
        return 200, json.dumps({"decisions": [one for one in decisions if one["at_ns"] > since]}).encode()

    return answer


def test_the_control_plane_itself_is_asked_and_nothing_is_fetched_from_its_container(control: ControlHandle) -> None:
    process_of(control).broken = EngineRefusedError("nobody should ask")
    with answering(control.pod.address, CONTROL_PORT, api(SUSPECTED, GONE)) as asked, followed(control) as feed:
        assert heard(feed, "primary_gone") == "primary_gone"
        wait_until("it is asked on", lambda: any("since=20" in path for path in asked), timeout_s=WITHIN_S)
        assert [one["event"] for one in feed.made] == ["primary_suspected", "primary_gone"]


def test_one_that_was_killed_is_read_from_its_log_and_each_decision_is_heard_once(control: ControlHandle) -> None:
    process_of(control).files[control.decisions_file] = lines(SUSPECTED, GONE, PROMOTED)
    with followed(control) as feed:
        with answering(control.pod.address, CONTROL_PORT, api(SUSPECTED)):
            assert heard(feed, "primary_suspected") == "primary_suspected"
        assert heard(feed, "promoted") == "promoted"
        with answering(control.pod.address, CONTROL_PORT, api(SUSPECTED, GONE, PROMOTED)) as asked:
            wait_until("it is asked again", lambda: len(asked) > 2, timeout_s=WITHIN_S)
        assert [one["event"] for one in feed.made] == ["primary_suspected", "primary_gone", "promoted"]


def test_an_engine_that_does_not_give_the_log_is_asked_again_and_said_so_once(
    control: ControlHandle, caplog: pytest.LogCaptureFixture
) -> None:
    process = process_of(control)
    process.broken = EngineRefusedError("500 Server Error")
    process.files[control.decisions_file] = lines(GONE)
    with followed(control) as feed:
        wait_until("it says so", lambda: "steps wait: 500 Server Error" in caplog.text, timeout_s=WITHIN_S)
        process.broken = None
        assert heard(feed, "primary_gone") == "primary_gone"
    assert caplog.text.count("steps wait") == 1


@pytest.mark.parametrize(
    "silence",
    [
        TimeoutError("timed out"),
        ConnectionRefusedError(111, "Connection refused"),
        BadStatusLine(""),
        IncompleteRead(b'{"decisions": ['),
        json.JSONDecodeError("Expecting value", "{", 1),
        RefusedError("the control plane is busy"),
    ],
)
def test_however_it_fails_to_answer_its_log_is_read_and_it_is_asked_again(silence: Exception) -> None:
    class Broken:
        pod = FakePod(containers={POD: FakeProcess(files={"/log": lines(GONE)})})
        decisions_file = "/log"
        asked = 0

        def decisions_since(self, at_ns: int, *, wait_s: float) -> list[dict[str, Any]]:
            del wait_s
            self.asked += 1
            if self.asked == 1:
                raise silence
            return [PROMOTED] if at_ns < 30 else []

    with followed(cast(ControlPlane, Broken())) as feed:
        assert heard(feed, "primary_gone") == "primary_gone"
        assert heard(feed, "promoted") == "promoted"


def test_whoever_waits_stops_when_the_load_is_over(control: ControlHandle) -> None:
    over = threading.Event()
    over.set()
    with followed(control) as feed:
        assert feed.wait_for(["promoted"], over) is None
