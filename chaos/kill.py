"""kill: SIGKILL to the mysqld container, as a crash, the OOM killer or `kubectl delete --force` would.

Bites when the container has ended with code 137 and its port refuses connections. Heals by starting the same
container again, on the same data and in the same network namespace. Does not touch the agent beside it.
"""

from __future__ import annotations

from chaos.fault import Evidence
from chaos.probe import greeting
from cluster.cluster import Cluster


class Kill:
    name = "kill"
    teaches = "a crash: connections break at once, memory is gone, the disk is not"

    def inject(self, cluster: Cluster, pod: str) -> None:
        cluster.pods[pod].containers["mysqld"].kill(signal="SIGKILL")

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        container = cluster.pods[pod].containers["mysqld"]
        container.reload()
        state = container.attrs["State"]
        greeted = greeting(cluster, pod)
        return Evidence(
            ok=state["Status"] == "exited" and state["ExitCode"] == 137 and not greeted,
            seen={"container": state["Status"], "exit_code": state["ExitCode"], "greeting": greeted},
        )

    def heal(self, cluster: Cluster, pod: str) -> None:
        container = cluster.pods[pod].containers["mysqld"]
        container.reload()
        if container.status == "exited":
            container.start()

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        container = cluster.pods[pod].containers["mysqld"]
        container.reload()
        return Evidence(ok=container.status == "running", seen={"container": container.status})
