"""Starts the observer of a run: a pod of its own in the run's network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from cluster.cluster import Cluster
from cluster.platform import images
from cluster.platform.platform import Pod
from mesh.proxies.endpoints import Admin, Pools, endpoints

ASK_TIMEOUT_S = 1.0


def start_observer(cluster: Cluster, proxies: Mapping[str, Admin]) -> Pod:
    """Start the observer pod, and let those who ask the cluster of its proxies ask them too. proxies: name -> where its
    admin interface is."""
    cluster.proxies = {name: partial(_ask, cluster, admin) for name, admin in proxies.items()}
    plan = {
        "user": "meshbench_watch",
        "password": cluster.credentials.watch,
        "kind": cluster.topology.kind,
        "pods": cluster.expected_hosts,
        "proxies": {name: asdict(admin) for name, admin in proxies.items()},
    }
    pod = cluster.extra_pod("observer", cluster.network.address("observer"))
    pod.add(
        "observer",
        images.image("tools").tag,
        ["python3", "-m", "observer.observer"],
        env={"MESHBENCH_OBSERVE": json.dumps(plan)},
    )
    return pod


def _ask(cluster: Cluster, admin: Admin) -> Pools:
    pods = {address: pod for pod, address in cluster.hosts.items()}
    return endpoints(admin, pods=pods, timeout_s=ASK_TIMEOUT_S)
