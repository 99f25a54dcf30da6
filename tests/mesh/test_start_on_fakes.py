"""Proxies on a platform in memory: they are waited for until they route, and one that ends is told with its words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.guests import bare_guest
from cluster.platform.fake import FakePlatform, FakeProcess
from cluster.platform.platform import exited
from cluster.topology import Topology
from mesh.ingress import open_passage
from mesh.mesh import Mesh
from mesh.modes.create import create_mesh
from mesh.proxies import eds, envoy, haproxy
from mesh.spec import mesh_spec
from tests.stand_in import answering

CSV = "# pxname,svname,status,scur\nwrite,FRONTEND,OPEN,0\nwrite,node1,{write},0\nread,node2,{read},0\n"


def dies(pod: str, role: str, process: FakeProcess) -> FakeProcess:
    if role != "pause":
        process.states, process.output = [exited(1)], b"[ALERT] cannot bind\nfatal errors found\n"
        process.__post_init__()
    return process


def a_cluster(platform: FakePlatform) -> Cluster:
    cluster = Cluster(Topology(kind="async", pods=2), platform=platform, run_id="0a1b2c3d")
    cluster.nodes.open_network()
    return cluster


def gateway(proxy: str) -> Mesh:
    """A gateway that is still to be started."""
    return create_mesh(mesh_spec("gateway", proxy))


def test_haproxy_is_started_when_both_pools_have_an_endpoint() -> None:
    platform = FakePlatform()
    cluster, mesh = a_cluster(platform), gateway("haproxy")
    address = cluster.network.address("proxy")
    states: Iterator[tuple[str, str]] = iter([("DOWN", "DOWN"), ("UP", "DOWN"), ("UP", "UP 1/3")])

    def statistics(_: str, __: str) -> tuple[int, bytes]:
        write, read = next(states)
        return 200, CSV.format(write=write, read=read).encode()

    with answering(address, haproxy.STATS_PORT, statistics) as asked:
        mesh.start(cluster)
    assert len(asked) == 3
    process = platform.pods["gateway"].containers["haproxy"]
    assert isinstance(process, FakeProcess)
    assert process.image == "fake/base:1"
    assert f"server node2 {address.rpartition('.')[0]}.12:3306" in process.files[haproxy.CONFIG_FILE].decode()


def test_envoy_is_started_when_its_workers_run_and_the_pool_has_an_endpoint() -> None:
    platform = FakePlatform()
    cluster, mesh = a_cluster(platform), gateway("envoy")
    address = cluster.network.address("proxy")
    told = iter([(0, 0), (2, 0), (2, 1)])

    def stats(_: str, __: str) -> tuple[int, bytes]:
        started, healthy = next(told)
        lines = f"listener_manager.workers_started: {started}\ncluster.write.membership_healthy: {healthy}\n"
        return 200, lines.encode()

    with answering(address, envoy.ADMIN_PORT, stats) as asked:
        mesh.start(cluster)
    assert len(asked) == 3
    process = platform.pods["gateway"].containers["envoy"]
    assert isinstance(process, FakeProcess)
    assert process.image == "fake/envoy:1"
    assert process.volumes == {eds.volume_name("0a1b2c3d"): f"{eds.FOLDER}:ro"}


@pytest.mark.parametrize(("proxy", "begun"), [("envoy", {"pause", "envoy"}), ("haproxy", {"pause"})])
def test_a_proxy_that_needs_no_nodes_starts_before_them_and_only_once(proxy: str, begun: set[str]) -> None:
    platform = FakePlatform(cast=dies)
    cluster, mesh = a_cluster(platform), gateway(proxy)
    for open_namespace in mesh.namespaces(cluster):
        open_namespace()
    mesh.prepare(cluster)
    pod = platform.pods["gateway"]
    assert set(pod.containers) == begun
    with pytest.raises(HarnessError, match="ended at start"):
        mesh.start(cluster)
    assert platform.pods["gateway"] is pod
    assert set(pod.containers) == {"pause", proxy}


@pytest.mark.parametrize(("proxy", "who"), [("haproxy", "haproxy"), ("envoy", "Envoy of gateway")])
def test_a_proxy_that_ends_at_start_is_told_at_once_with_its_words(proxy: str, who: str) -> None:
    cluster, mesh = a_cluster(FakePlatform(cast=dies)), gateway(proxy)
    with pytest.raises(HarnessError) as told:
        mesh.start(cluster)
    assert str(told.value) == f"{who} ended at start; it said: [ALERT] cannot bind | fatal errors found"


def test_a_passage_that_ends_is_told_with_its_words() -> None:
    pod = bare_guest(a_cluster(FakePlatform(cast=dies)).nodes, "passage")
    with pytest.raises(HarnessError, match=r"remote workers ended at start; it said: .*cannot bind"):
        open_passage(pod, "127.0.0.1", [(5557, ("127.0.0.1", 5557))])
