"""What HAProxy and Router say of their endpoints, as pool -> pod -> health and connections."""

from __future__ import annotations

import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from mesh.endpoints import Admin, endpoints, settings
from mesh.proxies.haproxy import haproxy_endpoints
from mesh.proxies.router import router_endpoints

PODS = {"198.18.0.11": "node1", "198.18.0.12": "node2", "198.18.0.13": "node3"}

STATISTICS = """\
# pxname,svname,qcur,qmax,scur,smax,slim,stot,status
stats,FRONTEND,,,1,2,9982,7,OPEN
write-in,FRONTEND,,,3,3,9982,3,OPEN
write,node1,0,0,3,3,,3,UP
write,node2,0,0,0,0,,0,DOWN
write,BACKEND,0,0,3,3,999,3,UP
read,node1,0,0,0,0,,0,DOWN 1/2
read,node2,0,0,2,2,,2,UP 1/3
read,BACKEND,0,0,2,2,999,2,UP
"""


def test_haproxy_s_servers_are_read_from_its_statistics() -> None:
    assert haproxy_endpoints(STATISTICS) == {
        "write": {
            "node1": {"healthy": True, "connections": 3, "cut": None},
            "node2": {"healthy": False, "connections": 0, "cut": None},
        },
        "read": {
            "node1": {"healthy": False, "connections": 0, "cut": None},  # one good check, not yet enough
            "node2": {"healthy": True, "connections": 2, "cut": None},  # one failed check, not yet out
        },
    }


def router(*, write: list[str], read: list[str], sessions: dict[str, list[str]]) -> dict[str, dict[str, bool]]:
    """Pool -> pod -> healthy. write, read: destinations; sessions: pool -> addresses of the servers of its sessions."""

    def lists(pool: str, destinations: list[str]) -> dict[str, list[dict[str, Any]]]:
        return {
            "destinations": [{"address": one, "port": 3306} for one in destinations],
            "connections": [{"destinationAddress": f"{one}:3306"} for one in sessions.get(pool, [])],
        }

    pools = router_endpoints({"write": lists("write", write), "read": lists("read", read)}, PODS)
    for pool, pods in pools.items():
        for address, pod in PODS.items():
            assert pods[pod]["connections"] == sessions.get(pool, []).count(address)
    return {pool: {pod: one["healthy"] for pod, one in pods.items()} for pool, pods in pools.items()}


def test_router_s_sessions_are_counted_by_server() -> None:
    router(write=["node1"], read=["node2"], sessions={"write": ["198.18.0.11"] * 3, "read": ["198.18.0.13"]})


def test_a_pod_that_is_no_destination_of_router_is_out() -> None:
    health = router(write=["node1"], read=["node1", "node3"], sessions={})
    assert health["write"] == {"node1": True, "node2": False, "node3": False}


def test_the_primary_serves_reads_only_when_no_replica_is_left() -> None:
    assert router(write=["node1"], read=["node1", "node2"], sessions={})["read"]["node1"] is False
    assert router(write=["node1"], read=["node1"], sessions={})["read"]["node1"] is True


def test_without_a_primary_no_pod_gets_writes() -> None:
    health = router(write=[], read=["node2", "node3"], sessions={})
    assert not any(health["write"].values())
    assert health["read"] == {"node1": False, "node2": True, "node3": True}


def test_static_destinations_may_be_addresses_and_are_all_in() -> None:
    assert router(write=list(PODS), read=list(PODS)[1:], sessions={})["write"] == dict.fromkeys(PODS.values(), True)


def test_a_proxy_that_refuses_keeps_no_connection() -> None:
    """As Router does before it knows its routes."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:  # 501, to whatever is asked
        threading.Thread(target=server.serve_forever, daemon=True).start()
        admin = Admin(kind="router", url=f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(urllib.error.HTTPError) as refused:
            endpoints(admin, pods={}, timeout_s=5)
        assert refused.value.closed
        server.shutdown()


def test_settings_in_force_are_told_as_a_scenario_writes_them() -> None:
    text = "timeout check 500ms\n default-server check inter 250ms fall 2 rise 1\n"
    told = settings(Admin(kind="haproxy", url="http://nobody"), read=lambda _: text, timeout_s=1)
    assert told == {"check_interval": "250ms", "check_timeout": "500ms", "fall": 2, "rise": 1}
