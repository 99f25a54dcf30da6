"""A session of our own: the same on every server, whatever its options make of other people's sessions.

Agents, observer, control plane, set-up, the dump of the end state: whoever speaks SQL for meshbench comes through
`connect`, and every variable that its statements depend on is then what MySQL has by default, set by the session
itself. So a ``max_execution_time`` of the user's is in force for the load, which it is meant for, and cuts no evidence.
Load workers have a set of their own (`loadgen.connection`). Needs only PyMySQL: it runs in pods.

Why each rule is as it is: docs/decisions/0019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pymysql

CHARACTER_SET = "utf8mb4"
COLLATION = "utf8mb4_0900_ai_ci"
#: What CREATE DATABASE and CREATE TABLE say of text, so that no ``character_set_server`` says it for them.
TEXT = f"DEFAULT CHARACTER SET {CHARACTER_SET} COLLATE {COLLATION}"

#: Session variables that need no privilege and that every MySQL since 8.0.19 has, at MySQL's defaults.
SETTINGS: Mapping[str, str | int] = {
    "autocommit": 1,
    "completion_type": "NO_CHAIN",
    "transaction_isolation": "REPEATABLE-READ",
    "transaction_read_only": 0,
    "sql_mode": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION",
    "sql_safe_updates": 0,
    "sql_auto_is_null": 0,
    "sql_select_limit": 2**64 - 1,
    "max_join_size": 2**64 - 1,
    "sql_big_selects": 1,  # behind max_join_size, which switches it
    "max_execution_time": 0,
    "foreign_key_checks": 1,
    "unique_checks": 1,
    "default_storage_engine": "InnoDB",
    "time_zone": "+00:00",
    "wait_timeout": 28_800,
    "net_read_timeout": 600,  # ours: a large table is read slowly where the machine is busy
    "net_write_timeout": 600,
    "lock_wait_timeout": 31_536_000,
    "innodb_lock_wait_timeout": 50,
}
#: Known only where the plugin of Group Replication is loaded. Under BEFORE a member that lags, or has no majority,
#: would leave an agent's question without an answer, and an agent that is silent is a pod that is down.
IN_A_GROUP: Mapping[str, str | int] = {"group_replication_consistency": "EVENTUAL"}

ER_UNKNOWN_SYSTEM_VARIABLE = 1193


def statement(settings: Mapping[str, str | int]) -> str:
    """One SET for all of them: one round trip."""
    return "SET " + ", ".join(f"SESSION {name} = {_literal(value)}" for name, value in settings.items())


def connect(
    *, host: str, user: str, password: str, timeout_s: float, port: int = 3306, database: str | None = None
) -> Any:
    """A connection within the run's network with SETTINGS; nothing on it takes longer than ``timeout_s``.

    Raises pymysql.MySQLError.
    """
    connection: Any = pymysql.connect(
        host=host,
        port=port,
        user=user,
        password=password,
        database=database,
        charset=CHARACTER_SET,
        collation=COLLATION,
        connect_timeout=max(1, round(timeout_s)),
        read_timeout=timeout_s,
        write_timeout=timeout_s,
        ssl_disabled=True,  # the bridge leads nowhere else; TLS is for the mesh to add
        autocommit=None,  # it is among the settings
    )
    try:
        _settle(connection)
    except BaseException:
        connection._force_close()  # no COM_QUIT: the peer may be frozen and the write could block
        raise
    return connection


def _settle(connection: Any) -> None:
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement({**SETTINGS, **IN_A_GROUP}))
        except pymysql.MySQLError as error:
            if error.args[0] != ER_UNKNOWN_SYSTEM_VARIABLE:
                raise
            cursor.execute(statement(SETTINGS))


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f"'{value}'"
