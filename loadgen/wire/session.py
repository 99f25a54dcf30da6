"""One MySQL session: statements on a wire, how far its transaction got, and what it committed.

``commit_sent`` is the fact every outcome hangs on, so it is set here and nowhere else. Does not connect or retry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from loadgen.wire.statements import Row, com_query, statement

BEGIN, COMMIT, ROLLBACK = com_query("BEGIN"), com_query("COMMIT"), com_query("ROLLBACK")


class SessionWire(Protocol):
    """What a session uses of `loadgen.wire.wire.Wire`."""

    gtids: list[str]
    asked: int

    def query(self, command: bytes, /) -> int: ...

    def query_all(self, command: bytes, /) -> list[int]: ...

    def fetch(self) -> tuple[Row, ...]: ...

    def forget_gtids(self) -> None: ...

    def ended(self) -> bool: ...


class Session:
    """server: the name of the mysqld behind the connection, or None. hang_up: closes the connection; never raises.
    batch: send what can wait for company in one round trip: BEGIN with what follows it, and `execute_all`.

    commit_sent: True from just before COMMIT is written to the socket until its answer is known to be success. COMMIT
    always goes out alone, so that a workload can look at its row counts first.
    done: what the last transaction had done when its COMMIT was sent, to be recorded where the answer does not come.
    """

    def __init__(
        self, wire: SessionWire, *, server: str | None, hang_up: Callable[[], None], batch: bool = False
    ) -> None:
        self._wire = wire
        self._hang_up = hang_up
        self._batch = batch
        self._held = ""
        self.server = server
        self.commit_sent = False
        self.done: Any = None

    @property
    def gtid(self) -> str | None:
        """What was committed since `forget_gtid`, as the server wrote it (several joined by a comma); None if nothing
        was, or the server does not say."""
        return ",".join(self._wire.gtids) or None

    def forget_gtid(self) -> None:
        self._wire.forget_gtids()

    @property
    def ended(self) -> bool:
        """Whether the server has ended it since its last answer; what is sent now would only be lost."""
        return self._wire.ended()

    @property
    def asked(self) -> int:
        """How many commands were sent since `begin_operation`."""
        return self._wire.asked

    def begin_operation(self) -> None:
        """Count commands and GTIDs from here."""
        self._wire.asked = 0
        self._wire.forget_gtids()

    def execute(self, sql: str, args: Row = ()) -> int:
        """Run a statement; returns its affected rows (or, for a SELECT, how many rows it gave)."""
        if self._held:
            return self._together((sql, args))[0]
        return self._wire.query(com_query(sql, args))

    def execute_all(self, *statements: tuple[str, Row]) -> tuple[int, ...]:
        """As `execute`, one after the other; the first that fails raises, and none behind it was run."""
        if self._batch:
            return self._together(*statements)
        return tuple([self.execute(sql, args) for sql, args in statements])

    def fetch(self, sql: str, args: Row = ()) -> tuple[Row, ...]:
        self.execute(sql, args)
        return self._wire.fetch()

    def begin(self) -> None:
        if self._batch:
            self._held = "BEGIN;"
        else:
            self._wire.query(BEGIN)

    def commit(self, done: Any = None) -> None:
        """done: the value to record for the operation, should nobody ever learn whether this succeeded: the database
        may then hold what only this transaction knew, such as a version or the amount it found."""
        self.done = done
        self._held = ""
        self.commit_sent = True
        self._wire.query(COMMIT)
        self.commit_sent = False

    def rollback(self) -> None:
        self._held = ""
        self._wire.query(ROLLBACK)
        self.commit_sent = False

    def _together(self, *statements: tuple[str, Row]) -> tuple[int, ...]:
        """Run statements in one round trip, behind a BEGIN that was held back; the results of the statements."""
        command = com_query(self._held + ";".join([statement(sql, args) for sql, args in statements]))
        self._held = ""
        results = self._wire.query_all(command)
        return tuple(results[-len(statements) :])

    def close(self) -> None:
        """Never raises; the server rolls back whatever was open."""
        self._hang_up()
