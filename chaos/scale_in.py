"""scale-in: one replica less, under load: drained, forgotten, out of its group or off its source, and then stopped.

Draining is the control plane's: the pod gets no new sessions, and those it has end in order, or after a while with it.
Shows when the pod is no pod of the cluster any more and the control plane's assignment is without it. Not undone.
"""

from __future__ import annotations

import logging

from chaos.fault import Evidence
from chaos.probe import control_plane
from cluster.cluster import Cluster
from cluster.elastic import remove_pod
from cluster.wait import WaitTimeoutError, wait_until

log = logging.getLogger("meshbench")

#: How long sessions get to end by themselves.
DRAIN_TIMEOUT_S = 10.0


class ScaleIn:
    name = "scale-in"
    teaches = "shrinking under load: whether the sessions of a replica that leaves end in order"
    lasts = False

    def inject(self, cluster: Cluster, pod: str) -> None:
        control_plane(cluster).drain_pod(pod)
        try:
            wait_until(f"{pod} has no session", lambda: _sessions(cluster, pod) == 0, timeout_s=DRAIN_TIMEOUT_S)
        except WaitTimeoutError as error:
            log.info("%s; it leaves all the same", error)
        control_plane(cluster).remove_pod(pod)
        remove_pod(cluster, pod)

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        counted = pod in cluster.pods
        published = pod in control_plane(cluster).assignment().pods
        return Evidence(ok=not counted and not published, seen={"counted": counted, "published": published})

    def heal(self, cluster: Cluster, pod: str) -> None:
        """A pod that left does not come back."""

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        return self.effect(cluster, pod)


def _sessions(cluster: Cluster, pod: str) -> int:
    """How many sessions of the application the pod holds."""
    with cluster.connection(pod) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM performance_schema.processlist WHERE USER = 'meshbench_app'")
        return int(cursor.fetchone()[0])
