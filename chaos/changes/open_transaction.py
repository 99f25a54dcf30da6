"""open-transaction: a session begins a transaction and goes idle, as an application that waits for its user does, or a
client that forgot to commit.

It keeps what it has read from being purged, its table from being altered, and the rows that it has locked from being
written. A group waits for it before it changes its primary. Bites when InnoDB has that transaction, as many rows
locked as were asked for. Heals by ending the session, which rolls it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Measure, Refutations, Setting, Victim
from chaos.targets import NODES
from cluster.keys import Mistake, whole
from cluster.mysqld.mysqld import DATABASE
from cluster.topologies.lookup import replication_of

LOCK_NAME = "open-transaction"
_TRANSACTION = (
    "SELECT TIMESTAMPDIFF(MICROSECOND, trx_started, NOW(6)) / 1e6 FROM information_schema.innodb_trx"
    " WHERE trx_mysql_thread_id = %s"
)
#: By its transaction: whoever waits for a row may be the thread that has written its lock down.
_ROWS = (
    "SELECT COUNT(*) FROM performance_schema.data_locks l"
    " JOIN information_schema.innodb_trx t ON t.trx_id = l.ENGINE_TRANSACTION_ID"
    " WHERE t.trx_mysql_thread_id = %s AND l.LOCK_TYPE = 'RECORD' AND l.LOCK_STATUS = 'GRANTED'"
    " AND COALESCE(l.LOCK_DATA, '') <> 'supremum pseudo-record'"
)


@dataclass(frozen=True, kw_only=True)
class OpenTransaction(Fault):
    rows: int = whole(
        "how many rows of the application's largest table it holds locked; 0: it has only read",
        default=0,
        at_least=0,
        at_most=10_000,
    )

    name = "open-transaction"
    does = "a forgotten transaction: DDL waits for it, purge too, and in a group a switchover until it ends or is ended"
    bites = "InnoDB has the transaction of an idle session, with as many rows locked as were asked for"
    heals = "the session is ended, which rolls its transaction back"
    good = "other writes go on; a switchover ends it after a while instead of waiting for ever"
    example: ClassVar[Mapping[str, Any]] = {"rows": 1}
    targets = NODES
    refuted_by = Refutations(bitten={"open": (False,)}, clean={"open": (True,)})

    def on(self, victim: Victim, context: Context) -> Opened:
        return Opened(fault=self, victim=victim, context=context)

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        if self.rows and target not in ("primary", "new_primary") and not replication_of(setting.kind).multi_primary:
            why = f"MySQL locks rows for writing on a primary only; target primary, or leave rows out for {target}"
            return Mistake(key="rows", why=why)
        return None


class Opened(Injection[OpenTransaction]):
    def inject(self) -> None:
        def begin() -> None:
            statements = ["START TRANSACTION WITH CONSISTENT SNAPSHOT"]
            if (table := sql.largest_table(self.cluster, self.pod)) is not None:
                statements.append(self._reading(table))
            sql.hold(self.cluster, self.pod, LOCK_NAME, *statements)

        sql.attempt(f"open-transaction on {self.pod}", begin)

    def _reading(self, table: str) -> str:
        if not self.fault.rows:
            return f"SELECT 1 FROM {table} LIMIT 1"
        key = sql.rows(
            self.cluster,
            self.pod,
            "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
            " AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX",
            DATABASE,
            table.split("`")[3],
        )
        order = f" ORDER BY {', '.join(f'`{column}`' for (column,) in key)}" if key else ""
        return f"SELECT 1 FROM {table} FORCE INDEX (PRIMARY){order} LIMIT {self.fault.rows} FOR UPDATE"

    def effect(self) -> Evidence:
        return sql.told(self._look)

    def _look(self) -> Evidence:
        session = sql.holder(self.cluster, self.pod, LOCK_NAME)
        for_s = None if session is None else sql.value(self.cluster, self.pod, _TRANSACTION, session)
        if for_s is None:
            return Evidence(ok=False, seen={"open": False})
        seen = {"open": True, "for_s": round(float(for_s), 1)}
        if not self.fault.rows:
            return Evidence(ok=True, seen=seen)
        locked = int(sql.value(self.cluster, self.pod, _ROWS, session))
        measure = Measure(what="rows locked", unit="rows", promised=self.fault.rows, measured=locked, tolerance=0)
        return Evidence(ok=measure.kept, seen=seen, measures=(measure,))

    def heal(self) -> None:
        sql.let_go(self.cluster, self.pod, LOCK_NAME)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            is_open = sql.holder(self.cluster, self.pod, LOCK_NAME) is not None
            return Evidence(ok=not is_open, seen={"open": is_open})

        return sql.told(look)
