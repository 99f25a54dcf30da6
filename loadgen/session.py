"""One MySQL session: statements on a PyMySQL connection, and how far its transaction got.

``commit_sent`` is the fact every outcome hangs on, so it is set here and nowhere else. Does not connect or retry.
"""

from __future__ import annotations

from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor

Row = tuple[Any, ...]


class Session:
    """server: the name of the mysqld behind the connection, or None.

    commit_sent: True from just before COMMIT is written to the socket until its answer is known to be success.
    """

    def __init__(self, connection: Connection[Cursor], *, server: str | None) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self.server = server
        self.commit_sent = False

    def execute(self, sql: str, args: Row = ()) -> int:
        """Run a statement; returns its affected rows (or, for a SELECT, how many rows it gave)."""
        return self._cursor.execute(sql, args)

    def fetch(self, sql: str, args: Row = ()) -> tuple[Row, ...]:
        self._cursor.execute(sql, args)
        return self._cursor.fetchall()

    def begin(self) -> None:
        self._cursor.execute("BEGIN")

    def commit(self) -> None:
        self.commit_sent = True
        self._cursor.execute("COMMIT")
        self.commit_sent = False

    def rollback(self) -> None:
        self._cursor.execute("ROLLBACK")
        self.commit_sent = False

    def close(self) -> None:
        """Never raises; the server rolls back whatever was open."""
        if self._connection.open:
            self._connection.close()
