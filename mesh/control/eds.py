"""Envoy's endpoint discovery as files: one for writes, one for reads, each replaced by renaming.

Envoy reloads a watched path only when a file is moved into place. Every pod stays an endpoint: one that must not serve
is UNHEALTHY, since a removed endpoint keeps its sessions. Format: Envoy API v3, ``DiscoveryResponse`` with one
``ClusterLoadAssignment`` of the cluster ``write`` or ``read``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cluster.agent import PORT as AGENT_PORT

MYSQL_PORT = 3306


def response(pool: str, pods: Mapping[str, str], serving: Collection[str], *, version: int) -> dict[str, Any]:
    """pods: name -> address. serving: the pods that may serve this pool."""
    endpoints = [
        {
            "endpoint": {
                "hostname": name,
                "address": {"socket_address": {"address": address, "port_value": MYSQL_PORT}},
                "health_check_config": {"port_value": AGENT_PORT},
            },
            "health_status": "HEALTHY" if name in serving else "UNHEALTHY",
        }
        for name, address in pods.items()
    ]
    return {
        "version_info": str(version),
        "resources": [
            {
                "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
                "cluster_name": pool,
                "endpoints": [{"lb_endpoints": endpoints}],
            }
        ],
    }


def publish(
    folder: Path, pods: Mapping[str, str], *, write: Collection[str], read: Collection[str], version: int
) -> None:
    """Write both files; whoever loses writes does so before anybody gains them, since it is one file."""
    for pool, serving in (("write", write), ("read", read)):
        scratch = folder / f".{pool}.json"
        scratch.write_text(json.dumps(response(pool, pods, serving, version=version)))
        scratch.chmod(0o644)
        scratch.replace(folder / f"{pool}.json")
