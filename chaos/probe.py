"""Probes that more than one fault needs: what a fault breaks in a pod, and does it answer?

Of a MySQL pod that is mysqld, which greets; of the control plane its own process, which speaks HTTP.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

from docker.models.containers import Container

from cluster import agent
from cluster.assignment import CONTROL_PORT
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.mysqld import PORT
from cluster.pod import Pod
from cluster.steering import Steering
from cluster.wait import wait_until

TIMEOUT_S = 1.0
ASK_TIMEOUT_S = 10.0


def control_plane(cluster: Cluster) -> Steering:
    """The control plane of the run; raises HarnessError when there is none."""
    if cluster.steering is None:
        raise HarnessError("this cluster has no control plane to ask")
    return cluster.steering


def ask(what: str, request: Callable[[Steering], object], cluster: Cluster) -> None:
    """Ask the control plane until it agrees: while it is in the middle of something, it refuses.

    what: completes "wait until …". Raises HarnessError with its last refusal after ASK_TIMEOUT_S.
    """
    control = control_plane(cluster)

    def agreed() -> bool:
        try:
            request(control)
        except OSError as silence:
            raise HarnessError(f"the control plane does not answer: {silence}") from silence
        return True

    wait_until(what, agreed, timeout_s=ASK_TIMEOUT_S, poll_s=0.2, tolerate=HarnessError)


def published(cluster: Cluster, name: str) -> bool | None:
    """Whether the control plane counts a pod; None when it does not answer."""
    try:
        return name in control_plane(cluster).assignment().pods
    except OSError:
        return None


def pod_named(cluster: Cluster, name: str) -> Pod:
    """A MySQL pod, or a pod of another room."""
    return cluster.pods[name] if name in cluster.pods else cluster.guests[name]


def process(cluster: Cluster, name: str) -> Container:
    """The container that a fault breaks, its state as the engine knows it now."""
    container = pod_named(cluster, name).containers["mysqld" if name in cluster.pods else name]
    container.reload()
    return container


def answers(cluster: Cluster, name: str) -> bool:
    """Whether the pod answers a new connection from the host within TIMEOUT_S: mysqld greets, others speak HTTP."""
    address = pod_named(cluster, name).address
    if name in cluster.pods:
        return agent.greets(address, port=PORT, timeout_s=TIMEOUT_S)
    try:
        with urllib.request.urlopen(f"http://{address}:{CONTROL_PORT}/assignment", timeout=TIMEOUT_S):
            return True
    except urllib.error.HTTPError as refused:
        refused.close()
        return True
    except OSError:
        return False


def reached(cluster: Cluster, name: str, *, peer: str) -> bool:
    """Whether a TCP connection from one pod to another's port opens within TIMEOUT_S."""
    return reached_from(pod_named(cluster, peer), pod_named(cluster, name).address, port=port_of(cluster, name))


def reached_from(peer: Pod, address: str, *, port: int = PORT) -> bool:
    """Whether a TCP connection from another pod to a port of ``address`` opens within TIMEOUT_S."""
    code, _ = peer.probe_in_namespace("timeout", str(TIMEOUT_S), "bash", "-c", f": < /dev/tcp/{address}/{port}")
    return code == 0


def port_of(cluster: Cluster, name: str) -> int:
    return PORT if name in cluster.pods else CONTROL_PORT


def bystander(cluster: Cluster, name: str, peers: tuple[str, ...] = ()) -> str | None:
    """Another pod of the run that is none of ``peers``: a MySQL pod where there is one, else a proxy or load pod.

    Never the observer, which no partition cuts off. None when there is no such pod.
    """
    others = [*cluster.pods, *(guest for guest in cluster.guests if guest != "observer")]
    return next((one for one in others if one != name and one not in peers), None)


def is_replica_to_proxies(cluster: Cluster, name: str) -> bool:
    """Whether the pod's role agent tells proxies that it is a replica to read from (or, where all lead, in service)."""
    path = "/health" if cluster.topology.kind == "group-multi" else "/replica"
    try:
        with urllib.request.urlopen(f"http://{cluster.hosts[name]}:{agent.PORT}{path}", timeout=TIMEOUT_S):
            return True
    except OSError:  # an answer other than 200 is one, too
        return False
