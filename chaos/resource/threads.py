"""threads: mysqld gets no new thread, as under a limit of processes (systemd's TasksMax, a Kubernetes node's pid limit)
that a connection storm has used up.

The limit of the container comes down to what it has. Sessions that are open go on, and new ones get threads that mysqld
keeps for reuse; whoever comes then is told 1135, Can't create a new thread. Bites when that is what a client is told.
Heals by taking the limit away.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import pymysql

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, limitable
from chaos.targets import NODES
from cluster.keys import whole
from cluster.mysqld import mysqld

CANNOT_CREATE_THREAD = 1135
#: More sessions than mysqld keeps threads for by default (thread_cache_size is at most 100 unless it is set).
SESSIONS = 120
SQL_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Threads(Fault):
    left: int = whole("how many more threads than it has now it may have", default=0, at_least=0, at_most=64)

    name = "threads"
    does = "no new thread: open sessions go on, and new ones are refused with 1135 once the kept threads are used up"
    bites = "a new session is refused with error 1135, and the limit stands"
    heals = "the limit is taken away"
    good = "clients with a pool go on, and the others see a clean error; nothing that needs a thread wedges the node"
    known_as = "systemd TasksMax; Kubernetes podPidsLimit"
    targets = NODES
    needs = ("thread limit",)
    refuted_by = Refutations(bitten={"limit": (None,), "refused_with": (None,)}, clean={"limited": (True,)})

    def on(self, victim: Victim, context: Context) -> NoThread:
        return NoThread(fault=self, victim=victim, context=context)


class NoThread(Injection[Threads]):
    def inject(self) -> None:
        container = limitable(self.cluster, self.victim)
        container.limit_threads(container.usage().threads + self.fault.left)

    def effect(self) -> Evidence:
        container = limitable(self.cluster, self.victim)
        limit = container.limits().threads
        if limit is None:
            return Evidence(ok=False, seen={"limit": None})
        refused_with, let_in = self._storm()
        seen = {"limit": limit, "threads": container.usage().threads, "refused_with": refused_with, "let_in": let_in}
        return Evidence(ok=refused_with == CANNOT_CREATE_THREAD, seen=seen)

    def _storm(self) -> tuple[int | None, int]:
        """The error with which a new session is refused while as many as were let in before it are open."""
        address, password = self.cluster.hosts[self.pod], self.cluster.credentials.idle
        with contextlib.ExitStack() as stack:
            for number in range(SESSIONS):
                try:
                    session: Any = mysqld.connect(address, user=mysqld.IDLE, password=password, timeout_s=SQL_TIMEOUT_S)
                except pymysql.MySQLError as error:
                    return int(error.args[0]), number
                stack.callback(session.close)
        return None, SESSIONS

    def heal(self) -> None:
        container = limitable(self.cluster, self.victim)
        if container.limits().threads is not None:
            container.limit_threads(None)

    def residue(self) -> Evidence:
        limited = limitable(self.cluster, self.victim).limits().threads is not None
        answered = answers(self.cluster, self.victim)
        return Evidence(ok=not limited and answered, seen={"limited": limited, "answers": answered})
