"""Group Replication: options, bootstrap, join, rejoin."""

from __future__ import annotations

import uuid
from typing import Any

from cluster.mysqld import Credentials
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
    """Tell a member how to fetch what it misses from a donor."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'meshbench_repl', SOURCE_PASSWORD = %s"
            " FOR CHANNEL 'group_replication_recovery'",
            (credentials.repl,),
        )


def join(connection: Any, *, bootstrap: bool) -> None:
    """Start the first member of a group (bootstrap) or join it; from then on the member rejoins by itself at start."""
    with connection.cursor() as cursor:
        cursor.execute("SET PERSIST group_replication_start_on_boot = ON")
        if bootstrap:
            cursor.execute("SET GLOBAL group_replication_bootstrap_group = ON")
        cursor.execute("START GROUP_REPLICATION")
        if bootstrap:
            cursor.execute("SET GLOBAL group_replication_bootstrap_group = OFF")


def restart_membership(connection: Any, *, bootstrap: bool) -> None:
    """What an operator does with a member that gave up: leave cleanly, join again (or, alone, form the group again)."""
    with connection.cursor() as cursor:
        cursor.execute("STOP GROUP_REPLICATION")
    join(connection, bootstrap=bootstrap)
