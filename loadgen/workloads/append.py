"""The workload ``append``: transactions that append to lists and read them, the history an isolation checker wants.

Source: P. Alvaro, K. Kingsbury, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020,
section 3: when every appended element is unique, a read of a list tells the order of all appends before it. An op's
value is Elle's: ``[["append", 3, 17], ["r", 4, [5, 9]]]``, a read's list ``null`` until it is known; an operation that
only reads has the f ``read``. A list retires after a while and another takes its place, so that no read gets long.

A list is one row of text, and an append one statement; a table ``txns`` takes the client's key in the same
transaction. Whether what was read is possible under some isolation level is not asked here.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadgen.options import Options, bounded, share
from loadgen.workload import Op, SetupConnection, SqlSession, recreate, sequence_of
from loadgen.workloads.skew import UNIFORM, Skew

TABLES = {
    "lists": "k BIGINT NOT NULL PRIMARY KEY, elements LONGTEXT NOT NULL",
    "txns": "id VARCHAR(40) NOT NULL PRIMARY KEY",
}

FINAL_QUERIES = {
    "lists": "SELECT k, elements FROM lists ORDER BY k",
    "keys": "SELECT id AS `key` FROM txns ORDER BY id",
}

SIZE_MAX = 16
#: Elements of one worker begin at this times its number: 1,000 workers and 10 ** 10 transactions stay below 2 ** 53,
#: which JSON can hold exactly.
ELEMENTS_PER_WORKER = 8 * 10**12

APPEND = "INSERT INTO lists (k, elements) VALUES (%s, %s) ON DUPLICATE KEY UPDATE elements = CONCAT(elements, ',', %s)"

MicroOp = list[Any]


@dataclass(frozen=True, kw_only=True)
class AppendOptions(Options):
    """lists: how many are in use at once. size: most micro-operations of a transaction (1 to this, evenly).
    read_share: share of reads among the micro-operations. appends_per_list: about how many a list gets before it
    retires. skew: which of the lists in use are popular."""

    lists: int = bounded(50, at_least=1, at_most=1_000_000)
    size: int = bounded(4, at_least=1, at_most=SIZE_MAX)
    read_share: float = share(0.5)
    appends_per_list: int = bounded(100, at_least=1, at_most=100_000)
    skew: Skew = UNIFORM


class Append:
    """Implements workload.Workload."""

    name = "append"
    about = "lists that are appended to and read, for the isolation checker"
    operations = frozenset({"append", "read"})
    reads = frozenset({"read"})
    refusals = frozenset[str]()
    keyed = True
    Options = AppendOptions

    def __init__(self, options: AppendOptions) -> None:
        self._size = options.size
        self._read_share = options.read_share
        self._pick = options.skew.picker(options.lists)
        appends_per_op = (1 + options.size) / 2 * (1 - options.read_share)
        self._lists_per_op = appends_per_op / options.appends_per_list

    def setup(self, connection: SetupConnection, *, seed: int) -> None:
        """No list exists at first, so the seed decides nothing here."""
        del seed
        with connection.cursor() as cursor:
            recreate(cursor, TABLES)

    def check(self, session: SqlSession) -> str | None:
        session.fetch("SELECT k, elements FROM lists LIMIT 1")
        session.fetch("SELECT id FROM txns LIMIT 1")
        return None

    def next(self, rng: random.Random, key: str) -> Op:
        worker, sequence = sequence_of(key)
        retired = int(sequence * self._lists_per_op)
        element = worker * ELEMENTS_PER_WORKER + sequence * SIZE_MAX
        micro_ops: list[MicroOp] = []
        for number in range(rng.randint(1, self._size)):
            place = retired + self._pick(rng)
            reads = rng.random() < self._read_share
            micro_ops.append(["r", place, None] if reads else ["append", place, element + number])
        writes = any(kind == "append" for kind, _, _ in micro_ops)
        return Op(f="append" if writes else "read", key=key, value=micro_ops)

    def run(self, session: SqlSession, op: Op) -> list[MicroOp]:
        session.begin()
        done = [self._micro_op(session, *micro_op) for micro_op in op.value]
        if op.f == "append":
            session.execute("INSERT INTO txns (id) VALUES (%s)", (op.key,))
            session.commit()
        else:
            session.execute("COMMIT")  # not session.commit(): what wrote nothing cannot be in doubt
        return done

    @staticmethod
    def _micro_op(session: SqlSession, kind: str, place: int, element: int | None) -> MicroOp:
        if kind == "append":
            session.execute(APPEND, (place, str(element), str(element)))
            return [kind, place, element]
        rows = session.fetch("SELECT elements FROM lists WHERE k = %s", (place,))
        return [kind, place, [int(found) for found in rows[0][0].split(",")] if rows else []]

    def final_queries(self) -> Mapping[str, str]:
        return FINAL_QUERIES


WORKLOAD = Append
