"""The observer's start, on a platform in memory: what it looks at, and who may ask the proxies from then on."""

from __future__ import annotations

import json

import pytest

from cluster.cluster import Cluster
from cluster.platform.fake import FakePlatform, FakeProcess
from cluster.topology import Topology
from mesh.proxies.endpoints import Admin
from observer.start import start_observer
from tests.stand_in import answering

CSV = b"# pxname,svname,status,scur\nwrite,node1,UP,3\nread,node2,DOWN,0\n"


def a_cluster(platform: FakePlatform) -> Cluster:
    cluster = Cluster(Topology(kind="async", pods=2), platform=platform, run_id="0a1b2c3d", spare_pods=1)
    cluster.open_network()
    return cluster


def test_it_looks_at_every_node_there_may_ever_be_and_at_every_proxy() -> None:
    platform = FakePlatform()
    cluster = a_cluster(platform)
    pod = start_observer(cluster, {"gateway": Admin(kind="haproxy", url="http://127.0.0.1:8404")})
    assert pod is platform.pods["observer"]
    assert cluster.guests["observer"] is pod
    process = pod.containers["observer"]
    assert isinstance(process, FakeProcess)
    assert (process.image, process.command) == ("fake/tools:1", ("python3", "-m", "observer.observer"))
    plan = json.loads(process.env["MESHBENCH_OBSERVE"])
    assert list(plan["pods"]) == ["node1", "node2", "node3"]
    assert plan["password"] == cluster.credentials.watch
    assert plan["proxies"] == {"gateway": {"kind": "haproxy", "url": "http://127.0.0.1:8404", "authorization": None}}


def test_from_then_on_a_proxy_can_be_asked_by_its_name_and_silence_is_an_error() -> None:
    cluster = a_cluster(FakePlatform())
    address = cluster.network.address("proxy")
    start_observer(cluster, {"gateway": Admin(kind="haproxy", url=f"http://{address}:8404")})
    with answering(address, 8404, lambda *_: (200, CSV)):
        pools = cluster.proxies["gateway"]()
    assert pools["write"]["node1"]["healthy"]
    assert not pools["read"]["node2"]["healthy"]
    with pytest.raises(OSError, match="refused"):
        cluster.proxies["gateway"]()
