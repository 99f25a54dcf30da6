"""Source and replicas (async, semi-sync): the options of their mysqld, and each step of a failover as one function.

Every function takes an open connection of a user with the privileges for it, blocks for a bounded time, and may be
repeated. Who calls what, and when, is the control plane's business (`control`). Statements are those of the MySQL
reference manual, "Replication Statements".
"""

from __future__ import annotations

import re
from typing import Any

import pymysql

from cluster.session import demands_tls
from cluster.topology import Kind

#: How soon a replica notices that its source has gone silent: it hears a heartbeat every HEARTBEAT_S at least.
HEARTBEAT_S = 0.5
NET_TIMEOUT_S = 2
#: Longer than any run: a semi-synchronous commit waits for its replica instead of becoming asynchronous.
SEMISYNC_TIMEOUT_MS = 24 * 3600 * 1000
#: mysqld's option for how many replicas must have a semi-synchronous transaction before it is acknowledged.
WAIT_COUNT = "rpl_semi_sync_source_wait_for_replica_count"
#: How long `fence` waits for running commits before it ends their sessions.
FENCE_PATIENCE_S = 1
ER_LOCK_WAIT_TIMEOUT = 1205


def options(kind: Kind, *, alone: bool) -> list[str]:
    """mysqld's arguments for a pod that may be source today and replica tomorrow. alone: there will be no replica."""
    common = [
        "--binlog-format=ROW",
        "--relay-log-recovery=ON",
        "--skip-replica-start=ON",  # whom to follow after a restart is not for the pod to remember
        f"--replica-net-timeout={NET_TIMEOUT_S}",
    ]
    if kind == "async":
        return common
    return [
        *common,
        "--plugin-load-add=semisync_source.so",
        "--plugin-load-add=semisync_replica.so",
        "--loose-rpl_semi_sync_replica_enabled=ON",
        "--loose-rpl_semi_sync_source_wait_point=AFTER_SYNC",
        f"--loose-rpl_semi_sync_source_timeout={SEMISYNC_TIMEOUT_MS}",
        *(["--loose-rpl_semi_sync_source_wait_no_replica=OFF"] if alone else []),
    ]


def prepare(connection: Any) -> None:
    """Make the pod read-only, now and after every restart: only `open_for_writes` ends that, and for one life only."""
    with connection.cursor() as cursor:
        cursor.execute("SET PERSIST super_read_only = ON")


def follow(connection: Any, *, source: str, password: str) -> None:
    """Replicate from a pod (by name), as user ``meshbench_repl``, from wherever the own executed GTID set ends."""
    with connection.cursor() as cursor:
        cursor.execute("STOP REPLICA")
        cursor.execute(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST = %s, SOURCE_PORT = 3306, SOURCE_USER = 'meshbench_repl',"
            " SOURCE_PASSWORD = %s, SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 86400,"
            " SOURCE_HEARTBEAT_PERIOD = %s, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_SSL = %s",
            (source, password, HEARTBEAT_S, int(demands_tls(cursor))),
        )
        cursor.execute("START REPLICA")


def detach(connection: Any, *, kind: Kind) -> None:
    """Stop replicating, and being a semi-synchronous source: a replica that waits for replicas of its own would stall.

    Where that was on, it takes a second: MySQL's thread that collects acknowledgements looks up no more often.
    """
    with connection.cursor() as cursor:
        cursor.execute("STOP REPLICA")
        if kind == "semisync":
            cursor.execute("SET GLOBAL rpl_semi_sync_source_enabled = OFF")


def resume(connection: Any) -> None:
    """Replicate again from the source that is set already, keeping what has been received."""
    with connection.cursor() as cursor:
        cursor.execute("START REPLICA")


def owned(connection: Any) -> str:
    """Transactions that are under way, as a GTID set: one that waits for a semi-synchronous acknowledgement is in the
    binary log, and perhaps on a replica, but in nobody's gtid_executed yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@global.gtid_owned")
        return re.sub(r"#\d+", "", "".join(str(cursor.fetchone()[0]).split()))  # uuid:7#12, owned by session 12


def forget_source(connection: Any) -> None:
    """Drop a channel that was never started here: a clone brings its donor's."""
    with connection.cursor() as cursor:
        cursor.execute("RESET REPLICA ALL")


def stop_receiving(connection: Any) -> None:
    """Take nothing more from the source; what has been received goes on being applied."""
    with connection.cursor() as cursor:
        cursor.execute("STOP REPLICA IO_THREAD")


def drain(connection: Any, *, received: str, timeout_s: float) -> bool:
    """Wait until a GTID set is executed; False when time runs out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)", (received, timeout_s))
        return bool(cursor.fetchone()[0] == 0)


def promote(connection: Any, *, kind: Kind) -> None:
    """End being a replica. The pod stays read-only: `open_for_writes` is a step of its own."""
    with connection.cursor() as cursor:
        cursor.execute("STOP REPLICA")
        cursor.execute("RESET REPLICA ALL")
        if kind == "semisync":
            cursor.execute("SET GLOBAL rpl_semi_sync_source_enabled = ON")


def open_for_writes(connection: Any, *, kind: Kind) -> None:
    """Take writes until the next restart or `fence`; semi-sync is on before the first of them."""
    with connection.cursor() as cursor:
        if kind == "semisync":
            cursor.execute("SET GLOBAL rpl_semi_sync_source_enabled = ON")
        cursor.execute("SET GLOBAL offline_mode = OFF")  # a fence may have been interrupted
        cursor.execute("SET GLOBAL super_read_only = OFF")
        cursor.execute("SET GLOBAL read_only = OFF")


def fence(connection: Any, *, kind: Kind) -> None:
    """Take no more writes. Running commits get FENCE_PATIENCE_S; those still waiting then lose their session first.

    A semi-synchronous commit that nobody acknowledges would hold up the lock for ever, and to switch semi-sync off
    lets it succeed: so its client must be gone before (offline mode ends all sessions without CONNECTION_ADMIN), and
    learns no more than that the connection was lost.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION lock_wait_timeout = {FENCE_PATIENCE_S}")
        if not _read_only(cursor):
            cursor.execute("SET GLOBAL offline_mode = ON")
            if kind == "semisync":
                cursor.execute("SET GLOBAL rpl_semi_sync_source_enabled = OFF")
            cursor.execute("SET SESSION lock_wait_timeout = 10")
            cursor.execute("SET GLOBAL super_read_only = ON")
            cursor.execute("SET GLOBAL offline_mode = OFF")


def _read_only(cursor: Any) -> bool:
    """Whether super_read_only could be set in time."""
    try:
        cursor.execute("SET GLOBAL super_read_only = ON")
    except pymysql.MySQLError as error:
        if error.args and error.args[0] == ER_LOCK_WAIT_TIMEOUT:
            return False
        raise
    return True


def errant(connection: Any, *, executed: str, elsewhere: str) -> str:
    """The transactions of ``executed`` that ``elsewhere`` lacks, as a GTID set; empty when there are none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT GTID_SUBTRACT(%s, %s)", (executed, elsewhere))
        return "".join(str(cursor.fetchone()[0]).split())
