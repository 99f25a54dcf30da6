"""What a proxy says of its endpoints, read through the admin interface of each product.

One pure function a product turns its answer into pool -> pod -> ``{"healthy": bool, "connections": int, "cut": int |
None}``; `endpoints` asks and picks the function. Runs in the observer's pod and needs only the standard library.
``cut``: sessions closed because the endpoint failed, cumulative; None where the product does not count them.
"""

from __future__ import annotations

import csv
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["envoy", "haproxy", "router"]
Endpoint = dict[str, Any]
Pools = dict[str, dict[str, Endpoint]]


@dataclass(frozen=True, kw_only=True)
class Admin:
    """Where a proxy's admin interface is. url: without a path, such as ``http://198.18.0.31:8404``."""

    kind: Kind
    url: str


def endpoints(admin: Admin, *, pods: Mapping[str, str], timeout_s: float) -> Pools:
    """Ask a proxy once. pods: address -> name. Raises OSError, ValueError or KeyError when it gives no usable answer."""
    if admin.kind == "haproxy":
        return haproxy_endpoints(_get(f"{admin.url}/stats;csv;norefresh", timeout_s))
    clusters = json.loads(_get(f"{admin.url}/clusters?format=json", timeout_s))
    return envoy_endpoints(clusters["cluster_statuses"], pods)


def _get(url: str, timeout_s: float) -> str:
    with urllib.request.urlopen(url, timeout=timeout_s) as answer:
        return str(answer.read().decode())


def envoy_endpoints(clusters: list[dict[str, Any]], pods: Mapping[str, str]) -> Pools:
    """Envoy's ``/clusters?format=json``. pods: address -> name."""
    pools: Pools = {}
    for cluster in clusters:
        pool = pools.setdefault(cluster["name"], {})
        for host in cluster.get("host_statuses", []):
            address = host["address"]["socket_address"]["address"]
            health = host.get("health_status", {})
            gauges = {one["name"]: int(one.get("value", 0)) for one in host.get("stats", [])}
            pool[pods.get(address, address)] = {
                "healthy": health.get("eds_health_status") == "HEALTHY"
                and not any(value is True for key, value in health.items() if key.startswith("failed_")),
                "connections": gauges.get("cx_active", 0),
                "cut": None,
            }
    return pools


def haproxy_endpoints(text: str) -> Pools:
    """HAProxy's statistics as CSV (its management guide, 9.1): one row a server, in a backend named after the pool.

    A status such as ``UP 1/2`` (one good check of two so far) still gets sessions.
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
