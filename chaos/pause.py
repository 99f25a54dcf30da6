"""pause: freeze the mysqld container (cgroup freezer), as a stuck disk, a long stop-the-world or a paused VM would.

Bites when the engine says paused and the port takes connections but never greets: the kernel still accepts for a
process that no longer runs. Heals by thawing: the process goes on where it was, unaware that time has passed.
"""

from __future__ import annotations

from chaos.fault import Evidence
from chaos.probe import greeting
from cluster.cluster import Cluster


class Pause:
    name = "pause"
    teaches = "a hang: nothing answers, nothing is closed, and the old primary wakes up believing it still is one"

    def inject(self, cluster: Cluster, pod: str) -> None:
        cluster.pods[pod].containers["mysqld"].pause()

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        paused, greeted = self._paused(cluster, pod), greeting(cluster, pod)
        return Evidence(ok=paused and not greeted, seen={"paused": paused, "greeting": greeted})

    def heal(self, cluster: Cluster, pod: str) -> None:
        if self._paused(cluster, pod):
            cluster.pods[pod].containers["mysqld"].unpause()

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        paused = self._paused(cluster, pod)
        return Evidence(ok=not paused, seen={"paused": paused})

    def _paused(self, cluster: Cluster, pod: str) -> bool:
        container = cluster.pods[pod].containers["mysqld"]
        container.reload()
        return bool(container.attrs["State"]["Paused"])
