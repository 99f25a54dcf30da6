"""Probes that more than one fault needs: does a pod's MySQL port connect, and does it greet?"""

from __future__ import annotations

from cluster.agent import greets
from cluster.cluster import Cluster
from cluster.mysqld import PORT
from cluster.pod import Pod

TIMEOUT_S = 1.0


def greeting(cluster: Cluster, pod: str) -> bool:
    """Whether the pod's mysqld answers a new connection from the host within TIMEOUT_S."""
    return greets(cluster.pods[pod].address, port=PORT, timeout_s=TIMEOUT_S)


def reached_from(peer: Pod, address: str) -> bool:
    """Whether a TCP connection from another pod to ``address``'s MySQL port opens within TIMEOUT_S."""
    code, _ = peer.probe_in_namespace("timeout", str(TIMEOUT_S), "bash", "-c", f": < /dev/tcp/{address}/{PORT}")
    return code == 0


def peer_of(cluster: Cluster, pod: str) -> Pod:
    """Another pod of the run: a MySQL pod where there is one, else a proxy or load pod (never the observer)."""
    peers = [one for name, one in cluster.pods.items() if name != pod]
    guests = [one for name, one in cluster.guests.items() if name != "observer"]
    return [*peers, *guests][0]
