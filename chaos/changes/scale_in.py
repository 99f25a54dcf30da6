"""scale-in: one replica less, under load: drained, forgotten, out of its group or off its source, and then stopped.

Draining is the control plane's: the pod gets no new sessions, and those it has end in order, or after a while with it.
Shows when the pod is no pod of the cluster any more and the control plane's assignment is without it. Not undone.
"""

from __future__ import annotations

import logging

from chaos.fault import Change, Evidence
from chaos.probes import ask, published
from cluster.cluster import Cluster
from cluster.operations.scaling import remove_pod
from cluster.wait import WaitTimeoutError, wait_until

log = logging.getLogger("meshbench")

#: How long sessions get to end by themselves.
DRAIN_TIMEOUT_S = 10.0


class ScaleIn(Change):
    name = "scale-in"
    teaches = "shrinking under load: whether the sessions of a replica that leaves end in order"

    def inject(self, cluster: Cluster, pod: str) -> None:
        ask(f"{pod} is drained", lambda control: control.drain_pod(pod), cluster)
        try:
            wait_until(f"{pod} has no session", lambda: _sessions(cluster, pod) == 0, timeout_s=DRAIN_TIMEOUT_S)
        except WaitTimeoutError as error:
            log.info("%s; it leaves all the same", error)
        ask(f"{pod} is forgotten", lambda control: control.remove_pod(pod), cluster)
        remove_pod(cluster, pod)

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        counted, known = pod in cluster.pods, published(cluster, pod)
        return Evidence(ok=not counted and known is False, seen={"counted": counted, "published": known})

    def heal(self, cluster: Cluster, pod: str) -> None:
        """A pod that left does not come back."""

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        return self.effect(cluster, pod)


def _sessions(cluster: Cluster, pod: str) -> int:
    """How many sessions of the application the pod holds."""
    with cluster.connection(pod) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM performance_schema.processlist WHERE USER = 'meshbench_app'")
        return int(cursor.fetchone()[0])
