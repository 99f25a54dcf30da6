"""Endpoint discovery: every pod is published, and who must not serve says so."""

from __future__ import annotations

import pytest

from mesh.proxies.eds import endpoints

PODS = {"node1": "198.18.0.11", "node2": "198.18.0.12"}


def test_every_pod_is_an_endpoint_and_only_those_that_serve_are_healthy() -> None:
    (pool,) = endpoints("write", pods=PODS, serving=["node2"])["resources"]
    (members,) = (one["lb_endpoints"] for one in pool["endpoints"])
    assert pool["cluster_name"] == "write"
    assert {one["endpoint"]["hostname"]: one["health_status"] for one in members} == {
        "node1": "UNHEALTHY",
        "node2": "HEALTHY",
    }
    assert [one["endpoint"]["address"]["socket_address"]["address"] for one in members] == list(PODS.values())


def test_nobody_may_serve() -> None:
    (pool,) = endpoints("read", pods=PODS, serving=[])["resources"]
    assert {one["health_status"] for one in pool["endpoints"][0]["lb_endpoints"]} == {"UNHEALTHY"}


def test_who_serves_must_be_there() -> None:
    with pytest.raises(ValueError, match="node3"):
        endpoints("write", pods=PODS, serving=["node3"])
