"""Source and replicas (async, semi-sync): the options of their mysqld, and each step of a failover as one method.

Every method may be repeated. Who calls what, and when, is the control plane's business (`control`). Statements are
those of the MySQL reference manual, "Replication Statements".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import pymysql

from cluster.agent.lease import failover_quorum
from cluster.session import demands_tls
from cluster.status.status import Role, Status
from cluster.topologies import clone, node_status
from cluster.topologies.replication import Node, Replication
from cluster.topologies.requirements import RULES_OF_REPLICAS, UNFIT_FOR_REPLICAS, Floor

#: How soon a replica notices that its source has gone silent: it hears a heartbeat every HEARTBEAT_S at least.
HEARTBEAT_S = 0.5
NET_TIMEOUT_S = 2
#: Longer than any run: a semi-synchronous commit waits for its replica instead of becoming asynchronous.
SEMISYNC_TIMEOUT_MS = 24 * 3600 * 1000
#: How long `fence` waits for running commits before it ends their sessions.
FENCE_PATIENCE_S = 1
ER_LOCK_WAIT_TIMEOUT = 1205


class Async(clone.Clones, Replication):
    """Replicas follow, and a commit waits for none of them."""

    kind = "async"
    replication_ports = (3306,)
    replicates = True
    elects_by_itself = False
    guarantee = "primary"
    lead_words = "lead"
    follow_words = "replicate from its source"
    needs = Floor((8, 0, 26), "the options skip_replica_start and replica_net_timeout")
    switchover_needs = needs
    option_rules = RULES_OF_REPLICAS
    unfit = UNFIT_FOR_REPLICAS
    plugins = clone.PLUGINS
    status_query = node_status.STATUS_QUERY

    def options(self, node: Node) -> list[str]:
        return [
            "--binlog-format=ROW",
            "--relay-log-recovery=ON",
            "--skip-replica-start=ON",  # whom to follow after a restart is not for the node to remember
            f"--replica-net-timeout={NET_TIMEOUT_S}",
            *self._semisync_options(alone=node.expected == 1),
            *clone.OPTIONS,
        ]

    def _semisync_options(self, *, alone: bool) -> list[str]:  # noqa: ARG002  # semi-sync asks
        return []

    def prepare(self, connection: Any, node: Node) -> None:  # noqa: ARG002  # others need it
        """Make it read-only, now and after every restart: only `open_for_writes` ends that, and for one life only."""
        with connection.cursor() as cursor:
            cursor.execute("SET PERSIST super_read_only = ON")

    def join(self, connection: Any, node: Node, *, first: bool, primary: Callable[[], str]) -> None:
        if first:
            self.open_for_writes(connection)
        else:
            self.follow(connection, source=primary(), password=node.password)

    def leave(self, connection: Any) -> None:
        self.detach(connection)

    def parse(self, rows: Sequence[Sequence[Any]]) -> Status:
        answer = node_status.read(rows)
        role: Role = "replica" if answer.source or answer.read_only else "primary"
        state = "ONLINE" if role == "primary" else "OFFLINE"
        if answer.source:
            state = _channel_state(answer.receiver, answer.applier)
        leader = answer.source or (answer.name if role == "primary" else None)
        view = {leader: "ONLINE/PRIMARY"} if leader else {}
        return answer.status(kind=self.kind, role=role, state=state, view=view)

    def follow(self, connection: Any, *, source: str, password: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("STOP REPLICA")
            cursor.execute(
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST = %s, SOURCE_PORT = 3306, SOURCE_USER = 'meshbench_repl',"
                " SOURCE_PASSWORD = %s, SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 86400,"
                " SOURCE_HEARTBEAT_PERIOD = %s, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_SSL = %s",
                (source, password, HEARTBEAT_S, int(demands_tls(cursor))),
            )
            cursor.execute("START REPLICA")

    def detach(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("STOP REPLICA")
            self._wait_for_no_replica(cursor)

    def resume(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("START REPLICA")

    def forget_source(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("RESET REPLICA ALL")

    def after_clone(self, connection: Any) -> None:
        """The donor's channel came with its data, and was never started here."""
        self.forget_source(connection)

    def can_lose(self, nodes: int, *, primary: bool, wait_count: int = 1) -> int:  # noqa: ARG002
        """A failover takes the agreement of more than half of the other nodes; a primary that lives goes on alone."""
        return nodes - failover_quorum(nodes) if primary else nodes - 1

    def stop_receiving(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("STOP REPLICA IO_THREAD")

    def drain(self, connection: Any, *, received: str, timeout_s: float) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)", (received, timeout_s))
            return bool(cursor.fetchone()[0] == 0)

    def promote(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("STOP REPLICA")
            cursor.execute("RESET REPLICA ALL")
            self._wait_for_replicas(cursor)

    def open_for_writes(self, connection: Any) -> None:
        """Semi-sync is on before the first of them."""
        with connection.cursor() as cursor:
            self._wait_for_replicas(cursor)
            cursor.execute("SET GLOBAL offline_mode = OFF")  # a fence may have been interrupted
            cursor.execute("SET GLOBAL super_read_only = OFF")
            cursor.execute("SET GLOBAL read_only = OFF")

    def fence(self, connection: Any) -> None:
        """Running commits get FENCE_PATIENCE_S; those still waiting then lose their session first.

        A semi-synchronous commit that nobody acknowledges would hold up the lock for ever, and to switch semi-sync off
        lets it succeed: so its client must be gone before (offline mode ends all sessions without CONNECTION_ADMIN),
        and learns no more than that the connection was lost.
        """
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION lock_wait_timeout = {FENCE_PATIENCE_S}")
            if not _read_only(cursor):
                cursor.execute("SET GLOBAL offline_mode = ON")
                self._wait_for_no_replica(cursor)
                cursor.execute("SET SESSION lock_wait_timeout = 10")
                cursor.execute("SET GLOBAL super_read_only = ON")
                cursor.execute("SET GLOBAL offline_mode = OFF")

    def errant(self, connection: Any, *, executed: str, source: Any) -> str:
        with source.cursor() as cursor:
            # owned first: what is committed in between is then in one of the two
            owned = _owned(cursor)
            cursor.execute("SELECT @@global.gtid_executed")
            elsewhere = ",".join(filter(None, ("".join(str(cursor.fetchone()[0]).split()), owned)))
        with connection.cursor() as cursor:
            cursor.execute("SELECT GTID_SUBTRACT(%s, %s)", (executed, elsewhere))
            return "".join(str(cursor.fetchone()[0]).split())

    def _wait_for_replicas(self, cursor: Any) -> None:
        """From now on a commit waits, where it ever does."""

    def _wait_for_no_replica(self, cursor: Any) -> None:
        """From now on no commit waits."""


class SemiSync(Async):
    """A commit waits until a replica has it."""

    kind = "semisync"
    guarantee = "replica"
    needs = Floor((8, 0, 26), "the plugin semisync_source.so")
    switchover_needs = needs
    plugins = MappingProxyType({"rpl_semi_sync_": "semi-sync", **clone.PLUGINS})
    wait_count_option = "rpl_semi_sync_source_wait_for_replica_count"

    def can_lose(self, nodes: int, *, primary: bool, wait_count: int = 1) -> int:
        """Enough replicas for each commit must be left; and to choose a new primary so many must answer that one of
        them has whatever was acknowledged."""
        left_to_wait_for = nodes - 1 - wait_count
        if not primary:
            return left_to_wait_for
        return min(nodes - failover_quorum(nodes), wait_count, left_to_wait_for)

    def _semisync_options(self, *, alone: bool) -> list[str]:
        return [
            "--plugin-load-add=semisync_source.so",
            "--plugin-load-add=semisync_replica.so",
            "--loose-rpl_semi_sync_replica_enabled=ON",
            "--loose-rpl_semi_sync_source_wait_point=AFTER_SYNC",
            f"--loose-rpl_semi_sync_source_timeout={SEMISYNC_TIMEOUT_MS}",
            *(["--loose-rpl_semi_sync_source_wait_no_replica=OFF"] if alone else []),
        ]

    def _wait_for_replicas(self, cursor: Any) -> None:
        cursor.execute("SET GLOBAL rpl_semi_sync_source_enabled = ON")

    def _wait_for_no_replica(self, cursor: Any) -> None:
        """A replica that waits for replicas of its own would stall. Where that was on, it takes a second: MySQL's
        thread that collects acknowledgements looks up no more often."""
        cursor.execute("SET GLOBAL rpl_semi_sync_source_enabled = OFF")


def _channel_state(receiver: str | None, applier: str | None) -> str:
    if applier != "ON":
        return "ERROR"
    return {"ON": "ONLINE", "CONNECTING": "CONNECTING"}.get(receiver or "OFF", "OFFLINE")


def _owned(cursor: Any) -> str:
    """Transactions that are under way, as a GTID set: one that waits for a semi-synchronous acknowledgement is in the
    binary log, and perhaps on a replica, but in nobody's gtid_executed yet."""
    cursor.execute("SELECT @@global.gtid_owned")
    return re.sub(r"#\d+", "", "".join(str(cursor.fetchone()[0]).split()))  # uuid:7#12, owned by session 12


def _read_only(cursor: Any) -> bool:
    """Whether super_read_only could be set in time."""
    try:
        cursor.execute("SET GLOBAL super_read_only = ON")
    except pymysql.MySQLError as error:
        if error.args and error.args[0] == ER_LOCK_WAIT_TIMEOUT:
            return False
        raise
    return True
