"""What faults say to nodes in SQL: as root, beside every proxy; and the sessions that they hold open there.

A session that is held has a user-level lock of MySQL by which any process finds it again, and ends it. It is one of the
harness's own: where that dies, so does the session, and MySQL takes back whatever it held.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from chaos.fault import Evidence
from cluster.cluster import Cluster
from cluster.mysqld.mysqld import DATABASE
from cluster.status.poller import UNREACHABLE
from cluster.wait import WaitTimeoutError

log = logging.getLogger("meshbench")

ER_NO_SUCH_THREAD = 1094
ER_LOCK_WAIT_TIMEOUT = 1205
#: Ends a session that waits for longer than any statement of a fault should.
STATEMENT_TIMEOUT_S = 20.0
ASK_TIMEOUT_S = 5.0


def rows(cluster: Cluster, pod: str, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """What a node answers; raises one of UNREACHABLE."""
    with cluster.connect(pod, timeout_s=ASK_TIMEOUT_S) as connection, connection.cursor() as cursor:
        cursor.execute(statement, arguments or None)
        return list(cursor.fetchall())


def value(cluster: Cluster, pod: str, statement: str, *arguments: object) -> Any:
    """The first column of the first row; None where there is none."""
    found = rows(cluster, pod, statement, *arguments)
    return found[0][0] if found else None


def told(look: Callable[[], Evidence]) -> Evidence:
    """The evidence of a look in SQL; a node that does not answer shows nothing."""
    try:
        return look()
    except UNREACHABLE as error:
        return Evidence(ok=False, seen={"reason": " ".join(str(error).split())})


def attempt(what: str, deed: Callable[[], object]) -> None:
    """Do it, as far as the node answers and agrees; if not, the evidence will say so.

    what: for the log, such as ``read-lock on node1``.
    """
    try:
        deed()
    except (*UNREACHABLE, WaitTimeoutError) as error:
        log.warning("%s: %s", what, " ".join(str(error).split()))


def largest_table(cluster: Cluster, pod: str) -> str | None:
    """The base table of the application with the most data, quoted; None where it has none."""
    name = value(
        cluster,
        pod,
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_TYPE = 'BASE TABLE'"
        " ORDER BY DATA_LENGTH DESC, TABLE_NAME LIMIT 1",
        DATABASE,
    )
    return None if name is None else f"`{DATABASE}`.`{name}`"


#: Run's id, pod and name -> the connection of a session that this process holds.
_held: dict[tuple[str, str, str], Any] = {}
_guard = threading.Lock()


def hold(cluster: Cluster, pod: str, name: str, *statements: str) -> Any:
    """Open a session under a name, run these statements in it, and keep it; returns its connection.

    Raises one of UNREACHABLE, and keeps nothing then.
    """
    connection = cluster.connect(pod, timeout_s=STATEMENT_TIMEOUT_S)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, 0)", (_lock(name),))
            # the server gives up before we do: a statement that nobody waits for any more would still come about
            cursor.execute(f"SET SESSION lock_wait_timeout = {int(STATEMENT_TIMEOUT_S / 2)}")
            for statement in statements:
                cursor.execute(statement)
    except BaseException:
        connection._force_close()
        raise
    with _guard:
        _held[cluster.run_id, pod, name] = connection
    return connection


def holder(cluster: Cluster, pod: str, name: str) -> int | None:
    """The connection id of the session that is held under this name, whoever opened it; raises one of UNREACHABLE."""
    found = value(cluster, pod, "SELECT IS_USED_LOCK(%s)", _lock(name))
    return None if found is None else int(found)


def let_go(cluster: Cluster, pod: str, name: str) -> None:
    """End the session that is held under this name, whoever opened it. A node that is down holds none."""
    with _guard:
        connection = _held.pop((cluster.run_id, pod, name), None)
    if connection is not None:
        connection._force_close()  # another thread may be using it, and the peer may be frozen

    def end() -> None:
        if (session := holder(cluster, pod, name)) is not None:
            rows(cluster, pod, f"KILL {session}")

    try:
        end()
    except UNREACHABLE as error:
        if error.args[:1] != (ER_NO_SUCH_THREAD,):
            log.info("%s on %s: %s", name, pod, " ".join(str(error).split()))


def _lock(name: str) -> str:
    return f"meshbench-{name}"
