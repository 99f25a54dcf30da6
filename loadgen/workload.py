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
from typing import Any, Literal, NoReturn, Protocol, Self

from cluster.session import TABLE
from loadgen.wire.statements import Row

#: Where an operation goes: the mesh's write port, or its read port.
Port = Literal["write", "read"]


class SqlSession(Protocol):
    """What a workload uses of a session; `loadgen.wire.session.Session` says more of each."""

    def execute(self, sql: str, args: Row = ()) -> int: ...

    def execute_all(self, *statements: tuple[str, Row]) -> tuple[int, ...]: ...

    def fetch(self, sql: str, args: Row = ()) -> tuple[Row, ...]: ...

    def begin(self) -> None: ...

    def commit(self, done: Any = None) -> None: ...

    def rollback(self) -> None: ...


class SetupCursor(Protocol):
    """What set-up uses of a cursor of PyMySQL's."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...

    def execute(self, query: str, /) -> object: ...

    def executemany(self, query: str, args: Iterable[Row], /) -> object: ...


class SetupConnection(Protocol):
    """What set-up uses of a connection of PyMySQL's."""

    def cursor(self) -> SetupCursor: ...


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
    the keys of what took effect); and where some go to the read port, ``read_port`` (the f of these). A user's own may
    declare ``Options``, ``reads``, ``refusals`` and ``read_port``."""

    def setup(self, connection: SetupConnection, *, seed: int) -> None:
        """Create schema and data in the connection's database. The connection must be in autocommit mode."""

    def check(self, session: SqlSession) -> str | None:
        """Why the database is not what setup made, in one line, or None."""

    def next(self, rng: random.Random, key: str) -> Op:
        """Draw the next operation; the same rng state and key give the same operation."""

    def run(self, session: SqlSession, op: Op) -> Any:
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


def recreate(cursor: SetupCursor, tables: Mapping[str, str]) -> None:
    """Drop and create tables, of InnoDB and utf8mb4 whatever the server's defaults. tables: name -> columns and keys,
    as between the parentheses of CREATE TABLE."""
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(tables)}")
    for name, columns in tables.items():
        cursor.execute(f"CREATE TABLE {name} ({columns}) {TABLE}")


def fill(cursor: SetupCursor, table: str, rows: Iterable[Row]) -> None:
    """Insert whole rows, in the order of the table's columns; PyMySQL folds them into statements of about 1 MB."""
    rest = iter(rows)
    first = next(rest, None)
    if first is not None:
        marks = ", ".join(["%s"] * len(first))
        cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", itertools.chain([first], rest))


def count_problem(session: SqlSession, table: str, expected: int) -> str | None:
    """Why a table does not hold as many rows as setup gave it, or None."""
    ((found,),) = session.fetch(f"SELECT COUNT(*) FROM {table}")
    if found != expected:
        return f"table {table} has {found} rows, expected {expected}; was the workload set up?"
    return None


def refuse(session: SqlSession, reason: str) -> NoReturn:
    """Roll back and give the operation up."""
    session.rollback()
    raise RefusedError(reason)
