"""One MySQL session: statements on a wire, how far its transaction got, and what it committed.

``commit_sent`` is the fact every outcome hangs on, so it is set here and nowhere else. Does not connect or retry.
"""

from __future__ import annotations

from collections.abc import Callable

from loadgen.columns import Row
from loadgen.query import com_query
from loadgen.wire import Wire

BEGIN, COMMIT, ROLLBACK = com_query("BEGIN"), com_query("COMMIT"), com_query("ROLLBACK")


class Session:
    """server: the name of the mysqld behind the connection, or None. hang_up: closes the connection; never raises.

    commit_sent: True from just before COMMIT is written to the socket until its answer is known to be success.
    """

    def __init__(self, wire: Wire, *, server: str | None, hang_up: Callable[[], None]) -> None:
        self._wire = wire
        self._hang_up = hang_up
        self.server = server
        self.commit_sent = False

    @property
    def gtid(self) -> str | None:
        """What was committed since `forget_gtid`, as the server wrote it (several joined by a comma); None if nothing
        was, or the server does not say."""
        return ",".join(self._wire.gtids) or None

    def forget_gtid(self) -> None:
        self._wire.forget_gtids()

    def execute(self, sql: str, args: Row = ()) -> int:
        """Run a statement; returns its affected rows (or, for a SELECT, how many rows it gave)."""
        return self._wire.query(com_query(sql, args))

    def fetch(self, sql: str, args: Row = ()) -> tuple[Row, ...]:
        self._wire.query(com_query(sql, args))
        return self._wire.fetch()

    def begin(self) -> None:
        self._wire.query(BEGIN)

    def commit(self) -> None:
        self.commit_sent = True
        self._wire.query(COMMIT)
        self.commit_sent = False

    def rollback(self) -> None:
        self._wire.query(ROLLBACK)
        self.commit_sent = False

    def close(self) -> None:
        """Never raises; the server rolls back whatever was open."""
        self._hang_up()
