"""The command line without an engine: exit codes, and one clear line for every mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from http.client import BadStatusLine
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pymysql
import pytest

import scenarios.run.judging
from cluster.errors import EngineRefusedError, EngineSilentError, HarnessError, NotThereError
from history.history import OPS_SCHEMA
from loadgen.errors import ConfigError
from scenarios.cli.cli import main


def test_mistakes_end_with_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["run", "no-such"], ["run", "primary-kill", "--set", "load.rate=-1"], ["judge", "/nowhere"]):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert said.startswith("meshbench: ")
        assert said.count("\n") == 1


def test_each_of_several_mistakes_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "primary-kill", "--set", "load.rate=-1", "--set", "seed=-2"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 2
    assert "\\x0a" not in said


@pytest.mark.parametrize(
    "words", [["run", "steady"], ["index"], ["serve"], ["history", "--csv"], ["selftest", "faults"]]
)
def test_an_empty_folder_for_runs_is_not_the_current_one(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--runs", ""]) == 2
    assert "'--runs': is empty; give a folder, or leave it out" in capsys.readouterr().err


def test_usage_errors_end_with_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["explode"], ["run"], ["run", "primary-kill", "--seed", "soon"], ["up"]):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert said.startswith("meshbench: ")
        assert said.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("module", ["scenarios.cli.cli", "scenarios.run.judging"])
def test_ctrl_c_while_libraries_are_imported_ends_without_a_traceback(module: str) -> None:
    interrupt_at_import = f"""
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv[1:] = ["judge", "nowhere"]
from scenarios.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", interrupt_at_import], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_a_broken_harness_ends_with_4(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object) -> None:
        raise HarnessError("the disk is full")

    monkeypatch.setattr(scenarios.run.judging, "load_history", broken)
    assert main(["judge", "anything"]) == 4
    assert "the disk is full" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            EngineRefusedError("500 Server Error: no space left"),
            "the Docker Engine refused: 500 Server Error: no space left",
        ),
        (NotThereError("404: No such container"), "the Docker Engine refused: 404: No such container"),
        (EngineSilentError("Read timed out. (read timeout=60)"), "the Docker Engine did not answer: Read timed out."),
        (EngineSilentError("Connection broken"), "the Docker Engine did not answer: Connection broken"),
        (BadStatusLine("\x05"), "a pod did not answer in HTTP: \\x05"),
        (pymysql.OperationalError(1049, "Unknown database"), "MySQL refused, or did not answer: (1049,"),
        (pymysql.InterfaceError(0, ""), "MySQL refused, or did not answer: the session was closed"),
    ],
)
def test_the_word_of_a_server_or_of_the_engine_is_one_line_and_no_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(scenarios.run.judging, "load_history", broken)
    assert main(["judge", "anything"]) == 4
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith(f"meshbench: {said}")


def test_a_user_s_own_class_that_breaks_late_is_the_user_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ConfigError("own.py:Mine.final_queries failed: KeyError: 'x' (own.py:12)", key="workload")

    monkeypatch.setattr(scenarios.run.judging, "load_history", broken)
    assert main(["judge", "anything"]) == 2
    assert capsys.readouterr().err == (
        "meshbench: workload: own.py:Mine.final_queries failed: KeyError: 'x' (own.py:12)\n"
    )


def test_a_bug_of_ours_is_called_one_and_has_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(scenarios.run.judging, "load_history", broken)
    assert main(["judge", "anything"]) == 4
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "internal error (please report), run not judged: KeyError('bug')" in err


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_hears_no_complaint() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "scenarios", "list"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_list_names_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert "control-lost-commit" in printed
    assert "primary-kill " in printed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with one acknowledged transfer, found again on one pod."""
    for part in ("ops", "final"):
        (tmp_path / part).mkdir()
    op = {"process": 0, "f": "transfer", "key": "1-0-0", "value": '{"src":1,"dst":2,"amount":5}', "outcome": "ok"}
    op |= {"errno": None, "error": None, "attempt": 1, "intended_ns": 1, "start_ns": 2, "end_ns": 3_000_000}
    op |= {"server": "node1", "gtid": None}
    pq.write_table(pa.Table.from_pylist([op], schema=OPS_SCHEMA), tmp_path / "ops" / "load1.parquet")
    accounts = pd.DataFrame({"node": ["node1"] * 2, "id": [1, 2], "opening": [50, 50], "balance": [45, 55]})
    accounts.to_parquet(tmp_path / "final" / "accounts.parquet")
    transfers = pd.DataFrame({"node": ["node1"], "id": ["1-0-0"], "src": [1], "dst": [2], "amount": [5]})
    transfers.to_parquet(tmp_path / "final" / "transfers.parquet")
    return tmp_path


def test_judging_needs_nothing_but_the_folder_and_changes_nothing_in_it(folder: Path) -> None:
    before = sorted(file for file in folder.rglob("*"))
    assert main(["judge", str(folder)]) == 0
    assert sorted(file for file in folder.rglob("*")) == before


def test_judging_fails_when_an_acknowledged_transfer_is_gone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "final" / "transfers.parquet"
    pd.read_parquet(file).iloc[:0].to_parquet(file)
    assert main(["judge", str(folder)]) == 1
    assert "durability" in capsys.readouterr().out


def test_judging_fails_when_one_balance_is_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "final" / "accounts.parquet"
    accounts = pd.read_parquet(file)
    accounts.assign(balance=[46, 55]).to_parquet(file)
    assert main(["judge", str(folder)]) == 1
    assert "conservation" in capsys.readouterr().out
