"""The observer's start, on a platform in memory: what it is told to look at."""

from __future__ import annotations

import json

from cluster.cluster import Cluster
from cluster.platform.fake import FakePlatform, FakeProcess
from cluster.topology import Topology
from mesh.endpoints import Admin
from observer.start import start_observer


def a_cluster(platform: FakePlatform) -> Cluster:
    cluster = Cluster(Topology(kind="async", pods=2), platform=platform, run_id="0a1b2c3d", spare_pods=1)
    cluster.nodes.open_network()
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
