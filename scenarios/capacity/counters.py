"""What a mysqld counts of itself, asked now and then while a step is measured, over one session a server.

Syncs of InnoDB are its own counter. Of the binary log they are the file operations that are neither reads nor writes
(COUNT_MISC of performance_schema.file_summary_by_event_name), nearly all of which are syncs while there is load; the
time is that of both. Still to be applied are the transactions that a channel has received and the server has not
executed: the same in a group and behind a source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cluster.status.poller import UNREACHABLE
from history import gtid

PATIENCE_S = 1.0
_PICOSECONDS = 1e12
#: Flow control is counted by a component of its own, where there is one.
_STATUS = (
    "Innodb_data_fsyncs",
    "Innodb_row_lock_waits",
    "Innodb_row_lock_time",
    "Gr_flow_control_throttle_time_sum",
    "Threads_running",
    "Threads_connected",
)
_STATUS_QUERY = (
    "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME IN ("
    + ", ".join(f"'{name}'" for name in _STATUS)
    + ")"
)
_FILES_QUERY = (
    "SELECT EVENT_NAME, COUNT_MISC, SUM_TIMER_MISC FROM performance_schema.file_summary_by_event_name"
    " WHERE EVENT_NAME IN ('wait/io/file/innodb/innodb_log_file', 'wait/io/file/innodb/innodb_data_file',"
    " 'wait/io/file/sql/binlog')"
)
_SETTINGS_QUERY = "SELECT @@global.read_only, @@global.max_connections, @@global.gtid_executed"
_WAITING_QUERY = (
    "SELECT GTID_SUBTRACT(RECEIVED_TRANSACTION_SET, %s) FROM performance_schema.replication_connection_status"
)


class Counted(NamedTuple):
    """Sums since the server began, and what was so at the moment. None: it does not tell.

    fsync_s: time within syncs of InnoDB's log and data and of the binary log. flow_control_s: time in which
    transactions were held back. waiting: transactions still to be applied.
    """

    writable: bool
    fsyncs: float | None
    fsync_s: float | None
    row_lock_waits: float | None
    row_lock_s: float | None
    flow_control_s: float | None
    threads_running: float | None
    threads_connected: float | None
    max_connections: int
    waiting: int


class Server:
    """A session with one mysqld, opened anew after any error."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        """connect: opens a session that gives up after PATIENCE_S."""
        self._connect = connect
        self._session: Any = None

    def ask(self) -> Counted | None:
        """None where it does not answer."""
        try:
            if self._session is None:
                self._session = self._connect()
            with self._session.cursor() as cursor:
                return _counted(cursor)
        except UNREACHABLE:
            self.close()
            return None

    def close(self) -> None:
        if self._session is not None:
            self._session._force_close()  # no COM_QUIT: the peer may be frozen and the write could block
            self._session = None


def _counted(cursor: Any) -> Counted:
    cursor.execute(_STATUS_QUERY)
    status = {str(name): float(value) for name, value in cursor.fetchall()}
    cursor.execute(_FILES_QUERY)
    files = {str(name).rpartition("/")[2]: (int(count), int(time)) for name, count, time in cursor.fetchall()}
    cursor.execute(_SETTINGS_QUERY)
    read_only, max_connections, executed = cursor.fetchone()
    cursor.execute(_WAITING_QUERY, (executed,))
    waiting = gtid.union(*(gtid.parse(rows[0] or "") for rows in cursor.fetchall()))
    timed = any(time for _, time in files.values())
    row_lock_ms, held_back_us = status.get("Innodb_row_lock_time"), status.get("Gr_flow_control_throttle_time_sum")
    return Counted(
        writable=not read_only,
        fsyncs=_fsyncs(status, files),
        fsync_s=sum(time for _, time in files.values()) / _PICOSECONDS if timed else None,
        row_lock_waits=status.get("Innodb_row_lock_waits"),
        row_lock_s=None if row_lock_ms is None else row_lock_ms / 1e3,
        flow_control_s=None if held_back_us is None else held_back_us / 1e6,
        threads_running=status.get("Threads_running"),
        threads_connected=status.get("Threads_connected"),
        max_connections=int(max_connections),
        waiting=gtid.count(waiting),
    )


def _fsyncs(status: Mapping[str, float], files: Mapping[str, tuple[int, int]]) -> float | None:
    of_innodb = status.get("Innodb_data_fsyncs")
    return None if of_innodb is None else of_innodb + files.get("binlog", (0, 0))[0]
