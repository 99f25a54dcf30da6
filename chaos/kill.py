"""kill: SIGKILL to the pod's main container, as a crash, the OOM killer or `kubectl delete --force` would.

Bites when the container has ended with code 137 and its port refuses connections. Heals by starting the same
container again, on the same data and in the same network namespace. Does not touch the agent beside it.
"""

from __future__ import annotations

from chaos.fault import Evidence
from chaos.probe import answers, process
from cluster.cluster import Cluster


class Kill:
    name = "kill"
    teaches = "a crash: connections break at once, memory is gone, the disk is not"
    lasts = True

    def inject(self, cluster: Cluster, pod: str) -> None:
        process(cluster, pod).kill(signal="SIGKILL")

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        state = process(cluster, pod).attrs["State"]
        answered = answers(cluster, pod)
        return Evidence(
            ok=state["Status"] == "exited" and state["ExitCode"] == 137 and not answered,
            seen={"container": state["Status"], "exit_code": state["ExitCode"], "answers": answered},
        )

    def heal(self, cluster: Cluster, pod: str) -> None:
        container = process(cluster, pod)
        if container.status == "exited":
            container.start()

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        running, answered = process(cluster, pod).status, answers(cluster, pod)
        return Evidence(ok=running == "running" and answered, seen={"container": running, "answers": answered})
