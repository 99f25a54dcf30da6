"""The order of a boot, on a platform in memory: who is started when, and whose end ends it, in which words."""

from __future__ import annotations

from typing import Any

import pytest

from cluster import bring_up
from cluster.bring_up import Guests
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.mysqld import requested
from cluster.platform import reach
from cluster.platform.fake import Casting, FakePlatform, FakeProcess
from cluster.platform.platform import exited
from cluster.topology import Kind, Topology
from control.client import ControlHandle
from mesh.mesh import Mesh
from mesh.spec import MeshSpec, mesh_spec
from scenarios.run.boot import assemble, boot

WORDS = b"2026-11-27T15:05:24.8Z 0 [ERROR] [MY-010119] [Server] Aborting\n"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested, "error_log", lambda _: None)
    monkeypatch.setattr(reach, "LOOK_INSIDE_EVERY_S", 0.0)


def dies(which: str) -> Casting:
    """The containers of that role end at once."""

    def cast(_: str, role: str, process: FakeProcess) -> FakeProcess:
        return FakeProcess(states=[exited(1)], output=WORDS, image=process.image) if role == which else process

    return cast


def assembled(kind: Kind, platform: FakePlatform, *, pods: int = 3, proxy: str | None = None) -> tuple[Cluster, Mesh]:
    spec = MeshSpec(mode="direct") if proxy is None else mesh_spec("gateway", proxy)
    return assemble(Topology(kind=kind, pods=pods), spec, platform=platform, run_id="0a1b2c3d", down_after_s=1.0)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was started, in order; nodes and control plane say they are up at once."""
    begun: list[str] = []

    def started(_: Cluster, *, guests: Guests) -> None:
        begun.append("nodes")
        guests.start()

    monkeypatch.setattr(Cluster, "start", started)
    monkeypatch.setattr(ControlHandle, "start", lambda *_: begun.append("control plane"))
    return begun


def test_where_the_control_plane_promotes_the_nodes_are_there_before_it(begun: list[str]) -> None:
    cluster, mesh = assembled("async", FakePlatform())
    boot(cluster, mesh)
    assert begun == ["nodes", "control plane"]
    assert mesh.write == [(address, 3306) for address in cluster.hosts.values()]


def test_where_a_group_elects_the_control_plane_starts_beside_the_nodes(begun: list[str]) -> None:
    boot(*assembled("group", FakePlatform()))
    assert begun == ["nodes", "control plane"]


def test_a_proxy_that_ends_at_start_ends_the_boot_with_its_words(begun: list[str]) -> None:
    with pytest.raises(HarnessError, match=r"^haproxy ended at start; it said: .*Aborting$"):
        boot(*assembled("async", FakePlatform(cast=dies("haproxy")), proxy="haproxy"))
    assert begun


def test_a_mysqld_that_ends_at_start_ends_the_boot_with_its_words() -> None:
    platform = FakePlatform(cast=dies("mysqld"))
    cluster, _ = assembled("single", platform, pods=1)
    cluster.nodes.open_network()
    with pytest.raises(ConfigurationError, match=r"mysqld of node1 ended at start with code 1; .*It said: .*Aborting"):
        cluster.start()
    assert set(platform.pods["node1"].containers) == {"pause", "mysqld"}
    assert platform.pods["node1"].hosts["node1"] == cluster.hosts["node1"]


def test_servers_that_listen_and_cannot_be_reached_end_the_boot_although_they_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reach, "PATIENCE_S", 0.2)
    cluster, _ = assembled("single", FakePlatform(), pods=1)
    cluster.nodes.open_network()
    with pytest.raises(ConfigurationError, match=r"pods cannot be reached from here: node1 listens at 127\.\S+:3306"):
        cluster.start()


def test_of_guests_no_more_than_the_namespace_starts_while_nobody_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = FakePlatform(cast=dies("mysqld"))
    cluster, mesh = assembled("group", platform, proxy="envoy")
    monkeypatch.setattr(bring_up, "set_up", lambda *_: None)
    monkeypatch.setattr(bring_up, "_join", lambda *_, **__: None)
    with pytest.raises(ConfigurationError, match="ended at start"):
        boot(cluster, mesh)
    assert {name: set(pod.containers) for name, pod in platform.pods.items()} == {
        **{f"node{number}": {"pause", "mysqld"} for number in (1, 2, 3)},
        "control": {"pause"},
        "gateway": {"pause"},
    }


def test_a_control_plane_that_ends_at_start_ends_the_boot_although_it_could_be_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Cluster, "start", lambda _, *, guests: guests.start())
    with pytest.raises(HarnessError, match="the control plane ended at start"):
        boot(*assembled("group", FakePlatform(cast=dies("control"))))


def test_a_network_that_cannot_be_had_starts_nothing() -> None:
    class Full(FakePlatform):
        def open_network(self, run_id: str) -> Any:
            raise HarnessError(f"no free /24 for {run_id}")

    platform = Full()
    with pytest.raises(HarnessError, match="no free /24"):
        boot(*assembled("group", platform))
    assert platform.pods == {}
