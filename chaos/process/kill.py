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
from cluster.platform.platform import RUNNING, exited

SIGKILLED = exited(137)


@dataclass(frozen=True, kw_only=True)
class Kill:
    """hits: the part of the pod that is killed."""

    hits: str = "node"
    name = "kill"
    teaches = "a crash: connections break at once, memory is gone, the disk is not"
    lasts = True
    isolates_from = ()

    def aimed(self, part: str, peers: tuple[str, ...]) -> Kill:
        del peers
        return Kill(hits=part)

    def inject(self, cluster: Cluster, pod: str) -> None:
        process(cluster, pod, self.hits).kill()

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        state = process(cluster, pod, self.hits).state()
        answered = answers(cluster, pod, self.hits)
        return Evidence(
            ok=state == SIGKILLED and not answered,
            seen={"container": state.word, "exit_code": state.code, "answers": answered},
        )

    def heal(self, cluster: Cluster, pod: str) -> None:
        container = process(cluster, pod, self.hits)
        if container.state().word == "exited":
            container.start()

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        state, answered = process(cluster, pod, self.hits).state(), answers(cluster, pod, self.hits)
        seen: dict[str, object] = {"container": state.word, "answers": answered}
        if self.hits == "proxy":
            seen["routes"] = answered = bool(routes(cluster, pod))
        return Evidence(ok=state == RUNNING and answered, seen=seen)
