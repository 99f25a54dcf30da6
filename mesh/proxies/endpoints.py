"""What a proxy says of its endpoints, read through the admin interface of each product.

One pure function a product turns its answer into pool -> pod -> ``{"healthy": bool, "connections": int, "cut": int |
None}``; `endpoints` asks and picks the function, `Watch` asks again and again. Runs in the observer's pod and needs
only the standard library. ``cut``: sessions closed because the endpoint failed, cumulative; None where the product does
not count them.
"""

from __future__ import annotations

import csv
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cluster.plain_http import open_url
from mesh.proxies import envoy_closed_sessions

Kind = Literal["envoy", "haproxy", "router"]
Endpoint = dict[str, Any]
Pools = dict[str, dict[str, Endpoint]]

POOLS = ("write", "read")
ROUTES = "/api/20190715/routes"  # the only version of Router's REST API so far
ROUTER_LISTS = ("destinations", "connections")


@dataclass(frozen=True, kw_only=True)
class Admin:
    """Where a proxy's admin interface is.

    url: without a path, such as ``http://198.18.0.31:8404``. authorization: the HTTP header it wants, or None.
    """

    kind: Kind
    url: str
    authorization: str | None = None


def endpoints(admin: Admin, *, pods: Mapping[str, str], timeout_s: float) -> Pools:
    """Ask a proxy once. pods: address -> name. Raises OSError, ValueError or KeyError without a usable answer."""

    def get(path: str) -> str:
        return _get(admin, path, timeout_s)

    match admin.kind:
        case "envoy":
            return envoy_endpoints(json.loads(get("/clusters?format=json"))["cluster_statuses"], pods)
        case "haproxy":
            return haproxy_endpoints(get("/stats;csv;norefresh"))
        case "router":
            return router_endpoints(
                {
                    pool: {what: json.loads(get(f"{ROUTES}/{pool}/{what}"))["items"] for what in ROUTER_LISTS}
                    for pool in POOLS
                },
                pods,
            )


def _get(admin: Admin, path: str, timeout_s: float) -> str:
    headers = {"Authorization": admin.authorization} if admin.authorization else {}
    request = urllib.request.Request(admin.url + path, headers=headers)
    try:
        with open_url(request, timeout_s=timeout_s) as said:
            return str(said.read().decode())
    except urllib.error.HTTPError as refused:
        refused.close()  # it is the answer too, and holds the connection
        raise


class Watch:
    """One proxy, asked again and again: Envoy's cut sessions are known only from one sample to the next."""

    def __init__(self, admin: Admin, *, pods: Mapping[str, str], timeout_s: float) -> None:
        self._admin, self._pods, self._timeout_s = admin, pods, timeout_s
        self._cuts = envoy_closed_sessions.Cuts()

    def endpoints(self) -> Pools:
        """As the function `endpoints`, with ``cut`` wherever it can be told."""
        pools = endpoints(self._admin, pods=self._pods, timeout_s=self._timeout_s)
        if self._admin.kind == "envoy":
            self._cuts.fill(
                pools, envoy_closed_sessions.totals(_get(self._admin, envoy_closed_sessions.PATH, self._timeout_s))
            )
        return pools


def envoy_endpoints(clusters: list[dict[str, Any]], pods: Mapping[str, str]) -> Pools:
    """Envoy's ``/clusters?format=json``. pods: address -> name."""
    pools: Pools = {}
    for cluster in clusters:
        pool = pools.setdefault(cluster["name"], {})
        for host in cluster.get("host_statuses", []):
            address = host["address"]["socket_address"]["address"]
            health = host.get("health_status", {})
            gauges = {one["name"]: int(one.get("value", 0)) for one in host.get("stats", [])}
            pool[pods.get(address) or host.get("hostname") or address] = {  # beside mysqld it is loopback
                "healthy": health.get("eds_health_status") == "HEALTHY"
                and not any(value is True for key, value in health.items() if key.startswith("failed_")),
                "connections": gauges.get("cx_active", 0),
                "cut": None,
            }
    return pools


def haproxy_endpoints(text: str) -> Pools:
    """HAProxy's statistics as CSV (its management guide, 9.1): one row a server, in a backend named after the pool.

    A server with status ``UP 1/3`` is failing its checks but not out yet: it still gets sessions.
    """
    pools: Pools = {}
    for row in csv.DictReader(text.removeprefix("# ").splitlines()):
        if row["svname"] in ("FRONTEND", "BACKEND"):
            continue
        pools.setdefault(row["pxname"], {})[row["svname"]] = {
            "healthy": row["status"].startswith("UP"),
            "connections": int(row["scur"]),
            "cut": None,
        }
    return pools


def router_endpoints(pools: Mapping[str, Mapping[str, list[dict[str, Any]]]], pods: Mapping[str, str]) -> Pools:
    """Router's lists of destinations and connections, by pool. pods: address -> name.

    A pod is healthy when Router would send it the next session: it is a destination, and in the read pool not the
    primary that stands in only when no replica is left. With static routing every destination always is.
    """
    listed = {
        pool: {pods.get(one["address"], one["address"]) for one in lists["destinations"]}
        for pool, lists in pools.items()
    }
    healthy = {**listed, "read": listed["read"] - listed["write"] or listed["read"]}
    return {
        pool: {
            pod: {
                "healthy": pod in healthy[pool],
                "connections": sum(
                    one["destinationAddress"].rpartition(":")[0] == address for one in lists["connections"]
                ),
                "cut": None,
            }
            for address, pod in pods.items()
        }
        for pool, lists in pools.items()
    }
