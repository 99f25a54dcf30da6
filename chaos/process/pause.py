"""pause: freeze a container of the pod (cgroup freezer), as a stuck disk, a long stop-the-world or a paused VM would.

Bites when the engine says paused and the port takes connections but never answers: the kernel still accepts for a
process that no longer runs. A load pod, which listens to nobody, tells no more how far it is. Heals by thawing: the
process goes on where it was, unaware that time has passed.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, process
from chaos.targets import AGENTS, NODES, SERVER_PROXIES
from cluster.errors import EngineRefusedError, HarnessError
from cluster.platform.platform import FROZEN, CanFreeze
from cluster.wait import wait_until

FREEZE_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Pause(Fault):
    name = "pause"
    does = "a hang: nothing answers, nothing is closed, and the old primary wakes up believing it still is one"
    bites = "the engine says frozen, and the port takes connections but never answers"
    heals = "the process is thawed and goes on, unaware that time has passed"
    good = "a replica takes over; the old primary, which wakes up and believes that it leads, has no write accepted"
    known_as = "Jepsen db/pause!; Pumba pause"
    targets = (*NODES, "control_plane", "proxy", "load", *AGENTS, *SERVER_PROXIES)
    needs = ("cgroup freezer",)
    loses_node = True
    refuted_by = Refutations(
        bitten={"paused": (False,), "answers": (True,)}, clean={"paused": (True,), "answers": (False,)}
    )

    def on(self, victim: Victim, context: Context) -> Frozen:
        return Frozen(fault=self, victim=victim, context=context)


class Frozen(Injection[Pause]):
    def inject(self) -> None:
        def frozen() -> bool:
            if not self._paused():
                self._freezable().freeze()
            return True

        # On a busy machine runc may find tasks of a cgroup v1 that do not freeze in time, thaws them, and gives up.
        wait_until(f"the engine freezes {self.pod}", frozen, timeout_s=FREEZE_TIMEOUT_S, tolerate=EngineRefusedError)

    def effect(self) -> Evidence:
        paused = self._paused()
        answered = self._answers() if paused else True
        return Evidence(ok=paused and not answered, seen={"paused": paused, "answers": answered})

    def heal(self) -> None:
        if self._paused():
            self._freezable().thaw()

    def residue(self) -> Evidence:
        paused, answered = self._paused(), self._answers()
        return Evidence(ok=not paused and answered, seen={"paused": paused, "answers": answered})

    def _answers(self) -> bool:
        """A load pod that has ended its work in order need not say anything any more."""
        if self.victim.part == "load" and process(self.cluster, self.victim).state().word == "exited":
            return True
        return answers(self.cluster, self.victim)

    def _paused(self) -> bool:
        return process(self.cluster, self.victim).state() == FROZEN

    def _freezable(self) -> CanFreeze:
        container = process(self.cluster, self.victim)
        if not isinstance(container, CanFreeze):
            raise HarnessError(f"{container.name}: nothing can be frozen where it runs")
        return container
