"""large-transaction: many rows deleted in one transaction, as a clean-up job does that nobody has cut into pieces.

The rows are its own: a database of its own is filled in small transactions first, which takes part of the time. Then
one DELETE writes all of them into one binary log event group, which replicas can only begin to apply when it is
complete, and which holds up what comes behind it. Took effect when the rows are gone, on every pod in service. A group
refuses one that is larger than its limit. Undone by dropping the database.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pymysql

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Measure, Refutations, Victim
from cluster.errors import RefusedError
from cluster.keys import whole
from cluster.wait import WaitTimeoutError, wait_until

DATABASE = "meshbench_large"
TABLE = f"{DATABASE}.filler"
#: Rows of about 100 bytes that go in with one statement.
CHUNK = 5_000
STATEMENT_TIMEOUT_S = 300.0
REPLICAS_TIMEOUT_S = 180.0


@dataclass(frozen=True, kw_only=True)
class LargeTransaction(Fault):
    rows: int = whole("how many rows it deletes", default=100_000, unit="rows", at_least=1_000, at_most=5_000_000)

    name = "large-transaction"
    does = "a bulk delete in one transaction: commits queue behind it, and replicas lag by as long as it took"
    bites = "as many rows as promised were deleted by one transaction, on every pod in service"
    heals = "its database is dropped"
    good = "writes wait no longer than the transaction takes to commit; replicas catch up; a group may refuse it"
    known_as = "MySQL's big transaction; group_replication_transaction_size_limit"
    example: ClassVar[Mapping[str, Any]] = {"rows": 20_000}
    targets = ("primary",)
    lasts = False
    hits = "node"
    refuted_by = Refutations(bitten={"deleted": (0,), "everywhere": (False,)})

    def on(self, victim: Victim, context: Context) -> Deleted:
        return Deleted(fault=self, victim=victim, context=context)


class Deleted(Injection[LargeTransaction]):
    deleted: int = 0
    took_s: float = 0.0

    def inject(self) -> None:
        try:
            with (
                self.cluster.connect(self.pod, timeout_s=STATEMENT_TIMEOUT_S) as connection,
                connection.cursor() as cursor,
            ):
                self._fill(cursor)
                begin_s = time.monotonic()
                self.deleted = cursor.execute(f"DELETE FROM {TABLE}")
                self.took_s = round(time.monotonic() - begin_s, 3)
            wait_until(
                "the rows are gone on every pod in service",
                lambda: not any(self._left().values()),
                timeout_s=REPLICAS_TIMEOUT_S,
                poll_s=0.2,
            )
        except (pymysql.MySQLError, WaitTimeoutError) as error:
            raise RefusedError(f"{self.fault.rows} rows: {' '.join(str(error).split())}") from error

    def _fill(self, cursor: Any) -> None:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        cursor.execute(f"CREATE TABLE {TABLE} (id INT PRIMARY KEY, padding CHAR(80) NOT NULL) ENGINE=InnoDB")
        cursor.execute(f"SET SESSION cte_max_recursion_depth = {CHUNK}")
        for first in range(0, self.fault.rows, CHUNK):
            count = min(CHUNK, self.fault.rows - first)
            cursor.execute(
                f"INSERT INTO {TABLE} WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
                " SELECT %s + i, SHA2(i, 256) FROM n",
                (count - 1, first),
            )

    def effect(self) -> Evidence:
        def look() -> Evidence:
            everywhere = bool(self.deleted) and not any(self._left().values())
            seen = {"deleted": self.deleted, "delete_s": self.took_s, "everywhere": everywhere}
            measure = Measure(
                what="rows deleted", unit="rows", promised=self.fault.rows, measured=self.deleted, tolerance=0
            )
            return Evidence(ok=everywhere and measure.kept, seen=seen, measures=(measure,) if self.deleted else ())

        return sql.told(look)

    def heal(self) -> None:
        def drop() -> None:
            sql.rows(self.cluster, self.cluster.membership.primary(), f"DROP DATABASE IF EXISTS {DATABASE}")

        sql.attempt("large-transaction is undone", drop)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            there = [pod for pod in self._serving() if sql.rows(self.cluster, pod, "SHOW DATABASES LIKE %s", DATABASE)]
            return Evidence(ok=not there, seen={"left_on": there})

        return sql.told(look)

    def _left(self) -> dict[str, bool]:
        """Pod in service -> whether it has one of the rows, or no such table yet."""
        return {pod: self._has_rows(pod) for pod in self._serving()}

    def _has_rows(self, pod: str) -> bool:
        try:
            return bool(sql.rows(self.cluster, pod, f"SELECT id FROM {TABLE} LIMIT 1"))
        except pymysql.ProgrammingError:  # it has not got that far
            return True

    def _serving(self) -> list[str]:
        return [name for name, status in self.cluster.status().items() if status is not None and status.in_service]
