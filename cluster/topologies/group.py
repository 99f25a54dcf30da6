"""Group Replication: options, bootstrap, join, leave, rejoin, and a membership forced on it.

The members elect by themselves: with one primary, or with all of them as primaries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

from cluster.session import demands_tls
from cluster.status.status import Role, Status
from cluster.topologies import clone, node_status
from cluster.topologies.replication import Node, Replication
from cluster.topologies.requirements import (
    RULES_OF_REPLICAS,
    UNFIT_FOR_REPLICAS,
    Floor,
    OptionRule,
    Unfit,
    off,
)

XCOM_PORT = 33061
#: A member that is gone has been expelled by then: 5 s until it is suspected, 5 s of
#: ``group_replication_member_expel_timeout`` by default, and the new view.
EXPELLED_S = 15.0
#: Not configured (yet) to be a member, the applier did not start or stop in time, and the communication layer had no
#: session or could not join.
PASSING = frozenset({3092, 3094, 3095, 3096, 3097})
#: Members join in turns, each so long after the one before is ONLINE. Seen on 9.7, of three servers that were up
#: (decision 0050): where joins began together or as soon as the group did, they took 6.1 or 7.1 s in six of eight tries
#: and 2.1 s in two; 0.15 to 0.5 s after ONLINE they took 2.1 to 2.2 s in all 22. The trace of a slow one shows a joiner
#: that is hung up on ten times within 30 ms and asks again five seconds later. That a member takes up one connection
#: every tenth of a second is how we read it, and not proven.
JOIN_APART_S = 0.25
_ORDER = "must be ON: Group Replication does not start without it"
_RULES = (
    *RULES_OF_REPLICAS,
    OptionRule("binlog_format", lambda value: value not in ("row", "2"), "must be ROW: groups accept nothing else"),
    OptionRule("replica_preserve_commit_order", off, _ORDER),
    OptionRule("slave_preserve_commit_order", off, _ORDER),
    OptionRule(
        "group_replication_communication_stack",
        lambda value: value not in ("xcom", "0"),
        "must be XCOM: members reach one another at a port of the group's own",
    ),
)
#: Error 3098 of MySQL: with these checks no transaction of a serializable session can write.
NOT_SERIALIZABLE = (
    "serializable cannot work with topology group-multi: MySQL refuses every write of such a session with error 3098, "
    "because of group_replication_enforce_update_everywhere_checks"
)


class Group(clone.Clones, Replication):
    """Of one primary."""

    kind = "group"
    replication_ports = (XCOM_PORT,)
    replicates = True
    elects_by_itself = True
    guarantee = "majority"
    lead_words = "bootstrap the group"
    follow_words = "join the group"
    passing_errors = PASSING
    join_apart_s = JOIN_APART_S
    needs = Floor((8, 0, 27), "the privilege GROUP_REPLICATION_STREAM")
    switchover_needs = Floor((8, 0, 29), "group_replication_set_as_primary with a timeout")
    option_rules = _RULES
    unfit = (
        *UNFIT_FOR_REPLICAS,
        Unfit(
            "sql_mode",
            "pad_char_to_full_length",
            "a pod that joins cannot read the configuration of its group, and does not join",
        ),
    )
    plugins = MappingProxyType({"group_replication_": "Group Replication", **clone.PLUGINS})
    replication_privileges = ("GROUP_REPLICATION_STREAM",)  # which no MySQL before 8.0.27 knows
    status_query = node_status.STATUS_QUERY

    def options(self, node: Node) -> list[str]:
        settings = {
            "group_name": node.group_name,
            "local_address": f"{node.address}:{XCOM_PORT}",
            "group_seeds": ",".join(f"{seed}:{XCOM_PORT}" for seed in node.seeds),
            "ip_allowlist": node.subnet,  # the automatic list holds private ranges only, and ours is not one
            "start_on_boot": "OFF",  # the first start is ours to order; `join` turns it on for every later one
            "recovery_get_public_key": "ON",
            **self._mode(),
        }
        return [
            "--plugin-load-add=group_replication.so",
            "--relay-log-recovery=ON",
            *(f"--loose-group_replication_{key}={value}" for key, value in settings.items()),
            *clone.OPTIONS,
        ]

    def _mode(self) -> dict[str, str]:
        return {}

    def can_lose(self, nodes: int, *, primary: bool, wait_count: int = 1) -> int:  # noqa: ARG002
        """A majority of its members must be left, whoever leads."""
        return (nodes - 1) // 2

    def back_s(self, gone_s: float, *, crashed: bool) -> float:
        """A member that is back from a crash before its group has expelled it is not let in, and waits in vain until
        its membership is restarted. While one joins the group refuses to change its primary."""
        if not crashed:
            return 15.0
        return 25.0 if gone_s >= EXPELLED_S else 60.0

    def prepare(self, connection: Any, node: Node) -> None:
        """Tell a member how to fetch what it misses from a donor, and to take no writes except as a primary.

        Without the latter, one that comes back and cannot join stands there open, and a client that looks for a
        writable node by itself would write where nobody replicates.
        """
        with connection.cursor() as cursor:
            cursor.execute("SET PERSIST super_read_only = ON")
            cursor.execute(
                "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'meshbench_repl', SOURCE_PASSWORD = %s"
                " FOR CHANNEL 'group_replication_recovery'",
                (node.password,),
            )
            if demands_tls(cursor):
                cursor.execute("SET PERSIST group_replication_recovery_use_ssl = ON")

    def join(self, connection: Any, node: Node, *, first: bool, primary: Callable[[], str]) -> None:  # noqa: ARG002  # others need it
        """Begin a group, or join it. It rejoins by itself at each later start, unless it is alone: it could only try
        in vain."""
        _start(connection, bootstrap=first, at_boot=node.members > 1)

    def leave(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("STOP GROUP_REPLICATION")

    def parse(self, rows: Sequence[Sequence[Any]]) -> Status:
        """A member of no group (yet, or any more) is an OFFLINE replica, never a primary: after a restart it is
        writable for a moment before it rejoins."""
        answer = node_status.read(rows)
        own = next((member for member in answer.members if member[3]), None)
        role: Role = "primary" if own is not None and own[2] == "PRIMARY" else "replica"
        view = {host: f"{state}/{part or ''}" for host, state, part, _ in answer.members}
        return answer.status(kind=self.kind, role=role, state="OFFLINE" if own is None else own[1], view=view)

    def hand_over(self, connection: Any, *, timeout_s: float) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@server_uuid")
            uuid = cursor.fetchone()[0]
            # sessions whose transactions run longer than half our time are ended by the group
            cursor.execute("SELECT group_replication_set_as_primary(%s, %s)", (uuid, max(1, int(timeout_s / 2))))

    def restart_membership(self, connection: Any) -> None:
        self.leave(connection)
        _start(connection, bootstrap=False, at_boot=True)

    def disable_start_on_boot(self, connection: Any) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@global.group_replication_start_on_boot")
            was_on = bool(cursor.fetchone()[0])
            cursor.execute("SET PERSIST group_replication_start_on_boot = OFF")
        return was_on

    def force_members(self, connection: Any, addresses: list[str]) -> None:
        with connection.cursor() as cursor:
            members = ",".join(f"{address}:{XCOM_PORT}" for address in addresses)
            cursor.execute("SET GLOBAL group_replication_force_members = %s", (members,))
            cursor.execute("SET GLOBAL group_replication_force_members = ''")

    def executed_or_received(self, connection: Any) -> str:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT @@global.gtid_executed, (SELECT RECEIVED_TRANSACTION_SET FROM"
                " performance_schema.replication_connection_status WHERE CHANNEL_NAME = 'group_replication_applier')"
            )
            return ",".join(filter(None, cursor.fetchone()))


class GroupOfPrimaries(Group):
    kind = "group-multi"
    multi_primary = True
    no_switchover = "every node of this group is a primary"
    option_rules = (
        *_RULES,
        OptionRule("transaction_isolation", lambda value: value in ("serializable", "3"), NOT_SERIALIZABLE),
    )

    def _mode(self) -> dict[str, str]:
        return {"single_primary_mode": "OFF", "enforce_update_everywhere_checks": "ON"}


def _start(connection: Any, *, bootstrap: bool, at_boot: bool) -> None:
    with connection.cursor() as cursor:
        if at_boot:
            cursor.execute("SET PERSIST group_replication_start_on_boot = ON")
        if bootstrap:
            cursor.execute("SET GLOBAL group_replication_bootstrap_group = ON")
        try:
            cursor.execute("START GROUP_REPLICATION")
        finally:
            if bootstrap:  # also when it failed: a second bootstrap would be a second group
                cursor.execute("SET GLOBAL group_replication_bootstrap_group = OFF")
