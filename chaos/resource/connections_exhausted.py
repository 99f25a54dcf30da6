"""connections-exhausted: idle sessions of a user of their own take all of a node's max_connections, as an application
that leaks its connections would.

Sessions that are open go on; whoever comes new is told 1040, Too many connections. The harness and the agents get in,
since theirs have CONNECTION_ADMIN. Bites when a new session is refused with 1040. Heals by killing exactly those idle
sessions, whoever has opened them. One that a client closes meanwhile is not taken, too.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pymysql

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers
from chaos.targets import NODES
from cluster.errors import HarnessError
from cluster.mysqld import mysqld
from cluster.wait import wait_until

TOO_MANY_CONNECTIONS = 1040
#: The session was gone before it was killed.
NO_SUCH_THREAD = 1094
FILL_TIMEOUT_S = 60.0
SQL_TIMEOUT_S = 10.0
#: Who opens sessions at once.
OPENERS = 4


@dataclass(frozen=True, kw_only=True)
class ConnectionsExhausted(Fault):
    name = "connections-exhausted"
    does = "a connection leak elsewhere: open sessions go on, and every new one is refused with 1040"
    bites = "a new session is refused with error 1040, while the server greets"
    heals = "the idle sessions of the fault's own user are killed, and no others"
    good = (
        "clients with a pool go on, the others see clean errors and come back; nobody takes the node for dead, and no "
        "failover spreads the storm"
    )
    targets = NODES
    refuted_by = Refutations(bitten={"refused_with": (None,), "sessions": (0,)}, clean={"refused_with": (1040,)})

    def on(self, victim: Victim, context: Context) -> Exhausted:
        return Exhausted(fault=self, victim=victim, context=context)


@dataclass(kw_only=True)
class Exhausted(Injection[ConnectionsExhausted]):
    """sessions: those that this injection holds."""

    sessions: list[Any] = field(default_factory=list)

    def inject(self) -> None:
        until_s = time.monotonic() + FILL_TIMEOUT_S

        def open_until_refused(_: int) -> None:
            while (refusal := self._open()) is None:
                if time.monotonic() > until_s:
                    have = f"{len(self.sessions)} sessions after {FILL_TIMEOUT_S:g} s"
                    raise HarnessError(f"{self.pod}: {have}, and it still lets more in")
            if refusal != TOO_MANY_CONNECTIONS:
                raise HarnessError(f"{self.pod}: session {len(self.sessions) + 1} was refused with error {refusal}")

        with ThreadPoolExecutor(max_workers=OPENERS) as pool:
            list(pool.map(open_until_refused, range(OPENERS)))

    def _open(self) -> int | None:
        """One session more; the number of the error where it is refused."""
        try:
            self.sessions.append(self._connect())
        except pymysql.MySQLError as error:
            return int(error.args[0])
        return None

    def _connect(self) -> Any:
        address, password = self.cluster.hosts[self.pod], self.cluster.credentials.idle
        return mysqld.connect(address, user=mysqld.IDLE, password=password, timeout_s=SQL_TIMEOUT_S)

    def _refused_with(self) -> int | None:
        """The number of the error that a new session is refused with."""
        try:
            self._connect().close()
        except pymysql.MySQLError as error:
            return int(error.args[0])
        return None

    def effect(self) -> Evidence:
        refused_with = self._refused_with()
        seen = {
            "refused_with": refused_with,
            "sessions": self._standing(),
            "greets": answers(self.cluster, self.victim),
        }
        return Evidence(ok=refused_with == TOO_MANY_CONNECTIONS and bool(seen["sessions"]), seen=seen)

    def heal(self) -> None:
        if answers(self.cluster, self.victim):  # a server that is gone has no sessions
            self._kill_sessions()
        for own in self.sessions:
            with contextlib.suppress(pymysql.MySQLError, OSError):
                own.close()
        self.sessions.clear()

    def _kill_sessions(self) -> None:
        with self._as_root() as connection, connection.cursor() as cursor:
            for session in _idle(cursor):
                try:
                    cursor.execute(f"KILL {session}")
                except pymysql.MySQLError as error:
                    if error.args[0] != NO_SUCH_THREAD:
                        raise

    def residue(self) -> Evidence:
        refused_with, left = self._refused_with(), self._standing()
        return Evidence(ok=refused_with is None and left == 0, seen={"refused_with": refused_with, "sessions": left})

    def _standing(self) -> int:
        with self._as_root() as connection, connection.cursor() as cursor:
            return len(_idle(cursor))

    def _as_root(self) -> Any:
        """The one session beyond max_connections may be another's of ours for a moment."""

        def session() -> Any:
            return self.cluster.connect(self.pod, timeout_s=SQL_TIMEOUT_S)

        return wait_until(f"{self.pod} lets root in", session, timeout_s=SQL_TIMEOUT_S, tolerate=pymysql.MySQLError)


def _idle(cursor: Any) -> list[int]:
    """The sessions of the fault's user, whoever holds them."""
    cursor.execute("SELECT processlist_id FROM performance_schema.threads WHERE processlist_user = %s", (mysqld.IDLE,))
    return [int(row[0]) for row in cursor.fetchall()]
