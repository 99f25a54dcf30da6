"""What a workload is to the rest: five verbs, and the operation they pass around.

A workload knows its schema, its data, its transactions and what to read back at the end. It knows neither when an
operation starts nor what an error means: that is the driver's and `loadgen.outcome`'s. `docs/workloads.md` says how to
write one.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, Protocol

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from cluster.session import TABLE
from loadgen.wire.session import Session

#: Where an operation goes: the mesh's write port, or its read port.
Port = Literal["write", "read"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Op:
    """One intended operation. f: its kind, such as ``transfer``. key: chosen by the client, unique over all workers and
    runs of different seeds. value: JSON-serialisable, what is to be done. port: where its session must lead."""

    f: str
    key: str
    value: Any
    port: Port = "write"


class RefusedError(Exception):
    """The workload itself gave the operation up and rolled it back; the reason is a fixed word, such as
    ``insufficient-funds``; the workload's ``refusals`` are those that are answers rather than failures."""


class Workload(Protocol):
    """Five verbs. One of ours also declares what it is, as attributes of its class: ``name`` (in a scenario), ``about``
    (half a line), ``Options`` (its keys), ``operations`` (the f that it draws), ``reads`` (those that write nothing),
    ``refusals`` (reasons of RefusedError that are answers of the business) and ``keyed`` (whether a final table lists
    the keys of what took effect). A user's own may declare ``Options``, ``reads`` and ``refusals``."""

    def setup(self, connection: Connection[Cursor], *, seed: int) -> None:
        """Create schema and data in the connection's database. The connection must be in autocommit mode."""

    def check(self, session: Session) -> str | None:
        """Why the database is not what setup made, in one line, or None."""

    def next(self, rng: random.Random, key: str) -> Op:
        """Draw the next operation; the same rng state and key give the same operation."""

    def run(self, session: Session, op: Op) -> Any:
        """One attempt. Returns the value to record; raises RefusedError, or one of outcome.WIRE_ERRORS."""

    def final_queries(self) -> Mapping[str, str]:
        """Final table -> SQL that reads it whole, in key order, for ``final/<table>.parquet``. A table ``keys`` with a
        column ``key`` lists the keys of all operations that took effect: durability and duplicates are judged by it."""


def op_key(*, seed: int, worker: int, sequence: int) -> str:
    """The key of a worker's nth arrival."""
    return f"{seed}-{worker}-{sequence}"


def sequence_of(key: str) -> tuple[int, int]:
    """(worker, sequence) of a key that op_key made."""
    _, worker, sequence = key.rsplit("-", 2)
    return int(worker), int(sequence)


def recreate(cursor: Cursor, tables: Mapping[str, str]) -> None:
    """Drop and create tables, of InnoDB and utf8mb4 whatever the server's defaults. tables: name -> columns and keys,
    as between the parentheses of CREATE TABLE."""
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(tables)}")
    for name, columns in tables.items():
        cursor.execute(f"CREATE TABLE {name} ({columns}) {TABLE}")


def fill(cursor: Cursor, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert whole rows, in the order of the table's columns; PyMySQL folds them into statements of about 1 MB."""
    rest = iter(rows)
    first = next(rest, None)
    if first is not None:
        marks = ", ".join(["%s"] * len(first))
        cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", itertools.chain([first], rest))


def count_problem(session: Session, table: str, expected: int) -> str | None:
    """Why a table does not hold as many rows as setup gave it, or None."""
    ((found,),) = session.fetch(f"SELECT COUNT(*) FROM {table}")
    if found != expected:
        return f"table {table} has {found} rows, expected {expected}; was the workload set up?"
    return None


def refuse(session: Session, reason: str) -> NoReturn:
    """Roll back and give the operation up."""
    session.rollback()
    raise RefusedError(reason)
