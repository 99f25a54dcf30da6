"""What a workload is to the driver: five verbs at most, and the operation they pass around."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Protocol

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from loadgen.session import Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Op:
    """One intended operation. f: its kind, such as ``transfer``. key: chosen by the client, unique over all workers and
    runs of different seeds. value: JSON-serialisable, what is to be done."""

    f: str
    key: str
    value: dict[str, Any]


class RefusedError(Exception):
    """The workload itself gave the operation up and rolled it back; the reason is a fixed word, such as
    ``insufficient-funds``."""


class Workload(Protocol):
    def setup(self, connection: Connection[Cursor], *, seed: int) -> None:
        """Create schema and data in the connection's database. The connection must be in autocommit mode."""

    def check(self, session: Session) -> str | None:
        """Why the database is not what setup made, in one line, or None."""

    def next(self, rng: random.Random, key: str) -> Op:
        """Draw the next operation; the same rng state and key give the same operation."""

    def run(self, session: Session, op: Op) -> dict[str, Any]:
        """One attempt. Returns the value to record; raises RefusedError, or one of outcome.WIRE_ERRORS."""
