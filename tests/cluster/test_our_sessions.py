"""Sessions of our own: one way to open them, what they set, and what our users may do whatever the server's options."""

from __future__ import annotations

import re
from typing import Any

import pymysql
import pytest

from cluster import session
from cluster.mysqld import mysqld
from cluster.mysqld.incompatible import too_large, unfit
from cluster.topology import Kind


class Connection:
    """Takes statements; fails the one that a test is true of with an error number, or gives a result."""

    def __init__(self, *, fails: tuple[str, int] | None = None, rows: tuple[tuple[Any, ...], ...] = ()) -> None:
        self.fails = fails
        self.rows = rows
        self.statements: list[str] = []
        self.open = True

    def cursor(self) -> Connection:
        return self

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def execute(self, sql: str, args: tuple[Any, ...] = ()) -> None:
        self.statements.append(sql % args if args else sql)
        if self.fails and self.fails[0] in sql:
            raise pymysql.OperationalError(self.fails[1], "no")

    def fetchall(self) -> tuple[tuple[Any, ...], ...]:
        return self.rows

    def _force_close(self) -> None:
        self.open = False


def opened(monkeypatch: pytest.MonkeyPatch, connection: Connection) -> dict[str, Any]:
    """What PyMySQL was asked for."""
    asked: dict[str, Any] = {}

    def connect(**keys: Any) -> Connection:
        asked.update(keys)
        return connection

    monkeypatch.setattr(pymysql, "connect", connect)
    assert session.connect(host="node1", user="root", password="secret", timeout_s=2) is connection
    return asked


def test_a_session_of_ours_is_settled_in_one_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection()
    asked = opened(monkeypatch, connection)
    assert (asked["charset"], asked["collation"]) == ("utf8mb4", "utf8mb4_0900_ai_ci")
    [only] = connection.statements
    assert {**session.SETTINGS, **session.IN_A_GROUP}.keys() == set(re.findall(r"SESSION (\w+) = ", only))
    assert "SESSION max_execution_time = 0," in only
    assert only.index("max_join_size") < only.index("sql_big_selects")
    assert only.endswith("group_replication_consistency = 'EVENTUAL'")


def test_where_group_replication_is_not_loaded_the_rest_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(fails=("group_replication_consistency", 1193))
    opened(monkeypatch, connection)
    assert connection.statements[1:] == [session.statement(session.SETTINGS)]
    assert connection.open


@pytest.mark.parametrize("errno", [1193, 1231, 2013])
def test_a_session_that_cannot_be_settled_is_closed(monkeypatch: pytest.MonkeyPatch, errno: int) -> None:
    connection = Connection(fails=("max_execution_time", errno))
    with pytest.raises(pymysql.OperationalError):
        opened(monkeypatch, connection)
    assert not connection.open


def test_our_users_are_above_init_connect_and_limits_and_the_application_is_not() -> None:
    connection = Connection()
    mysqld.create_users(connection, mysqld.Credentials(), replication_privileges=["GROUP_REPLICATION_STREAM"])
    for user in ("meshbench_watch", "meshbench_control", "meshbench_repl"):
        assert any(f"TO {user}@" in one and "CONNECTION_ADMIN" in one for one in connection.statements), user
        [created] = [one for one in connection.statements if f"EXISTS {user}@" in one]
        assert created.endswith("WITH MAX_USER_CONNECTIONS 1000")
    mine = [one for one in connection.statements if mysqld.APPLICATION in one]
    assert len(mine) == 2
    assert not any("ADMIN" in one or "MAX_USER" in one for one in mine)


def test_passwords_pass_any_policy_and_fit_a_replication_user() -> None:
    for secret in mysqld.Credentials().secrets():
        assert re.search("[A-Z]", secret)
        assert re.search("[a-z]", secret)
        assert re.search("[0-9]", secret)
        assert re.search("[^A-Za-z0-9]", secret)
        assert len(secret) <= 32


def test_the_database_names_its_character_set() -> None:
    connection = Connection()
    mysqld.create_database(connection)
    assert connection.statements == [f"CREATE DATABASE IF NOT EXISTS meshbench {session.TEXT}"]
    assert session.TEXT == "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("group", {"transaction_read_only": "TRUE"}, {"transaction_read_only"}),
        ("async", {"transaction_read_only": "ON"}, {"transaction_read_only"}),
        ("single", {"transaction_read_only": "ON", "sql_mode": "PAD_CHAR_TO_FULL_LENGTH"}, set()),
        ("group", {"transaction_read_only": "FALSE"}, set()),
        ("group-multi", {"sql_mode": "ANSI,PAD_CHAR_TO_FULL_LENGTH"}, {"sql_mode"}),
        ("semisync", {"sql_mode": "ANSI,PAD_CHAR_TO_FULL_LENGTH"}, set()),
        (
            "group",
            {"sql_mode": "PAD_CHAR_TO_FULL_LENGTH", "transaction_read_only": "1"},
            {"sql_mode", "transaction_read_only"},
        ),
        ("group", {"sql_mode": "ANSI,NO_BACKSLASH_ESCAPES", "autocommit": "0"}, set()),
        ("group", {"sql_mode": ""}, set()),
        ("group", {}, set()),
    ],
)
def test_options_under_which_replication_does_not_come_about(
    kind: Kind, values: dict[str, str], told: set[str]
) -> None:
    assert unfit(kind, values).keys() == told


@pytest.mark.parametrize(
    ("pods", "values", "told"),
    [
        (1, {"innodb_buffer_pool_size": "966367641600"}, {"innodb_buffer_pool_size"}),
        (3, {"innodb_buffer_pool_size": str(10 * 2**30), "key_buffer_size": "8388608"}, {"innodb_buffer_pool_size"}),
        (1, {"innodb_buffer_pool_size": str(10 * 2**30)}, set()),
        (3, {"innodb_buffer_pool_size": "134217728", "key_buffer_size": "9G"}, {"key_buffer_size"}),
        (3, {"innodb_buffer_pool_size": "6G", "key_buffer_size": "5G"}, {"innodb_buffer_pool_size"}),
        (3, {}, set()),
    ],
)
def test_buffers_that_the_machine_cannot_hold(pods: int, values: dict[str, str], told: set[str]) -> None:
    found = too_large(pods, 24 * 2**30, values)
    assert found.keys() == told
    assert all("more than this machine's 24.0 GiB" in why for why in found.values())
