"""A session of our own: the same on every server, whatever its options make of other people's sessions.

Agents, observer, control plane, set-up, the dump of the end state: whoever speaks SQL for meshbench comes through
`connect`, and every variable that its statements depend on is then what MySQL has by default, set by the session
itself. So a ``max_execution_time`` of the user's is in force for the load, which it is meant for, and cuts no evidence.
Load workers have a set of their own (`loadgen.client.connection`). Needs only PyMySQL: it runs in pods.

Why each rule is as it is: docs/decisions/0019. TLS is spoken to a server that lets nobody in without it, and to no
other: the bridge of a run leads nowhere else, and encrypting is the mesh's business (docs/decisions/0026).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

import pymysql

CHARACTER_SET = "utf8mb4"
COLLATION = "utf8mb4_0900_ai_ci"
#: What CREATE DATABASE and CREATE TABLE say of text, so that no ``character_set_server`` says it for them.
TEXT = f"DEFAULT CHARACTER SET {CHARACTER_SET} COLLATE {COLLATION}"
#: The same, of a table as a whole. In the statement, because a replica runs that under its own default_storage_engine.
TABLE = f"ENGINE=InnoDB {TEXT}"

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
#: What a server with require_secure_transport answers to whoever asks to be let in without TLS.
ER_SECURE_TRANSPORT_REQUIRED = 3159
#: Servers that have answered so: they are spoken to in TLS at once.
_demanding: set[tuple[str, int]] = set()


def statement(settings: Mapping[str, str | int]) -> str:
    """One SET for all of them: one round trip."""
    return "SET " + ", ".join(f"SESSION {name} = {_literal(value)}" for name, value in settings.items())


def connect(
    *, host: str, user: str, password: str, timeout_s: float, port: int = 3306, database: str | None = None
) -> Any:
    """A connection within the run's network with SETTINGS; nothing on it takes longer than ``timeout_s``.

    Raises pymysql.MySQLError.
    """

    def opened() -> Any:
        return pymysql.connect(
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
            autocommit=None,  # it is among the settings
            **encryption(tls_context() if (host, port) in _demanding else None),
        )

    try:
        connection = opened()
    except pymysql.MySQLError as error:
        if error.args[0] != ER_SECURE_TRANSPORT_REQUIRED:
            raise
        _demanding.add((host, port))
        connection = opened()
    try:
        _settle(connection)
    except BaseException:
        connection._force_close()  # no COM_QUIT: the peer may be frozen and the write could block
        raise
    return connection


@cache
def tls_context() -> ssl.SSLContext:
    """Encrypts, and takes any certificate: mysqld signs its own at its first start, and nobody vouches for that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def encryption(context: ssl.SSLContext | None) -> dict[str, Any]:
    """PyMySQL's arguments for a session with this context, or without TLS."""
    return {"ssl_disabled": True} if context is None else {"ssl": context}


def demands_tls(cursor: Any) -> bool:
    """Whether this server lets nobody in without TLS; so do the others of its cluster then, which have its options."""
    cursor.execute("SELECT @@global.require_secure_transport")
    return bool(cursor.fetchone()[0])


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
