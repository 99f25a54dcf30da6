"""Sessions on real servers: values and errors as PyMySQL's own cursor gives them, and the GTID of every commit."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pymysql
import pytest

from cluster.cluster import Cluster
from cluster.topology import Kind, Topology
from loadgen.client.connection import Connector
from loadgen.config import LoadConfig, WorkloadConfig
from loadgen.wire.session import Session

pytestmark = pytest.mark.engine

DATABASE = "wire"
#: Column -> its type, and two values; a third row is all NULL.
COLUMNS: dict[str, tuple[str, Any, Any]] = {
    "tiny": ("TINYINT", -128, 0),
    "big": ("BIGINT UNSIGNED", 2**64 - 1, 0),
    "exact": ("DECIMAL(30,10)", "-12345678901234567890.0123456789", "0"),
    "inexact": ("DOUBLE", 1.1e-300, -0.0),
    "single": ("FLOAT", 1.5, 0.0),
    "bits": ("BIT(12)", b"\x0a\xbc", b""),
    "born": ("YEAR", 1999, 2155),
    "day": ("DATE", "2026-01-31", "1000-01-01"),
    "moment": ("DATETIME(6)", "2026-01-31 23:59:59.000001", "1000-01-01"),
    "lasted": ("TIME(3)", "-838:59:58.5", "0:0:0"),
    "words": ("TEXT", "zwölf 😀 'x' \\n \"", ""),
    "short_words": ("CHAR(10)", " end", ""),
    "bytes_": ("VARBINARY(100)", b"\x00\xff'\\", b""),
    "blob_": ("LONGBLOB", b"", b"x" * 70_000),
    "choice": ("ENUM('a','b')", "b", "a"),
    "choices": ("SET('a','b')", "a,b", ""),
    "document": ("JSON", '{"a": [1, null, "ü"]}', "null"),
    "place": ("POINT", None, None),
}
TEXTS = ["", "plain", "it's", "back\\slash", "\\'; --", '\x00\x01\n\r\x1a\t"%_', "zwölf 😀", "''", "\\"]


class Server:
    """One pod, and both ways to talk to it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def session(self, *, timeout_s: float = 30, batch: bool = False) -> Session:
        config = LoadConfig(
            endpoints=((self.cluster.hosts["node1"], 3306),),
            user="root",
            password=self.cluster.credentials.root,
            database=DATABASE,
            workload=WorkloadConfig(name="transfer", isolation="read-committed"),
            model="constant",
            rate=1,
            duration_s=1,
            connections=1,
            seed=7,
            out_dir="/nowhere",
            statement_timeout_s=timeout_s,
            batch=batch,
        )
        return Connector(config).connect()

    def cursor(self) -> Any:
        return self.cluster.connect("node1", database=DATABASE).cursor()


def serve(cluster: Callable[[Topology], Cluster], kind: Kind) -> Server:
    running = cluster(Topology(kind=kind, pods=1))
    with running.connect("node1") as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    return Server(running)


@pytest.fixture(scope="module")
def single(cluster: Callable[[Topology], Cluster]) -> Server:
    return serve(cluster, "single")


@pytest.fixture(scope="module")
def group(cluster: Callable[[Topology], Cluster]) -> Server:
    return serve(cluster, "group")


@pytest.fixture
def session(single: Server) -> Iterator[Session]:
    one = single.session()
    yield one
    one.close()


def test_a_session_is_as_it_was_configured(session: Session) -> None:
    asked = "SELECT @@session.transaction_isolation, @@session.session_track_gtids, @@session.character_set_client"
    assert session.fetch(asked) == (("READ-COMMITTED", "OWN_GTID", "utf8mb4"),)
    assert session.server == "node1"


def test_every_type_reads_as_with_pymysql(single: Server, session: Session) -> None:
    columns = ", ".join(f"{name} {kind}" for name, (kind, _, _) in COLUMNS.items())
    session.execute(f"CREATE TABLE types (id INT PRIMARY KEY, {columns})")
    marks = ", ".join(["%s"] * len(COLUMNS))
    for number, row in enumerate(zip(*((first, second, None) for _, first, second in COLUMNS.values()), strict=True)):
        assert session.execute(f"INSERT INTO types VALUES (%s, {marks})", (number, *row)) == 1
    session.execute("UPDATE types SET place = ST_PointFromText('POINT(1 2)') WHERE id = 0")
    computed = "COUNT(*), SUM(tiny), AVG(exact), MAX(words), NOW() > day, JSON_OBJECT('k', tiny), 1 / 3, NULL"
    for asked in ("SELECT * FROM types ORDER BY id", f"SELECT {computed} FROM types GROUP BY id", "SHOW WARNINGS"):
        ours = session.fetch(asked)
        with single.cursor() as cursor:
            cursor.execute(asked)
            theirs = cursor.fetchall()
        assert ours == theirs
        assert [[type(value) for value in row] for row in ours] == [[type(value) for value in row] for row in theirs]
    assert session.fetch("SELECT exact, words, bytes_, moment FROM types WHERE id = 0") == (
        (
            Decimal("-12345678901234567890.0123456789"),
            "zwölf 😀 'x' \\n \"",
            b"\x00\xff'\\",
            datetime.datetime(2026, 1, 31, 23, 59, 59, 1),
        ),
    )


@pytest.mark.parametrize("sql_mode", ["", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"])
def test_text_comes_back_as_it_went(session: Session, sql_mode: str) -> None:
    session.execute("SET SESSION sql_mode = %s", (sql_mode,))
    marks = ", ".join(["%s"] * len(TEXTS))
    assert session.fetch(f"SELECT {marks}", tuple(TEXTS)) == (tuple(TEXTS),)
    session.execute("CREATE TEMPORARY TABLE texts (id INT PRIMARY KEY, value VARCHAR(50) COLLATE utf8mb4_0900_ai_ci)")
    for number, value in enumerate(TEXTS):
        session.execute("INSERT INTO texts VALUES (%s, %s)", (number, value))
        assert session.fetch("SELECT value FROM texts WHERE id = %s AND value = %s", (number, value)) == ((value,),)


def test_more_than_a_packet_both_ways(session: Session) -> None:
    """16 MiB - 1 bytes, and their neighbours, are where a packet ends."""
    for size in (2**24 - 2, 2**24 - 1, 2**24 + 5):
        assert session.fetch("SELECT REPEAT('x', %s)", (size,)) == (("x" * size,),)
        assert session.fetch("SELECT LENGTH(%s)", ("y" * (size - 18),)) == ((size - 18,),)  # the command has 18 more


def test_a_hundred_thousand_rows_arrive_in_order(session: Session) -> None:
    session.execute("SET SESSION cte_max_recursion_depth = 100000")
    counted = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i, i * 2 FROM n"
    assert session.fetch(counted) == tuple((number, 2 * number) for number in range(1, 100_001))


def test_a_procedure_gives_its_first_result(session: Session) -> None:
    session.execute("CREATE PROCEDURE several () BEGIN SELECT 1, 'a'; SELECT 2; END")
    assert session.fetch("CALL several()") == ((1, "a"),)
    assert session.fetch("SELECT 3") == ((3,),)


@pytest.mark.parametrize(
    "wrong",
    ["SELEC 1", "SELECT * FROM nowhere", "INSERT INTO keyed VALUES (1), (1)", "SELECT 1 + (SELECT 1 UNION SELECT 2)"],
)
def test_errors_are_pymysqls(single: Server, session: Session, wrong: str) -> None:
    session.execute("CREATE TABLE IF NOT EXISTS keyed (id INT PRIMARY KEY)")
    with single.cursor() as cursor, pytest.raises(pymysql.MySQLError) as theirs:
        cursor.execute(wrong)
    with pytest.raises(pymysql.MySQLError) as ours:
        session.execute(wrong)
    assert (type(ours.value), ours.value.args) == (type(theirs.value), theirs.value.args)
    assert session.fetch("SELECT 1") == ((1,),)


def test_a_killed_session_and_a_slow_answer_are_2013(single: Server, session: Session) -> None:
    ((number,),) = session.fetch("SELECT CONNECTION_ID()")
    with single.cursor() as cursor:
        cursor.execute(f"KILL {number}")
    hasty = single.session(timeout_s=0.3)
    for one, asked in ((session, "SELECT 1"), (hasty, "SELECT SLEEP(5)")):
        with pytest.raises(pymysql.OperationalError) as lost:
            one.execute(asked)
        assert lost.value.args[0] in (2006, 2013)
        with pytest.raises(pymysql.InterfaceError):
            one.execute("SELECT 1")
        one.close()


def test_statements_that_share_a_round_trip(single: Server, session: Session) -> None:
    session.execute("CREATE TABLE shared (id INT PRIMARY KEY, v VARCHAR(20))")
    insert = "INSERT INTO shared VALUES (%s, %s)"
    batch = single.session(batch=True)
    batch.begin()
    assert batch.fetch("SELECT v FROM shared WHERE id = %s FOR UPDATE", (1,)) == ()
    rows = batch.execute_all((insert, (1, "a;b'")), (insert, (2, "c")), ("UPDATE shared SET v = %s", ("d",)))
    assert rows == (1, 1, 2)
    assert session.fetch("SELECT COUNT(*) FROM shared") == ((0,),)
    batch.commit()
    assert batch.gtid is not None
    assert session.fetch("SELECT id, v FROM shared") == ((1, "d"), (2, "d"))

    batch.begin()
    with pytest.raises(pymysql.IntegrityError):
        batch.execute_all((insert, (3, "x")), (insert, (1, "twice")), (insert, (4, "never")))
    assert batch.fetch("SELECT id FROM shared ORDER BY id") == ((1,), (2,), (3,))
    batch.rollback()
    assert batch.fetch("SELECT COUNT(*) FROM shared") == ((2,),)
    batch.close()


@pytest.mark.parametrize("kind", ["single", "group"])
def test_the_answer_to_a_commit_carries_its_gtid(request: pytest.FixtureRequest, kind: str) -> None:
    server: Server = request.getfixturevalue(kind)
    session = server.session()
    of_group = "@@group_replication_group_name" if kind == "group" else "@@server_uuid"
    ((uuid,),) = session.fetch(f"SELECT {of_group}")
    seen: list[str | None] = []

    def note() -> None:
        seen.append(session.gtid)
        session.forget_gtid()

    session.execute("CREATE TABLE noted (id INT PRIMARY KEY)")
    note()
    session.execute("INSERT INTO noted VALUES (1)")  # commits by itself
    note()
    session.begin()
    session.execute("INSERT INTO noted VALUES (2)")
    assert session.gtid is None
    session.commit()
    note()
    session.begin()
    session.fetch("SELECT * FROM noted FOR UPDATE")
    session.commit()
    assert session.gtid is None
    session.begin()
    session.execute("INSERT INTO noted VALUES (3)")
    session.rollback()
    assert session.gtid is None
    for number in (4, 5):
        session.execute("INSERT INTO noted VALUES (%s)", (number,))
    note()
    session.execute("SET gtid_next = 'AUTOMATIC:nightly'")
    session.execute("INSERT INTO noted VALUES (6)")
    note()
    (first, second, third, both, tagged) = [one or "" for one in seen]
    numbers = [int(one.rpartition(":")[2]) for one in (first, second, third, *both.split(","))]
    assert all(one.startswith(f"{uuid}:") for one in (first, second, third, both, tagged))
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert tagged == f"{uuid}:nightly:1"
    for one in seen:
        assert session.fetch("SELECT GTID_SUBSET(%s, @@gtid_executed)", (one,)) == ((1,),)
    session.close()
