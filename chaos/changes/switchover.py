"""switchover: the primary hands over on purpose, asked of the control plane, as before maintenance.

Shows when another pod is the primary, as a majority sees it. There is nothing to heal: the old primary goes on as a
replica, which is what must be shown of it afterwards.
"""

from __future__ import annotations

from chaos.fault import Change, Evidence
from cluster.cluster import Cluster
from cluster.wait import WaitTimeoutError

LOOK_TIMEOUT_S = 2.0


class Switchover(Change):
    name = "switchover"
    teaches = "a planned change of the primary: no acknowledged write may be lost, and the outage should be short"

    def inject(self, cluster: Cluster, pod: str) -> None:
        del pod  # the control plane knows who is primary
        cluster.control.switchover()  # once: a refusal is what was to be found out

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        try:
            primary = cluster.membership.primary(timeout_s=LOOK_TIMEOUT_S)
        except WaitTimeoutError:
            return Evidence(ok=False, seen={"primary": None})
        return Evidence(ok=primary != pod, seen={"primary": primary})

    def heal(self, cluster: Cluster, pod: str) -> None:
        """Nothing is broken."""

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        serving = cluster.membership.in_service(pod)
        return Evidence(ok=serving, seen={"in_service": serving})
