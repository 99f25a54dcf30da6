"""oom: the memory limit of a node's container is squeezed until the kernel's OOM killer ends mysqld, as a buffer pool
that was sized for a larger host, or a leak, would have it.

The limit comes just above what mysqld cannot give back; then a small process in the same container takes what is left,
and the kernel kills the largest, which is mysqld. Bites when the engine says that the container was ended by the OOM
killer, with code 137. Heals by taking the limit away and starting the same container again.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, limitable, process
from chaos.process.kill import SIGKILLED
from chaos.resource.squeeze import MIB, lift, lifted, squeeze
from chaos.targets import NODES
from cluster.errors import EngineRefusedError

#: What is left above what mysqld cannot give back: far less than mysqld has itself, so that it is the largest.
LEFT_BYTES = 16 * MIB
#: Keeps all that it reads, and reads without end; every image has it.
EATER = ("tail", "/dev/zero")


@dataclass(frozen=True, kw_only=True)
class Oom(Fault):
    name = "oom"
    does = "out of memory: the kernel kills mysqld, in the middle of whatever it does"
    bites = "the engine says that the kernel's OOM killer ended the process, with code 137, and it answers no more"
    heals = "the limit is taken away, and the same container is started again, on the same data and address"
    good = "as after a crash: a replica takes over and no acknowledged write is lost"
    known_as = "Chaos Mesh StressChaos memory, until the OOM killer comes; roachtest oom"
    targets = NODES
    needs = ("memory limit",)
    loses_node = True
    crashes = True
    refuted_by = Refutations(
        bitten={"oom_killed": (False,), "container": ("running",), "exit_code": (0,), "answers": (True,)},
        clean={"container": ("exited", "frozen"), "answers": (False,), "limited": (True,)},
    )

    def on(self, victim: Victim, context: Context) -> OutOfMemory:
        return OutOfMemory(fault=self, victim=victim, context=context)


class OutOfMemory(Injection[Oom]):
    def inject(self) -> None:
        squeeze(limitable(self.cluster, self.victim), self.pod, left_bytes=LEFT_BYTES)
        container = process(self.cluster, self.victim)
        try:
            container.exec(*EATER)
        except EngineRefusedError:
            if container.state().word != "exited":  # else mysqld itself has taken what was left
                raise

    def effect(self) -> Evidence:
        container = limitable(self.cluster, self.victim)
        state = process(self.cluster, self.victim).state()
        by_kernel, answered = container.out_of_memory(), answers(self.cluster, self.victim)
        seen = {
            "oom_killed": by_kernel,
            "container": state.word,
            "exit_code": state.code or 0,
            "answers": answered,
            "limit_bytes": container.limits().memory_bytes,
        }
        return Evidence(ok=by_kernel and state == SIGKILLED and not answered, seen=seen)

    def heal(self) -> None:
        lift(self)

    def residue(self) -> Evidence:
        return lifted(self)
