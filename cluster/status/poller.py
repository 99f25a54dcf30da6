"""A persistent connection that samples one pod's status again and again. Runs in pods; needs only PyMySQL."""

from __future__ import annotations

from typing import Any

import pymysql

from cluster.session import connect
from cluster.status.status import Status
from cluster.topologies.replication import Replication

#: What a frozen or cut-off mysqld raises through PyMySQL: its own errors, or the socket's.
UNREACHABLE = (pymysql.MySQLError, OSError)


class Poller:
    """One pod's status over one connection, reopened after any error.

    timeout_s bounds a sample: a paused mysqld accepts connections in the kernel and then never answers.
    """

    def __init__(
        self, *, host: str, user: str, password: str, replication: Replication, timeout_s: float, port: int = 3306
    ) -> None:
        self._where: dict[str, Any] = {"host": host, "port": port, "user": user, "password": password}
        self._replication = replication
        self._timeout_s = timeout_s
        self._connection: Any = None

    def sample(self) -> Status:
        """The pod's status now; raises one of UNREACHABLE when it does not answer in time."""
        try:
            if self._connection is None:
                self._connection = connect(**self._where, timeout_s=self._timeout_s)
            with self._connection.cursor() as cursor:
                cursor.execute(self._replication.status_query)
                return self._replication.parse(cursor.fetchall())
        except UNREACHABLE:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection._force_close()  # no COM_QUIT: the peer may be frozen and the write could block
            self._connection = None
