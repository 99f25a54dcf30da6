"""kill: SIGKILL to a container of the pod, as a crash, the OOM killer or `kubectl delete --force` would.

Bites when the container has ended with code 137 and answers no more. Heals by starting the same container again, on the
same data and in the same network namespace. Does not touch the other containers of the pod: mysqld dies without its
agent, an agent or a proxy without what it speaks for.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Evidence
from chaos.probes import answers, process, routes
from cluster.cluster import Cluster
from history.fault_lines import Hits


@dataclass(frozen=True, kw_only=True)
class Kill:
    """hits: the part of the pod that is killed."""

    hits: Hits = "node"
    name = "kill"
    teaches = "a crash: connections break at once, memory is gone, the disk is not"
    lasts = True
    isolates_from = ()

    def aimed(self, part: Hits, peers: tuple[str, ...]) -> Kill:
        del peers
        return Kill(hits=part)

    def inject(self, cluster: Cluster, pod: str) -> None:
        process(cluster, pod, self.hits).kill(signal="SIGKILL")

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        state = process(cluster, pod, self.hits).attrs["State"]
        answered = answers(cluster, pod, self.hits)
        return Evidence(
            ok=state["Status"] == "exited" and state["ExitCode"] == 137 and not answered,
            seen={"container": state["Status"], "exit_code": state["ExitCode"], "answers": answered},
        )

    def heal(self, cluster: Cluster, pod: str) -> None:
        container = process(cluster, pod, self.hits)
        if container.status == "exited":
            container.start()

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        running, answered = process(cluster, pod, self.hits).status, answers(cluster, pod, self.hits)
        seen: dict[str, object] = {"container": running, "answers": answered}
        if self.hits == "proxy":
            seen["routes"] = answered = bool(routes(cluster, pod))
        return Evidence(ok=running == "running" and answered, seen=seen)
