"""The transfer workload on a scripted connection: what a failure of each statement means, and what is drawn."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any

import pymysql
import pytest

from loadgen.client.client import Client
from loadgen.client.connection import NoServerError
from loadgen.outcome import Result
from loadgen.wire.session import Session
from loadgen.workload import Op
from loadgen.workloads.transfer import FINAL_QUERIES, TABLES, Transfer, TransferOptions

GTID = "3e11fa47-71ca-11e1-9e33-c80aa9429562:23"
OPTIONS = TransferOptions(accounts=50, read_share=0.25, opening=1000)
TRANSFER = Op(f="transfer", key="7-0-0", value={"src": 9, "dst": 4, "amount": 100})
READ = Op(f="read", key="7-0-1", value={"account": 9, "balance": None})
STATEMENTS = ["BEGIN", "SELECT", "UPDATE", "UPDATE", "INSERT", "INSERT", "COMMIT"]


class ScriptedConnection:
    """A wire without a socket. Raises errors[n] at the nth statement; balances and affected rows as told."""

    def __init__(self, errors: dict[int, Exception] | None = None) -> None:
        self.errors = errors or {}
        self.balances = {4: 0, 9: 1000}
        self.statements: list[str] = []
        self.lost_update = False
        self.open = True
        self.gtids: list[str] = []
        self.asked = 0

    def query(self, command: bytes) -> int:
        sql = command[5:].decode()
        self.sql = sql
        self.statements.append(sql.split()[0])
        if error := self.errors.get(len(self.statements) - 1):
            raise error
        if sql == "COMMIT":
            self.gtids.append(GTID)
        if sql.startswith("INSERT INTO entries"):
            return 2
        return 0 if self.lost_update and sql.startswith("UPDATE") else 1

    def query_all(self, command: bytes) -> list[int]:
        raise AssertionError(f"several statements at once: {command!r}")

    def fetch(self) -> tuple[tuple[Any, ...], ...]:
        wanted = [number for number in map(int, re.findall(r"\d+", self.sql)) if number in self.balances]
        if self.sql.startswith("SELECT balance"):
            return tuple((self.balances[number],) for number in wanted)
        return tuple((number, self.balances[number]) for number in sorted(wanted))

    def ended(self) -> bool:
        return False

    def forget_gtids(self) -> None:
        self.gtids.clear()

    def close(self) -> None:
        self.open = False


class ScriptedConnector:
    def __init__(self, *outcomes: ScriptedConnection | NoServerError) -> None:
        self.outcomes = list(outcomes)

    def connect(self) -> Session:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, NoServerError):
            raise outcome
        return Session(outcome, server="node1", hang_up=outcome.close)


def client_on(*outcomes: ScriptedConnection | NoServerError) -> Client:
    return Client(ScriptedConnector(*outcomes), Transfer(OPTIONS))


def attempt(connection: ScriptedConnection, op: Op = TRANSFER) -> Result:
    return client_on(connection).attempt(op)


def test_a_transfer_is_one_transaction() -> None:
    connection = ScriptedConnection()
    assert attempt(connection) == Result(outcome="ok", value=TRANSFER.value, gtid=GTID)
    assert connection.statements == STATEMENTS


@pytest.mark.parametrize("errno", [1213, 2013, 1317, 3101])
@pytest.mark.parametrize("at", range(len(STATEMENTS) - 1))
def test_an_error_before_commit_is_fail(at: int, errno: int) -> None:
    result = attempt(ScriptedConnection({at: pymysql.OperationalError(errno, "x")}))
    assert (result.outcome, result.errno) == ("fail", errno)


@pytest.mark.parametrize(("errno", "outcome"), [(1213, "fail"), (1290, "fail"), (2013, "unknown"), (3101, "unknown")])
def test_an_error_at_commit_is_fail_only_where_the_server_says_that_it_rolled_back(errno: int, outcome: str) -> None:
    assert attempt(ScriptedConnection({6: pymysql.OperationalError(errno, "x")})).outcome == outcome


def test_a_cut_socket_at_commit_is_unknown() -> None:
    assert attempt(ScriptedConnection({6: ConnectionResetError()})).outcome == "unknown"
    assert attempt(ScriptedConnection({5: ConnectionResetError()})).outcome == "fail"


def test_a_read_is_never_unknown() -> None:
    assert attempt(ScriptedConnection(), READ) == Result(outcome="ok", value={"account": 9, "balance": 1000})
    assert attempt(ScriptedConnection({0: pymysql.OperationalError(2013, "x")}), READ).outcome == "fail"


class BatchedConnection(ScriptedConnection):
    """Takes commands of several statements; errors[n] as if the nth statement of all had failed."""

    def __init__(self, errors: dict[int, Exception] | None = None) -> None:
        super().__init__(errors)
        self.commands: list[list[str]] = []

    def query_all(self, command: bytes) -> list[int]:
        parts = command[5:].decode().split(";")
        self.commands.append([part.split()[0] for part in parts])
        return [self.query(b"....." + part.encode()) for part in parts]


def batched(connection: BatchedConnection) -> Client:
    class Batched(ScriptedConnector):
        def connect(self) -> Session:
            return Session(connection, server="node1", hang_up=connection.close, batch=True)

    return Client(Batched(), Transfer(OPTIONS))


def test_a_batched_transfer_is_the_same_statements_in_three_round_trips() -> None:
    connection = BatchedConnection()
    assert batched(connection).attempt(TRANSFER) == Result(outcome="ok", value=TRANSFER.value, gtid=GTID)
    assert connection.statements == STATEMENTS
    assert connection.commands == [["BEGIN", "SELECT"], ["UPDATE", "UPDATE", "INSERT", "INSERT"]]  # and COMMIT alone


@pytest.mark.parametrize("at", range(len(STATEMENTS)))
def test_an_error_in_a_batch_is_judged_as_one_without(at: int) -> None:
    connection = BatchedConnection({at: pymysql.OperationalError(2013, "x")})
    assert batched(connection).attempt(TRANSFER).outcome == ("unknown" if STATEMENTS[at] == "COMMIT" else "fail")
    assert connection.statements == STATEMENTS[: at + 1]
    assert not connection.open


def test_a_refusal_in_a_batch_rolls_back_and_leaves_no_begin_behind() -> None:
    connection = BatchedConnection()
    connection.lost_update = True
    client = batched(connection)
    assert [client.attempt(op).outcome for op in (TRANSFER, READ)] == ["fail", "ok"]
    assert connection.statements[-2:] == ["ROLLBACK", "SELECT"]


def test_a_read_does_not_inherit_the_gtid_of_the_transfer_before() -> None:
    client = client_on(ScriptedConnection())
    assert [client.attempt(op).gtid for op in (TRANSFER, READ, TRANSFER)] == [GTID, None, GTID]


def test_a_read_after_an_unknown_transfer_on_a_new_session_is_not_unknown() -> None:
    lost = pymysql.OperationalError(2013, "x")
    client = client_on(ScriptedConnection({6: lost}), ScriptedConnection({0: lost}))
    assert [client.attempt(op).outcome for op in (TRANSFER, READ)] == ["unknown", "fail"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"balances": {4: 0, 9: 99}}, "insufficient-funds"),
        ({"balances": {9: 1000}}, "account-missing"),
        ({"lost_update": True}, "row-count"),
    ],
)
def test_a_refusal_rolls_back(change: dict[str, Any], reason: str) -> None:
    connection = ScriptedConnection()
    vars(connection).update(change)
    assert attempt(connection) == Result(outcome="fail", error=reason, refused=True)
    assert connection.statements[-1] == "ROLLBACK"
    assert "COMMIT" not in connection.statements
    assert connection.open


def test_a_deadlock_keeps_the_session_and_a_lost_connection_does_not() -> None:
    deadlocked = ScriptedConnection({1: pymysql.OperationalError(1213, "x")})
    client = client_on(deadlocked)
    assert [client.attempt(TRANSFER).outcome for _ in range(2)] == ["fail", "ok"]
    assert deadlocked.statements == ["BEGIN", "SELECT", "ROLLBACK", *STATEMENTS]

    lost, fresh = ScriptedConnection({1: pymysql.OperationalError(2013, "x")}), ScriptedConnection()
    client = client_on(lost, fresh)
    assert [client.attempt(TRANSFER).outcome for _ in range(2)] == ["fail", "ok"]
    assert (lost.open, fresh.open) == (False, True)


def test_a_session_that_cannot_roll_back_is_closed() -> None:
    connection = ScriptedConnection({1: pymysql.OperationalError(1205, "x"), 2: pymysql.OperationalError(2013, "x")})
    assert attempt(connection).errno == 1205
    assert not connection.open


def test_one_attempt_to_connect_an_operation() -> None:
    client = client_on(NoServerError("node1:3306: refused", errno=2003), ScriptedConnection())
    refused = client.attempt(TRANSFER)
    assert (refused.outcome, refused.errno, refused.error) == ("fail", 2003, "node1:3306: refused")
    assert client.server is None
    assert client.attempt(TRANSFER).outcome == "ok"
    assert client.server == "node1"


def test_commit_sent_covers_exactly_the_answer_to_commit() -> None:
    seen: dict[str, bool] = {}

    class Watched(ScriptedConnection):
        def query(self, command: bytes) -> int:
            seen[command[5:].decode().split()[0]] = client.connect().commit_sent
            return super().query(command)

    client = client_on(Watched())
    assert client.attempt(TRANSFER).outcome == "ok"
    assert seen == {"BEGIN": False, "SELECT": False, "UPDATE": False, "INSERT": False, "COMMIT": True}
    assert not client.connect().commit_sent


def test_the_seed_decides_the_operations() -> None:
    def draw(seed: int) -> list[Op]:
        rng = random.Random(seed)
        return [Transfer(OPTIONS).next(rng, f"{seed}-0-{number}") for number in range(2000)]

    ops = draw(1)
    assert ops == draw(1)
    assert [op.value for op in ops] != [op.value for op in draw(2)]
    kinds = Counter(op.f for op in ops)
    assert kinds["read"] == pytest.approx(500, abs=80)
    transfers = [op.value for op in ops if op.f == "transfer"]
    assert all(value["src"] != value["dst"] and value["amount"] > 0 for value in transfers)
    assert {value[side] for value in transfers for side in ("src", "dst")} == set(range(1, 51))


def test_setup_opens_every_account_with_its_balance() -> None:
    statements: list[str] = []
    accounts: list[tuple[int, int, int]] = []

    class Recording:
        def cursor(self) -> Recording:
            return self

        def __enter__(self) -> Recording:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def execute(self, sql: str) -> None:
            statements.append(sql)

        def executemany(self, _: str, rows: Any) -> None:
            accounts.extend(rows)

    Transfer(OPTIONS).setup(Recording(), seed=7)
    assert statements[0] == "DROP TABLE IF EXISTS accounts, transfers, entries"
    assert [one.split(" (")[0] for one in statements[1:]] == [f"CREATE TABLE {name}" for name in TABLES]
    assert [number for number, _, _ in accounts] == list(range(1, 51))
    assert all(opening == balance and 500 <= opening <= 1500 for _, opening, balance in accounts)
    assert len({opening for _, opening, _ in accounts}) > 25


def test_final_queries_name_their_columns() -> None:
    assert set(FINAL_QUERIES) == {"accounts", "transfers", "entries"}
    assert all(sql.startswith("SELECT ") and "*" not in sql for sql in FINAL_QUERIES.values())
