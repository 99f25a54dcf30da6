"""rolling-restart: every node is restarted in turn, replicas first and the primary last, each when the one before is
back in service and caught up.

Before its own turn the primary hands over, where the topology can: nobody restarts a primary under load. Each node has
a story of its own. It ends with the first node that does not come back.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Victim
from chaos.probes import ask
from chaos.process.restart import Restart, Restarted
from cluster.cluster import Cluster


@dataclass(frozen=True, kw_only=True)
class RollingRestart(Restart):
    name = "rolling-restart"
    does = "all nodes restarted in turn, as for a new kernel: one outage of a switchover, if any, and lag in between"
    bites = (
        "of each node: the process has ended, and the engine has started it anew; the primary has handed over before"
    )
    heals = "each node is back in service and caught up before the next; one that was interrupted is started"
    good = "no acknowledged write is lost, and writes stop once, for the switchover"
    known_as = "kubectl rollout restart; roachtest rolling-restart"
    targets = ("all", "replicas", "one_replica")
    least_pods = 2
    one_by_one = True

    def on(self, victim: Victim, context: Context) -> InTurn:
        return InTurn(fault=self, victim=victim, context=context)


class InTurn(Restarted):
    def inject(self) -> None:
        hand_over(self.cluster, self.pod)
        super().inject()


def hand_over(cluster: Cluster, pod: str) -> None:
    """If the pod leads alone, have another one lead; raises RefusedError where that is refused."""
    if cluster.topology.replication.no_switchover is None and cluster.membership.primary() == pod:
        ask(f"{pod} hands over", lambda control: control.switchover(), cluster)
