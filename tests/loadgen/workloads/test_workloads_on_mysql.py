"""Every workload on a real MySQL: set up, run by several clients at once, read back, and judged by its own checks.

No Locust and no proxy: what is tried here is the SQL.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from checks.registry import CHECKS
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError
from cluster.mysqld import mysqld
from cluster.topology import Topology
from history.history import OPS_SCHEMA, History
from history.ops import OpRow
from loadgen.client.client import Client
from loadgen.client.connection import Connector
from loadgen.config import LoadConfig, WorkloadConfig
from loadgen.outcome import Result
from loadgen.policy import Policy, resolved
from loadgen.wire.session import Session
from loadgen.workload import Op, Workload, op_key
from loadgen.workloads.registry import create
from scenarios.run.collect import refuse_unreadable

pytestmark = pytest.mark.engine

CLIENTS, OPS = 6, 600
LOST = 60
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "inbox.py"
#: Workload, its keys (small, so that clients meet), and the checks that must pass.
TRIED: list[tuple[str, dict[str, Any], set[str]]] = [
    ("transfer", {"accounts": 20}, {"durability", "duplicates", "conservation", "torn"}),
    ("tpcb", {"branches": 2, "accounts_per_branch": 20}, {"durability", "duplicates", "tpcb"}),
    ("smallbank", {"customers": 150, "opening": 5000}, {"durability", "duplicates", "smallbank"}),
    ("tpcc", {"warehouses": 2, "items": 200, "customers": 30}, {"durability", "duplicates", "tpcc"}),
    ("append", {"lists": 5}, {"durability", "duplicates", "append"}),
    ("mixed-read", {"registers": 5}, {"durability", "duplicates", "registers", "staleness"}),
    (f"{EXAMPLE}:Inbox", {"inboxes": 5}, {"durability", "duplicates"}),
]


@pytest.fixture(scope="module")
def server(cluster: Callable[[Topology], Cluster]) -> Cluster:
    running = cluster(Topology(kind="single", pods=1))
    with running.connect("node1") as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {mysqld.DATABASE}")
    return running


@pytest.mark.parametrize(("name", "options", "passes"), TRIED, ids=[name.rpartition("/")[2] for name, *_ in TRIED])
def test_its_own_invariants_hold_after_concurrent_clients(
    server: Cluster, tmp_path: Path, name: str, options: dict[str, Any], passes: set[str]
) -> None:
    config = config_of(server, tmp_path, name, options)
    workload = create(config.workload)
    connector = Connector(config)
    with server.connect("node1", timeout_s=60, database=mysqld.DATABASE) as connection:
        workload.setup(connection, seed=7)
        with connection.cursor() as cursor:
            refuse_unreadable(cursor, workload.final_queries(), of=name)
    session = connector.connect()
    assert workload.check(session) is None
    session.close()

    rows = run(workload, connector)
    history = judged(server, workload, rows)
    verdicts = {check: CHECKS[check].run(history) for check in passes}
    assert {check: verdict.verdict for check, verdict in verdicts.items()} == dict.fromkeys(passes, "pass"), verdicts
    acked = history.ops[history.ops["outcome"] == "ok"]
    assert set(acked["f"]) == set(history.ops["f"]), "each kind of operation succeeded at least once"
    assert len(acked) > OPS / 2
    assert set(history.ops["outcome"]) <= {"ok", "fail"}


@pytest.mark.parametrize(("name", "options", "passes"), TRIED, ids=[name.rpartition("/")[2] for name, *_ in TRIED])
def test_a_lost_answer_is_resolved_by_sending_the_same_key_again(
    server: Cluster, tmp_path: Path, name: str, options: dict[str, Any], passes: set[str]
) -> None:
    """Every first COMMIT of a key is lost, in turns before and behind the server; policy ``retry: idempotent``."""
    config = config_of(server, tmp_path, name, options)
    workload, policy = create(config.workload), Policy(retry="idempotent", retry_attempts=2)
    with server.connect("node1", timeout_s=60, database=mysqld.DATABASE) as connection:
        workload.setup(connection, seed=7)
    client = Client(Connector(config), workload)
    rng = random.Random(7)
    rows: list[OpRow] = []
    for number in range(LOST):
        op = workload.next(rng, op_key(seed=7, worker=0, sequence=number))
        with losing_commit(executed=number % 2 == 0):
            first = attempt(client, 0, op)
        rows.append(first)
        refused = first["outcome"] == "fail" and first["errno"] is None
        if policy.tries_again(Result(outcome=first["outcome"], refused=refused), attempt=1):
            rows.append(attempt(client, 0, op, again=True))
    history = judged(server, workload, rows)
    verdicts = {check: CHECKS[check].run(history) for check in passes - {"staleness"}}
    assert {check: verdict.verdict for check, verdict in verdicts.items()} == dict.fromkeys(verdicts, "pass"), verdicts
    second = history.ops[history.ops["attempt"] == 2]
    assert len(second) > LOST / 4
    resolved_to_ok = second[second["outcome"] == "ok"]
    # A refusal by the business, whose funds the first attempt may have spent, resolves nothing.
    assert set(second["error"][second["outcome"] != "ok"]) <= {"insufficient-funds"}
    assert set(resolved_to_ok["errno"].dropna()) == {1062}
    assert 0 < (resolved_to_ok["errno"] == 1062).sum() < len(resolved_to_ok), "some had happened, some had not"


@pytest.mark.parametrize(
    ("queries", "says"),
    [
        ({"rows": "SELECT id FROM nowhere"}, r"workload mine: final table rows cannot be read: .*1146.*nowhere"),
        ({"rows": "SELEC 1"}, "final table rows cannot be read: .*1064"),
        ({"keys": "SELECT 1 AS id;"}, r"it needs a column key .*and has id"),
    ],
)
def test_queries_of_the_end_are_tried_at_the_beginning(server: Cluster, queries: dict[str, str], says: str) -> None:
    with server.connect("node1", database=mysqld.DATABASE) as connection, connection.cursor() as cursor:
        refuse_unreadable(cursor, {"keys": "SELECT 1 AS `key` ;"}, of="mine")
        with pytest.raises(ConfigurationError, match=says):
            refuse_unreadable(cursor, queries, of="mine")


@contextmanager
def losing_commit(*, executed: bool) -> Iterator[None]:
    """Sessions whose COMMIT gets no answer, although the server executed it, or because it never came there."""
    real = Session.commit

    def commit(session: Session, done: Any = None) -> None:
        if executed:
            real(session, done)
        session.commit_sent = True
        raise ConnectionResetError("the answer is lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "commit", commit)
        yield


def config_of(server: Cluster, tmp_path: Path, name: str, options: dict[str, Any]) -> LoadConfig:
    return LoadConfig(
        endpoints=((server.hosts["node1"], mysqld.PORT),),
        user="meshbench_app",
        password=server.credentials.app,
        database=mysqld.DATABASE,
        workload=WorkloadConfig(name=name, isolation="repeatable-read", options=options),
        model="poisson",
        rate=1,
        duration_s=1,
        connections=CLIENTS,
        seed=7,
        out_dir=str(tmp_path),
    )


def judged(server: Cluster, workload: Workload, rows: list[OpRow]) -> History:
    """The history of these rows, with the end state as the server has it."""
    tables = {}
    with server.connect("node1", timeout_s=60, database=mysqld.DATABASE) as connection:
        for table, query in workload.final_queries().items():
            with connection.cursor() as cursor:
                cursor.execute(query)
                columns = [column[0] for column in cursor.description]
                tables[table] = pd.DataFrame(cursor.fetchall(), columns=columns).assign(node="node1")
    return History(ops=pd.DataFrame(rows, columns=OPS_SCHEMA.names), final=tables)


def run(workload: Workload, connector: Connector) -> list[OpRow]:
    """OPS operations by CLIENTS threads; rows as the driver records them."""
    rng = random.Random(7)
    ops = [workload.next(rng, op_key(seed=7, worker=0, sequence=number)) for number in range(OPS)]

    def serve(process: int) -> list[OpRow]:
        client = Client(connector, workload)
        return [attempt(client, process, op) for op in ops[process::CLIENTS]]

    with ThreadPoolExecutor(max_workers=CLIENTS) as pool:
        return [row for rows in pool.map(serve, range(CLIENTS)) for row in rows]


def attempt(client: Client, process: int, op: Op, *, again: bool = False) -> OpRow:
    start_ns = time.monotonic_ns()
    result = resolved(client.attempt(op), in_doubt=again)
    return {
        "process": process,
        "f": op.f,
        "key": op.key,
        "value": json.dumps(op.value if result.value is None else result.value),
        "outcome": result.outcome,
        "errno": result.errno,
        "error": result.error,
        "attempt": 2 if again else 1,
        "intended_ns": start_ns,
        "start_ns": start_ns,
        "end_ns": time.monotonic_ns(),
        "server": client.server,
    }
