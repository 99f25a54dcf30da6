"""A user's own locustfile and class on real pods: with its folder, environment, arguments and packages, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import docker
import pandas as pd
import pytest

from cluster.platform import ownership
from scenarios.cli.cli import main

pytestmark = pytest.mark.engine

BASE = "name: mine\nteaches: x\ntopology: single\nmesh: {mesh}\nworkload: {workload}\ngates: {{cpu_pressure: 100}}\n"
LOAD = "load: {duration: 5s, connections: 3, environment: {BANK_TOKEN: hush-hush}"
LOCUSTFILE = """
import os, time
import iniconfig
import pymysql
from locust import User, constant, events, task
from helper import AMOUNT

HOST, PORT = os.environ["MYSQL_HOST"], int(os.environ["MYSQL_PORT"])
ROWS = open("accounts.csv").read().split()
print("the token is", os.environ["BANK_TOKEN"])


@events.init_command_line_parser.add_listener
def _(parser):
    parser.add_argument("--bank", required=True)


class Visitor(User):
    wait_time = constant(0.1)

    def on_start(self):
        self.connection = pymysql.connect(
            host=HOST,
            port=PORT,
            user=os.environ["MYSQL_USER"],
            password=os.environ["MYSQL_PASSWORD"],
            database=os.environ["MYSQL_DATABASE"],
        )

    @task
    def look(self):
        begin = time.perf_counter()
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT %s", (AMOUNT + len(ROWS),))
        self.environment.events.request.fire(
            request_type="mysql",
            name=self.environment.parsed_options.bank,
            response_time=(time.perf_counter() - begin) * 1000,
            response_length=0,
            exception=None,
        )
"""
CLASS = """
import os
from loadgen.workload import Op, fill, recreate
from helper import AMOUNT

class Probe:
    def setup(self, connection, *, seed):
        assert os.environ["BANK_TOKEN"]
        with connection.cursor() as cursor:
            recreate(cursor, {"notes": "id VARCHAR(40) NOT NULL PRIMARY KEY, amount INT NOT NULL"})
            fill(cursor, "notes", [("first", AMOUNT)])

    def check(self, session):
        return None

    def next(self, rng, key):
        return Op(f="note", key=key, value=len(open("accounts.csv").read()))

    def run(self, session, op):
        session.begin()
        session.execute("INSERT INTO notes VALUES (%s, %s)", (op.key, op.value))
        session.commit()

    def final_queries(self):
        return {"keys": "SELECT id AS `key` FROM notes WHERE id <> 'first'"}
"""


@pytest.fixture
def folder(engine: docker.DockerClient, tmp_path: Path) -> Path:
    del engine
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "helper.py").write_text("AMOUNT = 7\n")
    (tmp_path / "own" / "accounts.csv").write_text("1 2 3\n")
    (tmp_path / "own" / "requirements.txt").write_text("iniconfig\n")
    return tmp_path / "own"


def ran(folder: Path, text: str, *, workload: str, mesh: str = "haproxy", load: str = LOAD + "}\n") -> int:
    (folder / "own.py").write_text(text)
    (folder / "mine.yaml").write_text(BASE.format(mesh=mesh, workload=workload) + load)
    return main(["run", str(folder / "mine.yaml"), "--runs", str(folder.parent / "runs")])


def only_run(folder: Path) -> Path:
    (run,) = (one for one in (folder.parent / "runs" / "mine").iterdir() if not one.is_symlink())
    return run


def test_a_locustfile_has_its_folder_environment_arguments_and_packages(folder: Path) -> None:
    workload = "{locustfile: own.py, requirements: requirements.txt}"
    assert ran(folder, LOCUSTFILE, workload=workload, load=LOAD + ", arguments: {bank: acme}}\n") == 0
    run = only_run(folder)
    manifest = json.loads((run / "manifest.json").read_text())
    assert set(manifest["own"]["files"]) == {"own.py", "helper.py", "accounts.csv", "requirements.txt", "mine.yaml"}
    assert manifest["own"]["environment"] == ["BANK_TOKEN"]
    assert manifest["own"]["arguments"] == ["--bank=acme"]
    assert manifest["own"]["image"].startswith("meshbench/load:")
    assert manifest["own"]["image_id"].startswith("sha256:")
    assert set(pd.read_parquet(run / "ops" / "load1.parquet")["f"]) == {"acme"}
    told = [file for file in run.rglob("*") if file.is_file() and b"hush-hush" in file.read_bytes()]
    assert not told, "no value of the environment is recorded"


@pytest.mark.parametrize(
    "mesh",
    ["direct", pytest.param("haproxy", marks=pytest.mark.nightly), pytest.param("mtls", marks=pytest.mark.nightly)],
)
def test_a_class_sets_up_and_runs_where_its_folder_is(folder: Path, mesh: str) -> None:
    load = LOAD + ", rate: 20}\n"
    assert ran(folder, CLASS, workload="own.py:Probe", mesh=mesh, load=load) == 0
    run = only_run(folder)
    summary = json.loads((run / "summary.json").read_text())
    assert summary["rpo"]["acked"] > 20
    assert summary["rpo"]["lost"] == 0


@pytest.mark.parametrize(
    ("text", "workload", "says"),
    [
        ("import numpy", "own.py", "own.py:1: imports numpy, which is neither beside the file nor in the load image"),
        (LOCUSTFILE, "{locustfile: own.py, requirements: requirements.txt}", "needs its own argument --bank"),
        (LOCUSTFILE, "{locustfile: own.py, requirements: old.txt}", "old.txt: pip could not install it: "),
        ("while True: pass", "own.py:Probe", "has no class 'Probe'"),
        (
            CLASS.replace("return {", "return [{").replace("'first'\"}", "'first'\"}]"),
            "own.py:Probe",
            "must return a di",
        ),
    ],
)
def test_what_cannot_run_is_told_before_anything_starts(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, workload: str, says: str
) -> None:
    (folder / "old.txt").write_text("locust==1.0\n")
    before = ownership.live_runs()
    assert ran(folder, text, workload=workload) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not (folder.parent / "runs").exists()
    assert ownership.live_runs() == before


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'assert os.environ["BANK_TOKEN"]',
            "raise ValueError('no bank')",
            "setup failed: ValueError: no bank ({own}:8, ",
        ),
        ("SELECT id AS `key` FROM notes", "SELECT 1 FROM nowhere", "final_queries: table keys cannot be read: (1146, "),
        pytest.param(
            "SELECT id AS `key`",
            "SELECT id AS `key`, 1 AS node",
            "final_queries: table keys has a column node",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_a_set_up_that_fails_is_told_with_the_user_s_line(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, says: str
) -> None:
    assert ran(folder, CLASS.replace(old, new), workload="own.py:Probe") == 2
    assert says.format(own=folder / "own.py") in capsys.readouterr().err.splitlines()[-1]
