"""What the sessions and tables of a run override of the user's options is said, and nothing else is."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from pymysql.cursors import Cursor

from cluster.errors import ConfigurationError
from scenarios.run.sessions import fit_packets, noted, require_certificates


def row(option: str, effective: str, *, note: str = "") -> dict[str, Any]:
    return {"option": option, "from": "own.cnf", "asked": effective, "effective": {"node1": effective}, "note": note}


def note(option: str, effective: str, *, isolation: str = "repeatable-read", locustfile: bool = False) -> str:
    [found] = noted([row(option, effective)], isolation=isolation, locustfile=locustfile)
    assert found == row(option, effective) | {"note": found["note"]}
    return str(found["note"])


@pytest.mark.parametrize(
    ("option", "effective", "said"),
    [
        ("transaction_isolation", "READ-COMMITTED", "REPEATABLE-READ, by mysql.isolation"),
        ("loose-Transaction-Isolation", "SERIALIZABLE", "REPEATABLE-READ, by mysql.isolation"),
        ("autocommit", "OFF", "every session of the load sets 1"),
        ("skip-autocommit", "OFF", "every session of the load sets 1"),
        ("completion_type", "RELEASE", "every session of the load sets NO_CHAIN"),
        ("completion_type", "CHAIN", "every session of the load sets NO_CHAIN"),
        ("transaction_read_only", "ON", "every session of the load sets 0"),
        ("session_track_gtids", "ALL_GTIDS", "every session of the load sets OWN_GTID"),
        ("character_set_server", "binary", "the run's database and tables say utf8mb4"),
        ("collation-server", "latin1_swedish_ci", "the run's database and tables say utf8mb4_0900_ai_ci"),
        ("default_storage_engine", "MyISAM", "the workload's tables say InnoDB"),
    ],
)
def test_what_is_overridden_is_said(option: str, effective: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert said in note(option, effective)
    assert f"own.cnf: {option} is overridden: " in caplog.text


@pytest.mark.parametrize(
    ("option", "effective"),
    [
        ("transaction_isolation", "READ-COMMITTED"),
        ("autocommit", "ON"),
        ("completion_type", "NO_CHAIN"),
        ("character_set_server", "utf8mb4"),
        ("default_storage_engine", "InnoDB"),
        ("max_execution_time", "20"),
        ("wait_timeout", "2"),
        ("sql_mode", "ANSI"),
        ("group_replication_consistency", "BEFORE"),
        ("init_connect", "SET time_zone = '+05:00'"),
    ],
)
def test_what_is_in_force_for_the_load_as_asked_needs_no_word(option: str, effective: str) -> None:
    assert note(option, effective, isolation="read-committed") == ""


def test_the_sessions_of_a_locustfile_are_its_own() -> None:
    assert note("transaction_isolation", "READ-COMMITTED", locustfile=True) == ""
    assert note("default_storage_engine", "MyISAM", locustfile=True) == ""
    assert note("character_set_server", "binary", locustfile=True) == "overridden: the run's database says utf8mb4"


@pytest.mark.parametrize(("packet", "statement"), [(67_108_864, 1_024_000), (65_536, 32_768), (1024, 512)])
def test_set_up_folds_rows_into_what_a_packet_holds(packet: int, statement: int) -> None:
    class Server:
        cursorclass: Any = None

        def cursor(self) -> Server:
            return self

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def execute(self, sql: str) -> None:
            assert sql == "SELECT @@max_allowed_packet"

        def fetchone(self) -> tuple[int]:
            return (packet,)

    server = Server()
    fit_packets(server)
    assert server.cursorclass.max_stmt_length == statement
    assert Cursor.max_stmt_length == 1_024_000


def test_a_note_that_is_there_stays() -> None:
    [found] = noted([row("autocommit", "OFF", note="odd")], isolation="repeatable-read", locustfile=False)
    assert found["note"].startswith("odd; overridden: ")


def test_an_option_with_a_pod_that_differs_is_overridden_there() -> None:
    mixed = row("autocommit", "ON") | {"effective": {"node1": "ON", "node2": "OFF"}}
    [found] = noted([mixed], isolation="repeatable-read", locustfile=False)
    assert found["note"]


@pytest.mark.parametrize(("option", "until", "refused"), [
    ("ssl-cert", "", True),
    ("ssl-cert", "Nov 24 10:00:00 2036 GMT", False),
    ("sync_binlog", "", False),
])  # fmt: skip
def test_certificates_that_leave_a_pod_without_tls_are_refused(option: str, until: str, refused: bool) -> None:
    connection = MagicMock()
    connection.__enter__.return_value = connection
    cursor = connection.cursor.return_value.__enter__.return_value
    cursor.fetchone.return_value = ("Ssl_server_not_after", until)
    cluster: Any = SimpleNamespace(pods=["node1"], connect=lambda _: connection)
    rows = [{"option": option, "from": "my.cnf"}]
    if not refused:
        require_certificates(cluster, rows)
        return
    with pytest.raises(ConfigurationError, match=r"my\.cnf: ssl-cert: node1 serves without TLS"):
        require_certificates(cluster, rows)
