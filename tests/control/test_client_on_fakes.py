"""The host's side of the control plane, on a platform in memory: its start, its end, its refusals, its silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster.agent.assignment import CONTROL_PORT, Assignment, encode
from cluster.cluster import Cluster
from cluster.errors import HarnessError, RefusedError
from cluster.membership import Membership
from cluster.platform import reach
from cluster.platform.fake import FakePlatform, FakeProcess
from cluster.platform.platform import exited
from cluster.topology import Topology
from control import client
from control.client import ControlHandle
from control.settings import EDS, STATE
from mesh.proxies import eds
from tests.stand_in import answering


def a_cluster(platform: FakePlatform, **options: Any) -> Cluster:
    cluster = Cluster(Topology(kind="semisync", pods=3, **options), platform=platform, run_id="0a1b2c3d")
    cluster.nodes.open_network()
    return cluster


def an_answer(method: str, path: str) -> tuple[int, bytes]:
    found: dict[str, Any] = {"epoch": 1}
    match method, path.partition("?")[0]:
        case "GET", "/assignment":
            found = encode(Assignment(primary="node1", quarantined={"node3": "it has what no other has"}))
        case "GET", "/decisions":
            found = {"decisions": [{"event": "primary_gone", "at_ns": 8, "asked": path}]}
        case "POST", "/switchover":
            return 409, json.dumps({"reason": "no replica is good enough"}).encode()
    return 200, json.dumps(found).encode()


def test_it_is_started_with_all_pods_and_returns_when_it_answers() -> None:
    platform = FakePlatform()
    cluster = a_cluster(platform, config={"rpl_semi_sync_source_wait_for_replica_count": "2"})
    control = ControlHandle(down_after_s=2.5)
    with answering(cluster.network.address("control"), CONTROL_PORT, an_answer) as asked:
        control.start(cluster.nodes)
    assert "GET /state" in asked
    process = platform.pods["control"].containers["control"]
    assert isinstance(process, FakeProcess)
    assert (process.image, process.command) == ("fake/tools:1", ("python3", "-m", "control"))
    assert process.volumes == {eds.volume_name("0a1b2c3d"): EDS, "meshbench-0a1b2c3d-control": STATE}
    plan = json.loads(process.env["MESHBENCH_CONTROL_PLAN"])
    assert plan["pods"] == cluster.hosts
    assert (plan["kind"], plan["down_after_s"], plan["wait_count"]) == ("semisync", 2.5, 2)


def test_one_that_ends_at_start_is_told_at_once_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(_: str, role: str, process: FakeProcess) -> FakeProcess:
        if role == "control":
            process = FakeProcess(states=[exited(1)], output=b"Traceback (most recent call last):\nKeyError: 'pods'\n")
        return process

    monkeypatch.setattr(reach, "LOOK_INSIDE_EVERY_S", 0.0)
    with pytest.raises(HarnessError) as told:
        ControlHandle().start(a_cluster(FakePlatform(cast=dies)).nodes)
    assert str(told.value) == (
        "the control plane ended at start; it said: Traceback (most recent call last): | KeyError: 'pods'"
    )


def test_what_it_says_is_read_and_what_it_refuses_is_a_refusal() -> None:
    cluster = a_cluster(FakePlatform())
    control = ControlHandle()
    with answering(cluster.network.address("control"), CONTROL_PORT, an_answer):
        control.start(cluster.nodes)
        assert control.assignment().quarantined == {"node3": "it has what no other has"}
        (decision,) = control.decisions_since(7, wait_s=0)
        assert decision["asked"] == "/decisions?since=7&wait_s=0"
        with pytest.raises(RefusedError, match="no replica is good enough"):
            control.switchover()


def test_one_that_is_down_is_silence_and_no_refusal() -> None:
    cluster, control = a_cluster(FakePlatform()), ControlHandle()
    with answering(cluster.network.address("control"), CONTROL_PORT, an_answer):
        control.start(cluster.nodes)
    with pytest.raises(OSError, match="refused"):
        control.decisions_since(0, wait_s=0)


def test_one_that_hangs_holds_nobody_up_who_asks_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What heals a frozen control plane asks it first whom it keeps out of service."""
    cluster, control = a_cluster(FakePlatform()), ControlHandle()
    with answering(cluster.network.address("control"), CONTROL_PORT, an_answer):
        control.start(cluster.nodes)
    waited = []

    def hangs(_: object, *, timeout_s: float) -> None:
        waited.append(timeout_s)
        raise TimeoutError("timed out")

    monkeypatch.setattr(client, "open_url", hangs)
    cluster.membership = Membership(cluster.nodes, control)
    assert cluster.membership.quarantined() == {}
    assert waited == [client.SILENCE_S]


def test_a_restart_starts_the_same_container_again_and_waits_for_its_answer() -> None:
    platform = FakePlatform()
    cluster = a_cluster(platform)
    control = ControlHandle()
    with answering(cluster.network.address("control"), CONTROL_PORT, an_answer) as asked:
        control.start(cluster.nodes)
        process = control.pod.containers["control"]
        assert isinstance(process, FakeProcess)
        process.kill()
        assert process.state() == exited(137)
        before = len(asked)
        control.restart()
    assert process.starts == 2
    assert len(asked) > before
