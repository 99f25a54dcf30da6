"""Group Replication: options, bootstrap, join, leave, rejoin, and a membership forced on it."""

from __future__ import annotations

import uuid
from typing import Any

from cluster.mysqld.mysqld import Credentials
from cluster.session import demands_tls
from cluster.topology import Kind

XCOM_PORT = 33061


def options(*, group_name: uuid.UUID, address: str, seeds: list[str], subnet: str, kind: Kind) -> list[str]:
    """mysqld's arguments for a member. seeds: the addresses of all pods; subnet: who may speak XCom to us."""
    settings = {
        "group_name": str(group_name),
        "local_address": f"{address}:{XCOM_PORT}",
        "group_seeds": ",".join(f"{seed}:{XCOM_PORT}" for seed in seeds),
        "ip_allowlist": subnet,  # the automatic list holds private ranges only, and ours is not one
        "start_on_boot": "OFF",  # the first start is ours to order; `join` turns it on for every later one
        "recovery_get_public_key": "ON",
    }
    if kind == "group-multi":
        settings |= {"single_primary_mode": "OFF", "enforce_update_everywhere_checks": "ON"}
    return [
        "--plugin-load-add=group_replication.so",
        *(f"--loose-group_replication_{key}={value}" for key, value in settings.items()),
    ]


def prepare(connection: Any, credentials: Credentials) -> None:
    """Tell a member how to fetch what it misses from a donor, and to take no writes except as the group's primary.

    Without the latter, one that comes back and cannot join stands there open, and a client that looks for a writable
    pod by itself would write where nobody replicates.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET PERSIST super_read_only = ON")
        cursor.execute(
            "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'meshbench_repl', SOURCE_PASSWORD = %s"
            " FOR CHANNEL 'group_replication_recovery'",
            (credentials.repl,),
        )
        if demands_tls(cursor):
            cursor.execute("SET PERSIST group_replication_recovery_use_ssl = ON")


def join(connection: Any, *, bootstrap: bool, at_boot: bool = True) -> None:
    """Start the first member of a group (bootstrap) or join it.

    at_boot: whether the member rejoins by itself at each later start; one that is alone could only try in vain.
    """
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


def leave(connection: Any) -> None:
    """Leave the group in order: the others know at once, and none of them has to suspect anything."""
    with connection.cursor() as cursor:
        cursor.execute("STOP GROUP_REPLICATION")


def restart_membership(connection: Any) -> None:
    """What an operator does with a member that gave up: leave cleanly, join again."""
    leave(connection)
    join(connection, bootstrap=False)


def calm(connection: Any) -> bool:
    """Do not start replication at the next boot; returns whether that was on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@global.group_replication_start_on_boot")
        was_on = bool(cursor.fetchone()[0])
        cursor.execute("SET PERSIST group_replication_start_on_boot = OFF")
    return was_on


def force_members(connection: Any, addresses: list[str]) -> None:
    """Make these members, of which the connected one is one, the whole group; returns when they are."""
    with connection.cursor() as cursor:
        members = ",".join(f"{address}:{XCOM_PORT}" for address in addresses)
        cursor.execute("SET GLOBAL group_replication_force_members = %s", (members,))
        cursor.execute("SET GLOBAL group_replication_force_members = ''")


def possessed(connection: Any) -> str:
    """The GTID set that a member has executed, or received from its group and not yet applied."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT @@global.gtid_executed, (SELECT RECEIVED_TRANSACTION_SET FROM"
            " performance_schema.replication_connection_status WHERE CHANNEL_NAME = 'group_replication_applier')"
        )
        return ",".join(filter(None, cursor.fetchone()))
