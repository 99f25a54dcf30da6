"""Starts the observer of a run: a pod of its own in the run's network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from cluster.cluster import Cluster
from cluster.guests import open_guest
from cluster.platform.platform import Pod
from mesh.endpoints import Admin


def start_observer(cluster: Cluster, proxies: Mapping[str, Admin]) -> Pod:
    """Start the observer pod. proxies: name -> where its admin interface is."""
    plan = {
        "user": "meshbench_watch",
        "password": cluster.credentials.watch,
        "kind": cluster.topology.kind,
        "pods": cluster.nodes.expected_hosts,
        "proxies": {name: asdict(admin) for name, admin in proxies.items()},
    }
    pod = open_guest(cluster.nodes, "observer", cluster.network.address("observer"))
    pod.add(
        "observer",
        cluster.platform.image("tools"),
        ["python3", "-m", "observer.observer"],
        env={"MESHBENCH_OBSERVE": json.dumps(plan)},
    )
    return pod
