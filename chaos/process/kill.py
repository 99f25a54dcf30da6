"""kill: SIGKILL to a container of the pod, as a crash, the OOM killer or `kubectl delete --force` would.

Bites when the container has ended with code 137 and answers no more. Heals by starting the same container again, on the
same data and in the same network namespace. Does not touch the other containers of the pod: mysqld dies without its
agent, an agent or a proxy without what it speaks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, process, routes
from chaos.targets import AGENTS, NODES, SERVER_PROXIES
from cluster.platform.platform import RUNNING, exited

SIGKILLED = exited(137)


@dataclass(frozen=True, kw_only=True)
class Kill(Fault):
    name = "kill"
    does = "a crash: connections break at once, memory is gone, the disk is not"
    bites = "the process has ended with code 137 and answers no more"
    heals = "the same container is started again, on the same data and address"
    good = (
        "a replica takes over within the detection time and no acknowledged write is lost; the old primary comes "
        "back as a replica"
    )
    known_as = "Chaos Mesh PodChaos container-kill; Jepsen db/kill!; roachtest node kill"
    #: A load pod that is killed records nothing more.
    targets = (*NODES, "control_plane", "proxy", *AGENTS, *SERVER_PROXIES)
    loses_node = True
    crashes = True
    may_stay = True
    refuted_by = Refutations(
        bitten={"container": ("running",), "exit_code": (0,), "answers": (True,)},
        clean={"container": ("exited", "dead", "paused", "frozen"), "answers": (False,)},
    )

    def on(self, victim: Victim, context: Context) -> Killed:
        return Killed(fault=self, victim=victim, context=context)


class Killed(Injection[Kill]):
    def inject(self) -> None:
        process(self.cluster, self.victim).kill()

    def effect(self) -> Evidence:
        state = process(self.cluster, self.victim).state()
        answered = answers(self.cluster, self.victim)
        return Evidence(
            ok=state == SIGKILLED and not answered,
            seen={"container": state.word, "exit_code": state.code or 0, "answers": answered},
        )

    def heal(self) -> None:
        start_again(self)

    def residue(self) -> Evidence:
        return stands_again(self)


def start_again(injection: Injection[Any]) -> None:
    """Start the container if it has exited, whatever ended it."""
    container = process(injection.cluster, injection.victim)
    if container.state().word == "exited":
        container.start()


def stands_again(injection: Injection[Any]) -> Evidence:
    """Whether the container runs and does its work."""
    cluster, victim = injection.cluster, injection.victim
    state, answered = process(cluster, victim).state(), answers(cluster, victim)
    seen: dict[str, object] = {"container": state.word, "answers": answered}
    if victim.part == "proxy":
        seen["routes"] = answered = bool(routes(cluster, victim.pod))
    return Evidence(ok=state == RUNNING and answered, seen=seen)
