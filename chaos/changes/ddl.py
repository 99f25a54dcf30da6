"""ddl: a column is added to the largest table of the application while it is in use, and dropped again.

How: as the algorithm says. INSTANT changes the dictionary alone; INPLACE rebuilds the table while others write to it;
COPY copies it while they wait. Replicas do the same when it reaches them, and fall behind meanwhile. The column is
invisible, so that a statement which names no columns goes on as before. Took effect when the column is there, on every
pod in service. Undone by dropping it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pymysql

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from cluster.errors import RefusedError
from cluster.keys import word
from cluster.mysqld.mysqld import DATABASE
from cluster.wait import WaitTimeoutError, wait_until

log = logging.getLogger("meshbench")

COLUMN = "meshbench_ddl"
#: Of the statement, and then of its way to the replicas.
STATEMENT_TIMEOUT_S = 300.0
REPLICAS_TIMEOUT_S = 120.0
#: How long the statement waits for transactions that use the table; everybody else queues behind it meanwhile.
LOCK_WAIT_S = 60
_TABLES = "SELECT TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND COLUMN_NAME = %s"


@dataclass(frozen=True, kw_only=True)
class Ddl(Fault):
    algorithm: str = word("how MySQL goes about it", of=("instant", "inplace", "copy"), default="inplace")

    name = "ddl"
    does = "a column more in a large table under load: who waits for it, and how far replicas fall behind"
    bites = "the column is there, on every pod in service"
    heals = "the column is dropped"
    good = "instant: nobody notices; inplace: writes go on, replicas lag; copy: writes to that table wait"
    known_as = "roachtest schemachange"
    targets = ("primary",)
    lasts = False
    hits = "node"
    refuted_by = Refutations(bitten={"everywhere": (False,), "column_of": (None,)}, clean={"everywhere": (True,)})

    def on(self, victim: Victim, context: Context) -> Altered:
        return Altered(fault=self, victim=victim, context=context)


class Altered(Injection[Ddl]):
    def inject(self) -> None:
        table = sql.largest_table(self.cluster, self.pod)
        if table is None:
            raise RefusedError("the application has no table to alter")
        how = self.fault.algorithm.upper()
        try:
            _alter(self, f"{table} ADD COLUMN {COLUMN} INT NULL INVISIBLE, ALGORITHM={how}")
            wait_until(
                "every pod in service has the column", lambda: all(self._where().values()), timeout_s=REPLICAS_TIMEOUT_S
            )
        except (pymysql.MySQLError, WaitTimeoutError) as error:
            raise RefusedError(f"ALGORITHM={how} of {table}: {' '.join(str(error).split())}") from error

    def effect(self) -> Evidence:
        return sql.told(self._look)

    def _look(self) -> Evidence:
        pods = self._where()
        altered = next((table for table in pods.values() if table), None)
        everywhere = bool(pods) and all(pods.values())
        return Evidence(ok=everywhere, seen={"everywhere": everywhere, "column_of": altered, "pods": pods})

    def heal(self) -> None:
        def drop() -> None:
            primary = self.cluster.membership.primary()
            for (table,) in sql.rows(self.cluster, primary, _TABLES, DATABASE, COLUMN):
                _alter(self, f"`{DATABASE}`.`{table}` DROP COLUMN {COLUMN}", pod=primary)

        sql.attempt("ddl is undone", drop)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            pods = self._where()
            return Evidence(ok=not any(pods.values()), seen={"everywhere": all(pods.values()), "pods": pods})

        return sql.told(look)

    def _where(self) -> dict[str, str | None]:
        """Pod in service -> the table that has the column there, or None."""
        serving = [name for name, status in self.cluster.status().items() if status is not None and status.in_service]
        return {name: sql.value(self.cluster, name, _TABLES, DATABASE, COLUMN) for name in serving}


def _alter(injection: Altered, statement: str, *, pod: str = "") -> None:
    """Run ALTER TABLE on a pod, the injection's own where none is given; raises pymysql.MySQLError."""
    with (
        injection.cluster.connect(pod or injection.pod, timeout_s=STATEMENT_TIMEOUT_S) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_S}")
        cursor.execute(f"ALTER TABLE {statement}")
