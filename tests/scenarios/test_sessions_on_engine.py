"""Options that change everybody's sessions, on real pods: ours stay as they are, the load's mean what they should."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cluster.cluster import Cluster
from cluster.session import COLLATION, IN_A_GROUP, SETTINGS
from cluster.topology import Kind, Topology
from scenarios.cli.cli import main

pytestmark = pytest.mark.engine

#: Each of these once ended a run without a verdict, or made a healthy server look broken.
HOSTILE: dict[str, str | int] = {
    "autocommit": 0,
    "character_set_server": "binary",
    "completion_type": "RELEASE",
    "default_storage_engine": "MyISAM",
    "default_time_zone": "+08:00",
    "init_connect": "SET sql_safe_updates = 1, sql_select_limit = 1000",
    "innodb_lock_wait_timeout": 2,
    "lock_wait_timeout": 2,
    "max_allowed_packet": 65_536,
    "max_execution_time": 20,
    "max_join_size": 1000,
    "max_user_connections": 8,
    "net_write_timeout": 1,
    "sql_mode": "ANSI,NO_BACKSLASH_ESCAPES",
    "transaction_isolation": "READ-COMMITTED",
    "wait_timeout": 2,
}
#: Group Replication cannot start under these; a server alone can.
NOT_IN_A_GROUP = {"transaction_read_only": "ON", "sql_mode": "ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH"}
OVERRIDDEN = {
    "autocommit",
    "character_set_server",
    "completion_type",
    "default_storage_engine",
    "transaction_isolation",
    "transaction_read_only",
}


def shown(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("kind", "config", "ours"),
    [
        ("single", HOSTILE | NOT_IN_A_GROUP, SETTINGS),
        ("group", HOSTILE | {"group_replication_consistency": "BEFORE_AND_AFTER"}, {**SETTINGS, **IN_A_GROUP}),
    ],
)
def test_a_session_of_ours_is_what_it_says_under_hostile_options(
    cluster: Callable[[Topology], Cluster], kind: Kind, config: dict[str, str | int], ours: dict[str, str | int]
) -> None:
    running = cluster(Topology(kind=kind, pods=1, config=config))
    with running.connect("node1") as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'@@session.{name}' for name in ours)}, @@collation_connection")
        assert [shown(one) for one in cursor.fetchone()] == [shown(one) for one in (*ours.values(), COLLATION)]
    status = running.status()["node1"]
    assert status is not None
    assert status.writable


def run(folder: Path, *, workload: str, load: str, config: dict[str, str | int]) -> tuple[int, Path | None]:
    scenario = {
        "name": "mine",
        "teaches": "what the tests want to know",
        "topology": "single",
        "mysql": {"config": config},
        "mesh": "direct",
        "workload": json.loads(workload),
        "load": json.loads(load),
        "gates": {"cpu_pressure": 100, "steal_percent": 100, "lateness_p99": "10s"},  # whatever else the machine does
    }
    file = folder / "mine.yaml"
    file.write_text(json.dumps(scenario))
    code = main(["run", str(file), "--runs", str(folder / "runs")])
    found = list((folder / "runs" / "mine").glob("*")) if (folder / "runs").exists() else []
    return code, found[0] if found else None


@pytest.mark.parametrize(
    ("workload", "load"),
    [
        ('{"name": "append"}', '{"rate": 20, "duration": "4s", "connections": 2}'),
        pytest.param(
            '{"name": "tpcc", "warehouses": 1, "items": 100, "customers": 30}',
            '{"rate": 10, "duration": "4s"}',
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_a_run_passes_under_hostile_options_and_says_what_it_overrides(
    workload: str, load: str, tmp_path: Path
) -> None:
    code, folder = run(
        tmp_path, workload=workload, load=load, config=HOSTILE | NOT_IN_A_GROUP | {"max_join_size": 10**6}
    )
    assert code == 0
    assert folder is not None
    options: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text())["options"]
    assert {one["option"] for one in options if "overridden" in one["note"]} == OVERRIDDEN
    assert "by mysql.isolation" in (folder / "report.html").read_text()


def test_operations_on_sessions_that_ended_while_idle_all_succeed(tmp_path: Path) -> None:
    """Eight connections and two operations a second: each session waits longer than it may."""
    code, folder = run(
        tmp_path,
        workload='{"name": "transfer", "accounts": 50}',
        load='{"model": "constant", "rate": 2, "duration": "8s", "connections": 8}',
        config={"wait_timeout": 1},
    )
    assert code == 0
    assert folder is not None
    ops = pd.read_parquet(folder / "ops")
    assert set(ops["outcome"]) == {"ok"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["load"]["connections_opened"] > 8


def test_an_init_connect_that_fails_is_told_before_there_is_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = run(
        tmp_path,
        workload='{"name": "transfer", "accounts": 50}',
        load='{"rate": 20, "duration": "3s"}',
        config={"init_connect": "SET nosuch = 1"},
    )
    assert code == 2
    said = capsys.readouterr().err.partition("meshbench: ")[2].strip()
    assert said.startswith("init_connect fails for the user meshbench_app")
    assert said.endswith("Unknown system variable 'nosuch'")
    assert "\n" not in said


def test_an_option_that_keeps_a_group_from_coming_about_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\nteaches: x\ntopology: group\nmesh: direct\nworkload: transfer\n"
        "mysql: {config: {transaction_read_only: 'ON', sql_mode: 'ANSI,PAD_CHAR_TO_FULL_LENGTH'}}\n"
    )
    assert main(["run", str(file), "--runs", str(tmp_path / "runs")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert [line.split(": topology group: ")[0].removeprefix("meshbench: ") for line in said] == [
        "mysql.config: transaction_read_only",
        "mysql.config: sql_mode",
    ]
    assert not (tmp_path / "runs").exists()
