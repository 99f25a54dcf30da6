"""A container beside mysqld in its pod that sees mysqld's processes: for faults that reach into a running process.

It is of our base image, so that nothing is needed of the user's, and of the run, so that removing the run removes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from chaos.probes import pod_named
from cluster.cluster import Cluster
from cluster.platform.platform import Process


def companion(
    cluster: Cluster, pod: str, role: str, command: list[str], *, capabilities: Sequence[str] = ()
) -> Process:
    """The container of that role, running; made where it is not there yet, and started again where it has ended."""
    home = pod_named(cluster, pod)
    if (known := home.containers.get(role)) is None:
        return home.add(
            role,
            cluster.platform.image("base"),
            command,
            capabilities=capabilities,
            sees_processes_of="mysqld",
        )
    if known.state().word == "exited":
        known.start()
    return known


def companion_runs(cluster: Cluster, pod: str, role: str) -> bool:
    known = pod_named(cluster, pod).containers.get(role)
    return known is not None and known.state().word == "running"


def dismiss(cluster: Cluster, pod: str, role: str) -> None:
    """End it, if it runs."""
    if companion_runs(cluster, pod, role):
        pod_named(cluster, pod).containers[role].kill()
