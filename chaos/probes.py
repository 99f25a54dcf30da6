"""Probes that more than one fault needs: what a fault breaks in a pod, and does it answer?

Of a MySQL pod that is mysqld, which greets; of the control plane and of a role agent its own process, which speaks
HTTP; of a proxy its admin interface. A load pod answers nobody: it tells every second how far it is.
"""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Callable, Mapping
from typing import Any

from chaos.fault import Victim
from cluster.agent import agent
from cluster.agent.assignment import CONTROL_PORT
from cluster.cluster import Cluster
from cluster.control_plane import POD, ControlPlane
from cluster.errors import HarnessError, RefusedError
from cluster.mysqld.mysqld import PORT
from cluster.plain_http import open_url
from cluster.platform.platform import CanLimit, Pod, Process
from cluster.wait import WaitTimeoutError, wait_until

TIMEOUT_S = 1.0
ASK_TIMEOUT_S = 10.0
#: A load pod tells how far it is once a second.
TOLD_EVERY_S = 1.6
#: The container of each part of a pod; of a proxy the front says it.
CONTAINERS = {"node": "mysqld", "agent": "agent", "control_plane": "control", "load": "locust"}


def ask(what: str, request: Callable[[ControlPlane], object], cluster: Cluster) -> None:
    """Ask the control plane until it agrees: while it is in the middle of something, it refuses.

    what: completes "wait until …". Raises RefusedError with its last refusal, or its silence, after ASK_TIMEOUT_S.
    """
    control = cluster.control

    def agreed() -> bool:
        try:
            request(control)
        except OSError as silence:
            raise RefusedError(f"the control plane does not answer: {silence}") from silence
        return True

    try:
        wait_until(what, agreed, timeout_s=ASK_TIMEOUT_S, poll_s=0.2, tolerate=RefusedError)
    except WaitTimeoutError as never:
        raise RefusedError(str(never)) from never


def published(cluster: Cluster, name: str) -> bool | None:
    """Whether the control plane counts a pod; None when it does not answer."""
    try:
        return name in cluster.control.assignment().pods
    except OSError:
        return None


def pod_named(cluster: Cluster, name: str) -> Pod:
    """A MySQL pod, or a pod of another room."""
    return cluster.pods[name] if name in cluster.pods else cluster.guests[name]


def process(cluster: Cluster, victim: Victim) -> Process:
    """The container of that part of a pod."""
    containers = pod_named(cluster, victim.pod).containers
    roles = cluster.front.containers if victim.part == "proxy" else (CONTAINERS[victim.part],)
    container = next((containers[role] for role in roles if role in containers), None)
    if container is None:
        raise HarnessError(f"{victim.pod} has no {victim.part}; it has {', '.join(containers)}")
    return container


def limitable(cluster: Cluster, victim: Victim) -> CanLimit:
    """The same container, for faults of its resources; raises HarnessError where nothing can be limited."""
    container = process(cluster, victim)
    if not isinstance(container, CanLimit):
        raise HarnessError(f"{container.name}: nothing can be limited where it runs")
    return container


def load_pods(cluster: Cluster) -> list[str]:
    return sorted(name for name, pod in cluster.guests.items() if "locust" in pod.containers and name != "load-master")


def proxy_pods(cluster: Cluster) -> list[str]:
    """The pods with a proxy of the clients: a gateway, or every load pod with its sidecar."""
    return sorted(name for name, pod in cluster.guests.items() if set(cluster.front.containers) & set(pod.containers))


def answers(cluster: Cluster, victim: Victim) -> bool:
    """Whether that part of a pod answers the host within TIMEOUT_S (a load pod: tells within TOLD_EVERY_S)."""
    address = pod_named(cluster, victim.pod).address
    match victim.part:
        case "node":
            return agent.greets(address, port=PORT, timeout_s=TIMEOUT_S)
        case "agent":
            return _speaks_http(f"http://{address}:{agent.PORT}/health")
        case "control_plane":
            return _speaks_http(f"http://{address}:{CONTROL_PORT}/assignment")
        case "proxy":
            return routes(cluster, victim.pod) is not None
    return _tells(process(cluster, victim))


def routes(cluster: Cluster, name: str) -> bool | None:
    """Whether a pod's proxy would send a new session anywhere; None when its admin interface does not answer."""
    try:
        pools = _proxy(cluster, name)()
    except (OSError, ValueError, KeyError):
        return None
    return any(one["healthy"] for pool in pools.values() for one in pool.values())


def _proxy(cluster: Cluster, pod: str) -> Callable[[], Mapping[str, Mapping[str, Mapping[str, Any]]]]:
    """Proxies are named after their pod: ``gateway``, ``sidecar-load1``, ``server-node1``."""
    found = next(
        (one for name, one in cluster.front.proxies().items() if name == pod or name.endswith(f"-{pod}")), None
    )
    if found is None:
        raise HarnessError(f"the proxy of {pod} has no admin interface that is known")
    return found


def _speaks_http(url: str) -> bool:
    try:
        with open_url(url, timeout_s=TIMEOUT_S):
            return True
    except urllib.error.HTTPError as refused:
        refused.close()
        return True
    except OSError:
        return False


def _tells(container: Process) -> bool:
    """Whether the container prints: two looks at its last line, further apart than it is ever silent."""
    before = container.logs(tail=1)
    time.sleep(TOLD_EVERY_S)
    return bool(container.logs(tail=1) != before)


def reached(cluster: Cluster, name: str, *, peer: str, port: int | None = None) -> bool:
    """Whether a TCP connection between two pods opens within TIMEOUT_S: to the first, or where that is a load pod,
    which listens to nobody, from it to the other. port: if not that at which the pod listens anyway."""
    if name in load_pods(cluster):
        name, peer = peer, name
    return reached_from(pod_named(cluster, peer), pod_named(cluster, name).address, port=port or port_of(name))


def reached_from(peer: Pod, address: str, *, port: int = PORT) -> bool:
    """Whether a TCP connection from another pod to a port of ``address`` opens within TIMEOUT_S."""
    code, _ = peer.probe_in_namespace("timeout", str(TIMEOUT_S), "bash", "-c", f": < /dev/tcp/{address}/{port}")
    return code == 0


def port_of(name: str) -> int:
    """Where a pod listens: the control plane at its own port, MySQL pods and gateways at MySQL's."""
    return CONTROL_PORT if name == POD else PORT


def bystander(cluster: Cluster, name: str, peers: tuple[str, ...] = ()) -> str | None:
    """Another pod of the run that is none of ``peers``: a MySQL pod where there is one, else a proxy or load pod.

    Never the observer, which no partition cuts off. None when there is no such pod.
    """
    others = [*cluster.pods, *(guest for guest in cluster.guests if guest != "observer")]
    return next((one for one in others if one != name and one not in peers), None)


def is_replica_to_proxies(cluster: Cluster, name: str) -> bool:
    """Whether the pod's role agent tells proxies that it is a replica to read from (or, where all lead, in service)."""
    path = "/health" if cluster.topology.replication.multi_primary else "/replica"
    try:
        with open_url(f"http://{cluster.hosts[name]}:{agent.PORT}{path}", timeout_s=TIMEOUT_S):
            return True
    except OSError:  # an answer other than 200 is one, too
        return False
