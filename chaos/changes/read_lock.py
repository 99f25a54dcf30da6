"""read-lock: a session takes FLUSH TABLES WITH READ LOCK and goes away without UNLOCK TABLES, as a backup script that
hangs does.

Nothing commits on that node any more: clients wait on a primary, appliers on a replica; reads go on, and every health
check says that all is well. Bites when the session holds the global read lock and a probe that asks for a table to
write to waits in vain. Heals by ending that session.
"""

from __future__ import annotations

from dataclasses import dataclass

import pymysql

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.targets import NODES

#: A table that every MySQL has, and nobody writes to; to lock it for writing takes what a write takes.
PROBED = "mysql.help_topic"
LOCK_NAME = "read-lock"
_GLOBAL = (
    "SELECT SUM(t.PROCESSLIST_ID = %s AND l.LOCK_TYPE = 'SHARED' AND l.LOCK_STATUS = 'GRANTED'),"
    " SUM(l.LOCK_STATUS = 'PENDING') FROM performance_schema.metadata_locks l"
    " JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID WHERE l.OBJECT_TYPE IN ('GLOBAL', 'COMMIT')"
)


@dataclass(frozen=True, kw_only=True)
class ReadLock(Fault):
    name = "read-lock"
    does = (
        "a forgotten FLUSH TABLES WITH READ LOCK: no write commits and no applier goes on, while every check is green"
    )
    bites = "a session holds the global read lock, and a probe that asks for a table to write to waits in vain"
    heals = "that session is ended"
    good = "writes wait and nothing is lost; a cluster that fails over for it is better than most"
    targets = NODES
    refuted_by = Refutations(bitten={"held": (False,), "write_waits": (False,)}, clean={"held": (True,)})

    def on(self, victim: Victim, context: Context) -> Locked:
        return Locked(fault=self, victim=victim, context=context)


class Locked(Injection[ReadLock]):
    def inject(self) -> None:
        statement = "FLUSH TABLES WITH READ LOCK"
        sql.attempt(f"read-lock on {self.pod}", lambda: sql.hold(self.cluster, self.pod, LOCK_NAME, statement))

    def effect(self) -> Evidence:
        return sql.told(self._look)

    def _look(self) -> Evidence:
        session = sql.holder(self.cluster, self.pod, LOCK_NAME)
        if session is None:
            return Evidence(ok=False, seen={"held": False})
        ((locks, waiting),) = sql.rows(self.cluster, self.pod, _GLOBAL, session)
        held, waits = bool(locks), self._write_waits()
        return Evidence(ok=held and waits, seen={"held": held, "write_waits": waits, "waiting": int(waiting or 0)})

    def heal(self) -> None:
        sql.let_go(self.cluster, self.pod, LOCK_NAME)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            held, waits = sql.holder(self.cluster, self.pod, LOCK_NAME) is not None, self._write_waits()
            return Evidence(ok=not held and not waits, seen={"held": held, "write_waits": waits})

        return sql.told(look)

    def _write_waits(self) -> bool:
        """Whether a table cannot be had for writing within a second; one that is refused, as on a replica, was had."""
        with (
            self.cluster.connect(self.pod, timeout_s=sql.ASK_TIMEOUT_S) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SET SESSION lock_wait_timeout = 1")
            try:
                cursor.execute(f"LOCK TABLES {PROBED} WRITE")
            except pymysql.MySQLError as error:
                return bool(error.args[:1] == (sql.ER_LOCK_WAIT_TIMEOUT,))
            cursor.execute("UNLOCK TABLES")
        return False
