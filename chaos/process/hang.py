"""hang: mysqld is alive and takes connections, and nobody in it answers, as with a deadlock inside the server or a
storage that never returns.

A container beside it stops all of mysqld's threads with ptrace but the one that accepts connections; what that one
starts for new connections is stopped at its first instruction. So mysqld itself goes on to accept, which a frozen
container (`pause`) does not, and the agent beside it goes on, too. Bites when all threads but one are seen to be
stopped, a TCP connection opens, and no greeting comes. Heals by ending that container: the kernel lets go of what it
traced.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from chaos.companion import companion, companion_runs, dismiss
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import TIMEOUT_S, answers, pod_named, process
from chaos.process import tracer
from chaos.targets import NODES
from cluster.mysqld.mysqld import PORT

ROLE = "hang"


@dataclass(frozen=True, kw_only=True)
class Hang(Fault):
    name = "hang"
    does = "a server that hangs: connections open and no answer comes, for old sessions and new ones"
    bites = "all threads but the acceptor are stopped; a connection opens, and no greeting comes"
    heals = "the tracer is ended, and the threads go on where they were"
    good = "a health check that only opens a connection is fooled; one that asks is not, and a replica takes over"
    known_as = "gdb attach; Jepsen db/pause! as clients see it"
    targets = NODES
    needs = ("ptrace",)
    loses_node = True
    refuted_by = Refutations(
        bitten={"stopped_threads": (0,), "accepts": (False,), "answers": (True,)},
        clean={"tracer": (True,), "answers": (False,)},
    )

    def on(self, victim: Victim, context: Context) -> Hung:
        return Hung(fault=self, victim=victim, context=context)


class Hung(Injection[Hang]):
    def inject(self) -> None:
        companion(self.cluster, self.pod, ROLE, tracer.COMMAND, capabilities=["SYS_PTRACE"])

    def effect(self) -> Evidence:
        if not companion_runs(self.cluster, self.pod, ROLE):
            return Evidence(ok=False, seen={"stopped_threads": 0})
        stopped, others = self._threads()
        accepted, answered = self._accepts(), answers(self.cluster, self.victim)
        seen = {"stopped_threads": stopped, "other_threads": others, "accepts": accepted, "answers": answered}
        return Evidence(ok=stopped > 0 and others == 1 and accepted and not answered, seen=seen)

    def _threads(self) -> tuple[int, int]:
        """How many of mysqld's threads are stopped by a tracer, and how many are not."""
        tracing = pod_named(self.cluster, self.pod).containers[ROLE]
        _, printed = tracing.exec("bash", "-c", tracer.STATES)
        states = printed.decode(errors="replace").split()
        return states.count("t"), len(states) - states.count("t")

    def _accepts(self) -> bool:
        try:
            with socket.create_connection((pod_named(self.cluster, self.pod).address, PORT), timeout=TIMEOUT_S):
                return True
        except OSError:
            return False

    def heal(self) -> None:
        dismiss(self.cluster, self.pod, ROLE)

    def residue(self) -> Evidence:
        tracing, answered = companion_runs(self.cluster, self.pod, ROLE), answers(self.cluster, self.victim)
        running = process(self.cluster, self.victim).state().word == "running"
        return Evidence(ok=running and not tracing and answered, seen={"tracer": tracing, "answers": answered})
