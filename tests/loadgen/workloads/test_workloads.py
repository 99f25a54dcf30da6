"""What holds for every workload, and the input data of those that have no test file of their own."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from typing import Any

import pymysql
import pytest

from loadgen.client.client import Client
from loadgen.config import WorkloadConfig
from loadgen.wire.session import Session
from loadgen.workload import Op, Workload, op_key, sequence_of
from loadgen.workloads.registry import WORKLOADS, create
from loadgen.workloads.smallbank import MIX

DRAWS = 4000


def workload(name: str, **options: Any) -> Workload:
    return create(WorkloadConfig(name=name, isolation="repeatable-read", options=options))


def drawn(name: str, *, count: int = DRAWS, worker: int = 0, **options: Any) -> list[Op]:
    own, rng = workload(name, **options), random.Random(7)
    return [own.next(rng, op_key(seed=7, worker=worker, sequence=number)) for number in range(count)]


class Server:
    """A wire without a socket: every statement changes one row, every query finds plausible ones; or all fails from
    the nth statement on."""

    def __init__(self, *, fails_at: int | None = None) -> None:
        self.statements: list[str] = []
        self.texts: list[str] = []
        self.gtids: list[str] = []
        self.fails_at = fails_at
        self.open = True
        self.asked = 0

    def query(self, command: bytes) -> int:
        if len(self.statements) == self.fails_at:
            raise pymysql.OperationalError(2013, "lost")
        sql = command[5:].decode()
        self.statements.append(sql.split()[0])
        self.texts.append(sql)
        return sql.count("), (") + 1

    def query_all(self, command: bytes) -> list[int]:
        raise AssertionError(f"several statements at once: {command!r}")

    def fetch(self) -> tuple[tuple[Any, ...], ...]:
        sql = self.texts[-1]
        asked = [int(number) for number in re.findall(r"\d+", sql.partition(" IN ")[2])]
        if "FROM item" in sql:
            return tuple((number, 100) for number in asked)
        if "FROM stock" in sql:
            return tuple((w, i, 50, "x" * 24) for w, i in zip(asked[::2], asked[1::2], strict=True))
        if "FROM lists" in sql:
            return (("1,2,3",),)
        if "customer IN" in sql:
            return tuple((number, 10**9) for number in asked)
        if "FROM accounts WHERE id IN" in sql:
            return tuple((number, 10**9) for number in asked)
        columns = sql[len("SELECT ") : sql.index(" FROM ")].count(",") + 1 if " FROM " in sql else 1
        return ((7,) * columns,) if "c_data" not in sql else ((7, "BC", "data"),)

    def ended(self) -> bool:
        return False

    def forget_gtids(self) -> None:
        """None is ever told."""

    def close(self) -> None:
        self.open = False


class Servers:
    def __init__(self, server: Server) -> None:
        self.server = server

    def connect(self) -> Session:
        return Session(self.server, server="node1", hang_up=self.server.close)


def client(own: Workload, server: Server) -> Client:
    return Client(Servers(server), own)


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_seed_decides_and_values_are_json(name: str) -> None:
    ops = drawn(name, count=500)
    assert ops == drawn(name, count=500)
    assert len({op.key for op in ops}) == 500
    for op in ops:
        assert json.loads(json.dumps(op.value)) == op.value


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_write_commits_once_last_and_a_read_never_can_be_in_doubt(name: str) -> None:
    own = workload(name)
    seen: set[str] = set()
    for op in drawn(name, count=600):
        unused = op.f == "new-order" and op.value["lines"][-1][0] == 1001
        if op.f in seen or unused:
            continue
        seen.add(op.f)
        server = Server()
        assert client(own, server).attempt(op).outcome == "ok", op
        writes = server.statements.count("INSERT") + server.statements.count("UPDATE")
        assert (writes == 0) == (op.f in WORKLOADS[name].reads)
        if writes:
            assert (server.statements[0], server.statements[-1]) == ("BEGIN", "COMMIT")
            assert server.statements.count("COMMIT") == 1
        last = len(server.statements) - 1
        assert client(own, Server(fails_at=last)).attempt(op).outcome == ("unknown" if writes else "fail")
        assert client(own, Server(fails_at=max(0, last - 1))).attempt(op).outcome == "fail"
    assert WORKLOADS[name].reads <= seen <= WORKLOADS[name].operations


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_table_names_its_engine_and_its_character_set(name: str) -> None:
    statements: list[str] = []

    class Recording:
        def cursor(self) -> Recording:
            return self

        def __enter__(self) -> Recording:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def execute(self, sql: str, *_: object) -> None:
            statements.append(sql)

        def executemany(self, sql: str, _: object) -> None:
            statements.append(sql)

    small: dict[str, dict[str, Any]] = {"tpcc": {"warehouses": 1, "items": 100, "customers": 30}}
    workload(name, **small.get(name, {})).setup(Recording(), seed=7)
    created = [one for one in statements if one.startswith("CREATE")]
    assert created
    for one in created:
        assert one.endswith("ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci")
    tables = {one.split()[2] for one in created}
    assert {one.split()[2] for one in statements if one.startswith("INSERT")} <= tables


@pytest.mark.parametrize("name", WORKLOADS)
def test_final_queries_name_their_columns_and_list_the_keys(name: str) -> None:
    queries = workload(name).final_queries()
    assert all(sql.startswith("SELECT ") and "*" not in sql and "ORDER BY" in sql for sql in queries.values())
    assert ("keys" in queries) == (name != "transfer")
    assert "AS `key`" in queries.get("keys", "AS `key`")


def test_smallbank_draws_the_mix_from_the_hot_spot() -> None:
    ops = drawn("smallbank")
    counts = Counter(op.f for op in ops)
    assert {f: round(100 * counts[f] / DRAWS) for f in MIX} == pytest.approx(MIX, abs=3)
    assert sum(op.value["customer"] <= 100 for op in ops) / DRAWS == pytest.approx(0.9, abs=0.02)
    assert all(op.value["customer"] != op.value.get("to") for op in ops)
    amounts = [op.value["amount"] for op in ops if op.f == "transact-savings"]
    assert {amount > 0 for amount in amounts} == {True, False}
    assert all(op.value["amount"] > 0 for op in ops if "amount" in op.value and op.f != "transact-savings")


def test_tpcb_draws_accounts_of_other_branches_as_clause_5_3_5_says() -> None:
    ops = drawn("tpcb", branches=10, accounts_per_branch=50)
    own = [(op.value["account"] - 1) // 50 + 1 == op.value["branch"] for op in ops]
    assert sum(own) / DRAWS == pytest.approx(0.85, abs=0.025)
    assert all((op.value["teller"] - 1) // 10 + 1 == op.value["branch"] for op in ops)
    assert {op.value["branch"] for op in ops} == set(range(1, 11))
    alone = drawn("tpcb", branches=1, accounts_per_branch=3, count=200)
    assert {op.value["account"] for op in alone} == {1, 2, 3}


def test_append_draws_unique_elements_and_lists_retire() -> None:
    ops = drawn("append", lists=5, size=4, read_share=0.5, appends_per_list=50)
    others = drawn("append", worker=1, lists=5, size=4, read_share=0.5, appends_per_list=50)
    elements = [element for op in (*ops, *others) for kind, _, element in op.value if kind == "append"]
    assert len(set(elements)) == len(elements)
    assert max(elements) < 2**53
    assert {len(op.value) for op in ops} == {1, 2, 3, 4}
    micro_ops = [kind for op in ops for kind, _, _ in op.value]
    assert micro_ops.count("r") / len(micro_ops) == pytest.approx(0.5, abs=0.02)
    assert all((op.f == "read") == all(kind == "r" for kind, _, _ in op.value) for op in ops)
    appends = Counter(k for op in ops for kind, k, _ in op.value if kind == "append")
    assert len(appends) == pytest.approx(len(micro_ops) / 2 / 50, rel=0.15)
    assert max(appends.values()) < 120
    assert {k for _, k, _ in ops[0].value} <= set(range(1, 6))


def test_append_records_what_it_read() -> None:
    op = Op(f="append", key="7-0-0", value=[["r", 3, None], ["append", 3, 99]])
    server = Server()
    assert client(workload("append"), server).attempt(op).value == [["r", 3, [1, 2, 3]], ["append", 3, 99]]
    assert "ON DUPLICATE KEY UPDATE elements = CONCAT" in server.texts[2]


def test_mixed_read_sends_reads_to_the_read_port_and_probes_what_was_just_written() -> None:
    ops = drawn("mixed-read", read_share=0.5, probe_share=0.5)
    assert all((op.port == "read") == (op.f == "read") for op in ops)
    reads = [op.value for op in ops if op.f == "read"]
    assert len(reads) / DRAWS == pytest.approx(0.5, abs=0.04)
    assert sum(value["probe"] for value in reads) / len(reads) == pytest.approx(0.5, abs=0.05)

    own, server = workload("mixed-read"), Server()
    probe = Op(f="read", key="p", value={"k": 5, "version": None, "probe": True}, port="read")
    assert client(own, server).attempt(probe).value == {"k": 5, "version": 7, "probe": True}
    client(own, server).attempt(Op(f="write", key="w", value={"k": 9, "version": None}))
    assert client(own, server).attempt(probe).value == {"k": 9, "version": 7, "probe": True}


def test_reads_and_writes_have_sessions_of_their_own() -> None:
    writer, reader = Server(), Server(fails_at=0)
    own = workload("mixed-read")
    both = Client(Servers(writer), own, reader=Servers(reader))
    read = Op(f="read", key="r", value={"k": 5, "version": None, "probe": False}, port="read")
    write = Op(f="write", key="w", value={"k": 9, "version": None})
    assert [both.attempt(op).outcome for op in (write, read, write)] == ["ok", "fail", "ok"]
    assert (writer.open, reader.open) == (True, False)


def test_keys_tell_worker_and_sequence() -> None:
    assert sequence_of(op_key(seed=7, worker=3, sequence=41)) == (3, 41)
