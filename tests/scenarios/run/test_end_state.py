"""The end state of pods that answer, that have lost something, and that do not answer: all of it is written down."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pymysql
import pytest

from cluster.status.status import Status
from history.nodes import assert_nodes_readable
from scenarios.run.end_state import final_state
from scenarios.run.run_folder import RunFolder

QUERIES = {"accounts": "SELECT id FROM accounts", "entries": "SELECT transfer FROM entries"}
ROWS: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {
    "SELECT @@global.gtid_executed": (["g"], [("a:1-7,\n b:1",)]),
    QUERIES["accounts"]: (["id"], [(1,), (2,)]),
    QUERIES["entries"]: (["transfer"], [("k1",), ("k1",)]),
    "SHOW TABLES": (["t"], [("accounts",), ("entries",)]),
    "CHECKSUM TABLE `accounts`, `entries`": (["t", "c"], [("meshbench.accounts", 11), ("meshbench.entries", 12)]),
}


class Server:
    """One pod's MySQL. says: statement -> its rows, or what it raises."""

    def __init__(self, **says: Any) -> None:
        self.says: dict[str, Any] = ROWS | {key: value for key, value in says.items() if key != "also"}
        self.says |= says.get("also", {})
        self._rows: list[tuple[Any, ...]] = []
        self.description: list[tuple[str]] = []

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def cursor(self) -> Server:
        return self

    def execute(self, statement: str) -> None:
        found = self.says.get(statement, ([], []))
        if isinstance(found, Exception):
            raise found
        names, self._rows = found
        self.description = [(name,) for name in names]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...]:
        return self._rows[0]


def status(*, state: str | None = "ONLINE", view: dict[str, str] | None = None) -> Status:
    return Status(
        role="replica", state=state, read_only=True, gtid_executed="a:1-6", lag_ms=None, kind="group", view=view or {}
    )


class Pods:
    """A cluster of which each pod has a status (None: silent) and a server (or what connecting raises)."""

    def __init__(self, **pods: tuple[Status | None, Any]) -> None:
        self.pods = pods
        self.aside: dict[str, str] = {}
        self.membership = self

    def status(self) -> dict[str, Status | None]:
        return {name: one for name, (one, _) in self.pods.items()}

    def quarantined(self) -> dict[str, str]:
        return self.aside

    def connect(self, name: str, **_: Any) -> Any:
        server = self.pods[name][1]
        if isinstance(server, Exception):
            raise server
        return server


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path, scenario="tiny", seed=1)


def left(pods: Pods, folder: RunFolder, queries: dict[str, str] = QUERIES) -> dict[str, Any]:
    final_state(pods, queries, folder)  # type: ignore[arg-type]
    nodes: dict[str, Any] = json.loads((folder.path / "final" / "nodes.json").read_text())
    assert_nodes_readable(nodes)
    return nodes


def rows(folder: RunFolder, table: str) -> dict[str, int]:
    frame = pd.read_parquet(folder.path / "final" / f"{table}.parquet")
    return dict(frame["node"].value_counts())


def test_a_pod_that_answers_everything_has_nothing_unread(folder: RunFolder) -> None:
    nodes = left(Pods(node1=(status(), Server()), node2=(status(), Server())), folder)
    assert nodes["node1"] == {
        "role": "replica",
        "state": "ONLINE",
        "gtid_executed": "a:1-7,b:1",
        "checksums": {"accounts": 11, "entries": 12},
    }
    assert rows(folder, "entries") == {"node1": 2, "node2": 2}


def test_a_table_that_is_gone_costs_no_other(folder: RunFolder) -> None:
    gone = pymysql.ProgrammingError(1146, "Table 'meshbench.entries' doesn't exist")
    nodes = left(Pods(node1=(status(), Server()), node2=(status(), Server(also={QUERIES["entries"]: gone}))), folder)
    assert nodes["node2"]["unread"] == [
        {"table": "entries", "errno": 1146, "error": "Table 'meshbench.entries' doesn't exist"}
    ]
    assert "unread" not in nodes["node1"]
    assert rows(folder, "accounts") == {"node1": 2, "node2": 2}
    assert rows(folder, "entries") == {"node1": 2}


def test_a_database_that_is_gone_leaves_what_the_pod_has_executed(folder: RunFolder) -> None:
    gone = pymysql.OperationalError(1049, "Unknown database 'meshbench'")
    nodes = left(Pods(node1=(status(), Server(also={"USE meshbench": gone}))), folder)
    assert nodes["node1"]["unread"] == [{"table": None, "errno": 1049, "error": "Unknown database 'meshbench'"}]
    assert nodes["node1"]["gtid_executed"] == "a:1-7,b:1"
    assert not (folder.path / "final" / "accounts.parquet").exists()


@pytest.mark.parametrize(
    "error",
    [
        pymysql.OperationalError(2013, "Lost connection to MySQL server during query"),
        pymysql.OperationalError(1142, "SELECT command denied to user"),
        pymysql.OperationalError(3024, "Query execution was interrupted, maximum statement execution time exceeded"),
        pymysql.InterfaceError(0, ""),
    ],
)
@pytest.mark.parametrize("statement", [*QUERIES.values(), "SHOW TABLES", "CHECKSUM TABLE `accounts`, `entries`"])
def test_of_a_pod_that_is_cut_off_on_the_way_no_half_is_kept(
    folder: RunFolder, statement: str, error: Exception
) -> None:
    nodes = left(Pods(node1=(status(), Server()), node2=(status(), Server(also={statement: error}))), folder)
    assert nodes["node2"]["unread"][0]["errno"] == error.args[0]
    assert nodes["node2"]["state"] == "ONLINE"
    assert rows(folder, "accounts") == {"node1": 2}
    assert rows(folder, "entries") == {"node1": 2}


@pytest.mark.parametrize(
    "error",
    [
        pymysql.OperationalError(2003, "Can't connect to MySQL server (timed out)"),
        pymysql.OperationalError(2026, "SSL connection error"),
        pymysql.OperationalError(1045, "Access denied"),
        TimeoutError("timed out"),
        ConnectionResetError(104, "Connection reset by peer"),
    ],
)
def test_a_pod_that_takes_no_session_is_said_to_and_its_status_is_kept(folder: RunFolder, error: Exception) -> None:
    nodes = left(Pods(node1=(status(), Server()), node2=(status(), error)), folder)
    assert nodes["node2"]["gtid_executed"] == "a:1-6"
    assert nodes["node2"]["checksums"] == {}
    assert nodes["node2"]["unread"][0]["table"] is None
    assert nodes["node2"]["unread"][0]["error"]


def test_a_pod_that_is_silent_is_unreachable_and_unread(folder: RunFolder) -> None:
    nodes = left(Pods(node1=(None, AssertionError("nobody asks it"))), folder)
    assert nodes["node1"]["state"] == "UNREACHABLE"
    assert nodes["node1"]["gtid_executed"] is None
    assert nodes["node1"]["unread"] == [{"table": None, "errno": None, "error": "it did not answer"}]


def test_a_member_without_a_majority_is_not_in_service_whatever_it_says_of_itself(folder: RunFolder) -> None:
    view = {"node1": "ONLINE/PRIMARY", "node2": "UNREACHABLE/SECONDARY", "node3": "UNREACHABLE/SECONDARY"}
    nodes = left(Pods(node1=(status(view=view), Server())), folder)
    assert nodes["node1"]["state"] == "NO_QUORUM"
    assert rows(folder, "accounts") == {"node1": 2}


def test_quarantine_is_told_before_anything_else(folder: RunFolder) -> None:
    pods = Pods(node1=(status(), Server()))
    pods.aside = {"node1": "it has what nobody else has"}
    assert left(pods, folder)["node1"]["state"] == "QUARANTINED"


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2**64 - 1],
        [date(2026, 1, 1), "0000-00-00"],
        [Decimal("1.5"), Decimal("12345678901234567890.123456789")],
        [b"\x00\xff", None],
        [None, None],
        ["a", 7],
    ],
)
def test_cells_of_any_kind_are_kept(folder: RunFolder, cells: list[Any]) -> None:
    servers = [Server(also={QUERIES["accounts"]: (["id"], [(cell,)])}) for cell in cells]
    left(Pods(node1=(status(), servers[0]), node2=(status(), servers[1])), folder)
    assert rows(folder, "accounts") == {"node1": 1, "node2": 1}
