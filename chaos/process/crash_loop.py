"""crash-loop: a node is started and dies, started and dies, as with an option that mysqld does not survive, or with
data that crash it at recovery.

Its own program is killed soon after each start, before it answers. Bites when it was started and has died at least
twice, and never answered in between. Heals by ending that and starting it once more.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Fault, Refutations, Victim
from chaos.process.cycles import LEAST, Cycles, Cycling, killed
from chaos.targets import NODES
from cluster.keys import duration
from cluster.platform.platform import Process


@dataclass(frozen=True, kw_only=True)
class CrashLoop(Fault):
    lives: float = duration("how long it lives after each start", default=0.2, at_least=0.0, at_most=10.0)
    back_off: float = duration("how long until it is started again", default=1.0, at_least=0.1, at_most=60.0)

    name = "crash-loop"
    does = "a node that dies at every start: whoever restarts it does so for nothing, and must not wait for it"
    bites = "it was started and has died at least twice"
    heals = "the loop ends, and the same container is started once more, on the same data and address"
    good = "a replica takes over and the rest goes on without the node; it is back once it stays up"
    known_as = "Kubernetes CrashLoopBackOff"
    targets = NODES
    loses_node = True
    crashes = True
    refuted_by = Refutations(
        bitten={"downs": (0, 1), "ups": (0, 1)},
        clean={"container": ("exited", "frozen"), "answers": (False,), "cycling": (True,)},
    )

    @property
    def proof_s(self) -> float:
        return LEAST * (self.lives + self.back_off)

    def on(self, victim: Victim, context: Context) -> Looping:
        return Looping(fault=self, victim=victim, context=context)


class Looping(Cycling[CrashLoop]):
    def cycles(self, container: Process) -> Cycles:
        return Cycles(
            down=lambda: killed(container),
            up=container.start,
            answers=self._answers,
            down_s=self.fault.back_off,
            up_s=self.fault.lives,
        )
