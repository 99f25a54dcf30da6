"""pause: freeze the pod's main container (cgroup freezer), as a stuck disk, a long stop-the-world or a paused VM would.

Bites when the engine says paused and the port takes connections but never answers: the kernel still accepts for a
process that no longer runs. Heals by thawing: the process goes on where it was, unaware that time has passed.
"""

from __future__ import annotations

from docker.errors import APIError

from chaos.fault import Evidence
from chaos.probe import answers, process
from cluster.cluster import Cluster
from cluster.wait import wait_until

FREEZE_TIMEOUT_S = 10.0


class Pause:
    name = "pause"
    teaches = "a hang: nothing answers, nothing is closed, and the old primary wakes up believing it still is one"
    lasts = True

    def inject(self, cluster: Cluster, pod: str) -> None:
        def frozen() -> bool:
            if not _paused(cluster, pod):
                process(cluster, pod).pause()
            return True

        # On a busy machine runc may find tasks of a cgroup v1 that do not freeze in time, thaws them, and gives up.
        wait_until(f"the engine freezes {pod}", frozen, timeout_s=FREEZE_TIMEOUT_S, tolerate=APIError)

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        paused, answered = _paused(cluster, pod), answers(cluster, pod)
        return Evidence(ok=paused and not answered, seen={"paused": paused, "answers": answered})

    def heal(self, cluster: Cluster, pod: str) -> None:
        if _paused(cluster, pod):
            process(cluster, pod).unpause()

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        paused, answered = _paused(cluster, pod), answers(cluster, pod)
        return Evidence(ok=not paused and answered, seen={"paused": paused, "answers": answered})


def _paused(cluster: Cluster, pod: str) -> bool:
    return bool(process(cluster, pod).attrs["State"]["Paused"])
