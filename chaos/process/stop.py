"""stop: end a container of the pod in order (SIGTERM), as a host that is shut down or `kubectl delete` would.

mysqld rolls back what is open, flushes, and says goodbye to its group or its replicas. Bites when it has ended by
itself, not by the SIGKILL that comes after the grace, and answers no more. Heals by starting the same container again.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, process
from chaos.process.kill import stands_again, start_again
from chaos.targets import NODES
from cluster.keys import duration

GRACE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Stop(Fault):
    grace: float = duration(
        "how long it may take to end in order; then it is killed, and this fault has not bitten",
        default=GRACE_S,
        at_least=1.0,
        at_most=300.0,
    )

    name = "stop"
    does = "a shutdown in order: nothing is lost, sessions are ended, and the node is gone until it is started again"
    bites = "the process has ended with code 0, and answers no more"
    heals = "the same container is started again, on the same data and address"
    good = "a replica takes over at once, since the node says goodbye; no acknowledged write is lost"
    known_as = "Chaos Mesh PodChaos pod-kill with a gracePeriod; roachtest node stop; systemctl stop mysql"
    targets = NODES
    loses_node = True
    may_stay = True
    refuted_by = Refutations(
        bitten={"container": ("running",), "exit_code": (137,), "answers": (True,)},
        clean={"container": ("exited", "frozen"), "answers": (False,)},
    )

    def on(self, victim: Victim, context: Context) -> Stopped:
        return Stopped(fault=self, victim=victim, context=context)


class Stopped(Injection[Stop]):
    def inject(self) -> None:
        process(self.cluster, self.victim).kill(grace_s=round(self.fault.grace))

    def effect(self) -> Evidence:
        state = process(self.cluster, self.victim).state()
        answered = answers(self.cluster, self.victim)
        return Evidence(
            ok=state.code == 0 and not answered,
            seen={"container": state.word, "exit_code": state.code, "answers": answered},
        )

    def heal(self) -> None:
        start_again(self)

    def residue(self) -> Evidence:
        return stands_again(self)
