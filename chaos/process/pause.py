"""pause: freeze a container of the pod (cgroup freezer), as a stuck disk, a long stop-the-world or a paused VM would.

Bites when the engine says paused and the port takes connections but never answers: the kernel still accepts for a
process that no longer runs. A load pod, which listens to nobody, tells no more how far it is. Heals by thawing: the
process goes on where it was, unaware that time has passed.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Evidence
from chaos.probes import answers, process
from cluster.cluster import Cluster
from cluster.errors import EngineRefusedError, HarnessError
from cluster.platform.platform import FROZEN, CanFreeze
from cluster.wait import wait_until

FREEZE_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Pause:
    """hits: the part of the pod that is frozen."""

    hits: str = "node"
    name = "pause"
    teaches = "a hang: nothing answers, nothing is closed, and the old primary wakes up believing it still is one"
    lasts = True
    isolates_from = ()

    def aimed(self, part: str, peers: tuple[str, ...]) -> Pause:
        del peers
        return Pause(hits=part)

    def inject(self, cluster: Cluster, pod: str) -> None:
        def frozen() -> bool:
            if not self._paused(cluster, pod):
                self._freezable(cluster, pod).freeze()
            return True

        # On a busy machine runc may find tasks of a cgroup v1 that do not freeze in time, thaws them, and gives up.
        wait_until(f"the engine freezes {pod}", frozen, timeout_s=FREEZE_TIMEOUT_S, tolerate=EngineRefusedError)

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        paused = self._paused(cluster, pod)
        answered = self._answers(cluster, pod) if paused else True
        return Evidence(ok=paused and not answered, seen={"paused": paused, "answers": answered})

    def heal(self, cluster: Cluster, pod: str) -> None:
        if self._paused(cluster, pod):
            self._freezable(cluster, pod).thaw()

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        paused, answered = self._paused(cluster, pod), self._answers(cluster, pod)
        return Evidence(ok=not paused and answered, seen={"paused": paused, "answers": answered})

    def _answers(self, cluster: Cluster, pod: str) -> bool:
        """A load pod that has ended its work in order need not say anything any more."""
        if self.hits == "load" and process(cluster, pod, self.hits).state().word == "exited":
            return True
        return answers(cluster, pod, self.hits)

    def _paused(self, cluster: Cluster, pod: str) -> bool:
        return process(cluster, pod, self.hits).state() == FROZEN

    def _freezable(self, cluster: Cluster, pod: str) -> CanFreeze:
        container = process(cluster, pod, self.hits)
        if not isinstance(container, CanFreeze):
            raise HarnessError(f"{container.name}: nothing can be frozen where it runs")
        return container
