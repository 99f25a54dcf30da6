"""scale-in: one replica less, under load: drained, forgotten, out of its group or off its source, and then stopped.

Draining is the control plane's: the pod gets no new sessions, and those it has end in order, or after a while with it.
Shows when the pod is no pod of the cluster any more and the control plane's assignment is without it. Not undone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import ask, published
from chaos.topologies import REPLICATED
from cluster.cluster import Cluster
from cluster.operations.scaling import remove_pod
from cluster.wait import WaitTimeoutError, wait_until

log = logging.getLogger("meshbench")

#: How long sessions get to end by themselves.
DRAIN_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class ScaleIn(Fault):
    name = "scale-in"
    does = "shrinking under load: whether the sessions of a replica that leaves end in order"
    bites = "the pod is none of the cluster any more, and the control plane counts without it"
    heals = "not undone"
    good = "sessions end in order: no failed operation beyond a retry"
    known_as = "kubectl scale --replicas; Jepsen membership nemesis"
    targets = ("one_replica",)
    topologies = REPLICATED
    least_pods = 2
    lasts = False
    hits = "node"
    intends = "pod_removed"
    refuted_by = Refutations(bitten={"counted": (True,), "published": (True,)})

    def on(self, victim: Victim, context: Context) -> Removal:
        return Removal(fault=self, victim=victim, context=context)


class Removal(Injection[ScaleIn]):
    def inject(self) -> None:
        cluster, pod = self.cluster, self.pod
        ask(f"{pod} is drained", lambda control: control.drain_pod(pod), cluster)
        try:
            wait_until(f"{pod} has no session", lambda: _sessions(cluster, pod) == 0, timeout_s=DRAIN_TIMEOUT_S)
        except WaitTimeoutError as error:
            log.info("%s; it leaves all the same", error)
        ask(f"{pod} is forgotten", lambda control: control.remove_pod(pod), cluster)
        remove_pod(cluster, pod)

    def effect(self) -> Evidence:
        counted, known = self.pod in self.cluster.pods, published(self.cluster, self.pod)
        return Evidence(ok=not counted and known is False, seen={"counted": counted, "published": known})

    def heal(self) -> None:
        """A pod that left does not come back."""

    def residue(self) -> Evidence:
        return self.effect()


def _sessions(cluster: Cluster, pod: str) -> int:
    """How many sessions of the application the pod holds."""
    with cluster.connect(pod) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM performance_schema.processlist WHERE USER = 'meshbench_app'")
        return int(cursor.fetchone()[0])
