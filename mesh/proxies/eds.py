"""Endpoint discovery by file: what Envoy's pools consist of, as the control plane publishes it (xDS, EDS version 3).

One file a pool, ``write.json`` and ``read.json``, in a volume that every Envoy of the run mounts at FOLDER. Envoy
reads a file again when it is renamed into place, never when it is written to, and does not start while one is missing.
Every pod stays an endpoint: one that must not serve is UNHEALTHY, which keeps new sessions from it. That alone closes
no session (tried on Envoy 1.40); the active check against the role agent does. Writes nothing itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cluster.agent.agent import PORT as AGENT_PORT

FOLDER = "/eds"
POOLS = ("write", "read")


def file_of(pool: str) -> str:
    return f"{FOLDER}/{pool}.json"


def volume_name(run_id: str) -> str:
    return f"meshbench-{run_id}-mesh"


def endpoints(pool: str, *, pods: Mapping[str, str], serving: Collection[str], port: int = 3306) -> dict[str, Any]:
    """The DiscoveryResponse for one pool. pods: name -> address; serving: names of those that may take sessions.

    Raises ValueError when ``serving`` names a pod that is not there.
    """
    if strangers := set(serving) - set(pods):
        raise ValueError(f"pool {pool}: {', '.join(sorted(strangers))} serves but is not among {', '.join(pods)}")
    members = [
        {
            "endpoint": {
                "hostname": name,  # also what a certificate must be made out to, where there is TLS
                "address": {"socket_address": {"address": address, "port_value": port}},
                "health_check_config": {"port_value": AGENT_PORT},
            },
            "health_status": "HEALTHY" if name in serving else "UNHEALTHY",
        }
        for name, address in pods.items()
    ]
    return {
        "resources": [
            {
                "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
                "cluster_name": pool,
                "endpoints": [{"lb_endpoints": members}],
            }
        ]
    }
