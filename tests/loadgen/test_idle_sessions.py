"""Sessions that the server ended while nobody used them: what is repeated, and everything that must not be."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from loadgen.client.client import Client
from loadgen.client.connection import Connector, settings
from loadgen.config import LoadConfig
from loadgen.workload import Op
from loadgen.workloads.registry import create

Build = Callable[..., LoadConfig]


class Idle:
    """A client that has done one transfer, and its server."""

    def __init__(self, server: Any, config: LoadConfig) -> None:
        self.server = server
        workload = create(config.workload)
        self.client = Client(Connector(config), workload)
        self.op: Op = next(
            op for op in iter(lambda: workload.next(random.Random(3), "7-0-1"), None) if op.f == "transfer"
        )
        assert self.client.attempt(self.op).outcome == "ok"
        server.statements.clear()

    def wait_until_it_has_ended(self) -> None:
        [session] = self.client._sessions.values()
        until_s = time.monotonic() + 5
        while not session.ended:
            assert time.monotonic() < until_s
            time.sleep(0.001)


@pytest.fixture
def idle(load_config: Build, start_mysql: Any) -> Idle:
    server = start_mysql()
    return Idle(server, load_config(endpoints=(server.endpoint,), read_share=0.0))


def once(test: Callable[[str], bool]) -> Callable[[str], bool]:
    """True of the first statement that the test is true of."""
    left = [True]

    def first(sql: str) -> bool:
        if not (left and test(sql)):
            return False
        left.clear()
        return True

    return first


def test_a_session_ended_while_idle_is_opened_again_and_nothing_is_sent_on_it(idle: Idle) -> None:
    idle.server.sessions[0].bid_farewell()
    idle.wait_until_it_has_ended()
    assert idle.client.attempt(idle.op).outcome == "ok"
    assert idle.server.connections == 2
    assert idle.server.statements.count("COMMIT") == 1


def test_a_session_closed_without_a_farewell_is_opened_again_too(idle: Idle) -> None:
    """MySQL before 8.0.24, and proxies that end what is idle."""
    idle.server.sessions[0].request.shutdown(2)
    idle.wait_until_it_has_ended()
    assert idle.client.attempt(idle.op).outcome == "ok"
    assert idle.server.connections == 2


def test_where_no_session_can_be_opened_again_the_operation_fails_with_that(idle: Idle) -> None:
    idle.server.sessions[0].bid_farewell()
    idle.wait_until_it_has_ended()
    idle.server.greeting_errno, idle.server.takes = 1040, 0
    result = idle.client.attempt(idle.op)
    assert (result.outcome, result.errno) == ("fail", 1040)
    assert idle.server.connections == 2


def test_a_farewell_that_crossed_the_first_statement_repeats_the_operation_once(idle: Idle) -> None:
    idle.server.bids_farewell_at = once(lambda sql: sql == "BEGIN")
    assert idle.client.attempt(idle.op).outcome == "ok"
    assert (idle.server.connections, idle.server.statements.count("BEGIN")) == (2, 2)
    assert idle.server.statements.count("COMMIT") == 1


def test_a_second_farewell_is_a_failure(idle: Idle) -> None:
    idle.server.bids_farewell_at = lambda sql: sql == "BEGIN"
    result = idle.client.attempt(idle.op)
    assert (result.outcome, result.errno) == ("fail", 4031)
    assert (idle.server.connections, idle.server.statements.count("BEGIN")) == (2, 2)


@pytest.mark.parametrize("at", ["SELECT id, balance", "UPDATE", "INSERT INTO entries"])
def test_an_operation_that_had_begun_is_never_repeated(idle: Idle, at: str) -> None:
    idle.server.bids_farewell_at = once(lambda sql: sql.startswith(at))
    result = idle.client.attempt(idle.op)
    assert (result.outcome, result.errno) == ("fail", 4031)
    assert idle.server.connections == 1
    assert "COMMIT" not in idle.server.statements


def test_a_farewell_in_place_of_the_answer_to_commit_leaves_the_outcome_unknown(idle: Idle) -> None:
    idle.server.bids_farewell_at = once(lambda sql: sql == "COMMIT")
    result = idle.client.attempt(idle.op)
    assert (result.outcome, result.errno) == ("unknown", 4031)
    assert idle.server.connections == 1
    assert idle.server.statements.count("COMMIT") == 1


def test_a_commit_that_is_the_first_command_is_never_repeated(idle: Idle) -> None:
    class Commits:
        def run(self, session: Any, op: Op) -> None:
            del op
            session.commit()

    idle.client._workload = Commits()
    idle.server.bids_farewell_at = once(lambda sql: sql == "COMMIT")
    assert idle.client.attempt(idle.op).outcome == "unknown"
    assert idle.server.statements == ["COMMIT"]


@pytest.mark.parametrize("at", ["BEGIN", "SELECT id, balance", "COMMIT"])
def test_a_connection_lost_at_a_statement_is_never_repeated(idle: Idle, at: str) -> None:
    """Without a farewell nobody knows whether the server was at work on it when it went."""
    idle.server.cut_at = once(lambda sql: sql.startswith(at))
    result = idle.client.attempt(idle.op)
    assert (result.outcome, result.errno) == ("unknown" if at == "COMMIT" else "fail", 2013)
    assert idle.server.connections == 1


def test_a_session_sets_what_transactions_depend_on_in_one_statement(load_config: Build, start_mysql: Any) -> None:
    server = start_mysql()
    Connector(load_config(endpoints=(server.endpoint,))).connect().close()
    names, own, who = server.statements
    assert names == "SET NAMES utf8mb4 COLLATE utf8mb4_0900_ai_ci"
    assert all(f"SESSION {name} = " in own for name in settings("repeatable-read"))
    assert "transaction_isolation = 'REPEATABLE-READ'" in own
    assert who.startswith("SELECT @@report_host")
