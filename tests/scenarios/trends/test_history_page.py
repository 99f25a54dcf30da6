"""docs/history.md: its questions are answered, its columns exist, and its pandas lines run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reports.trends.columns import COLUMNS
from reports.trends.store import Store
from scenarios.trends.query import ask
from tests.sealed_runs import RECORDED, in_suite, sealed_run

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "history.md").read_text()
QUESTIONS = re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL)
PANDAS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def of_night(number: int, night: str) -> dict[str, Any]:
    return {"part_of": in_suite(number, of=night, sentinel={"cpu_s": 0.8, "fsync_ms": 0.2})}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two nights of three trials, a void one, and a run that lost money; in ``runs`` below the folder."""
    runs = tmp_path / "runs"
    for number, outage_ms in enumerate((6000.0, 7000.0, 9000.0), start=1):
        sealed_run(runs, number, write_outage_ms=outage_ms, manifest=of_night(number, "20261101T020000Z"))
        sealed_run(runs, 24 + number, write_outage_ms=outage_ms + 500, manifest=of_night(number, "20261102T020000Z"))
    void = {"verdict": "void", "void_reasons": ["the machine was busy"]}
    sealed_run(runs, 50, write_outage_ms=99_000.0, summary=void)
    lost = {"verdict": "fail", "rpo": {"lost": 3}}
    command = ["meshbench", "run", "control-async-loss", "--seed", "60"]
    sealed_run(runs, 60, scenario={"name": "control-async-loss"}, manifest={"command": command}, summary=lost)
    Store(runs).update()
    return runs


def test_the_page_has_three_questions_and_a_piece_of_pandas() -> None:
    assert (len(QUESTIONS), len(PANDAS)) == (3, 1)


def test_outages_by_scenario_and_cell_leave_void_trials_out(runs: Path) -> None:
    assert [tuple(row) for row in ask(runs, QUESTIONS[0]).rows] == [
        ("primary-kill", "group / envoy", 6, 6000.0, 9500.0),
        ("control-async-loss", "group / envoy", 1, 6000.0, 6000.0),
    ]


def test_night_by_night_the_median_and_how_fast_the_machine_was(runs: Path) -> None:
    assert [tuple(row) for row in ask(runs, QUESTIONS[1]).rows] == [
        ("20261101T020000Z", 3, 7000.0, 0.8),
        ("20261102T020000Z", 3, 7500.0, 0.8),
    ]


def test_runs_that_lost_money_and_how_to_run_them_again(runs: Path) -> None:
    (row,) = ask(runs, QUESTIONS[2]).rows
    assert row[1:3] == ("control-async-loss", "group / envoy")
    assert row[4] == 3
    assert (runs / row[5] / "summary.json").exists()
    assert row[6] == "meshbench run control-async-loss --seed 60"


def test_the_lines_of_pandas_run(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs.parent)
    exec(compile(PANDAS[0], "docs/history.md", "exec"), {})
    told = capsys.readouterr().out
    assert "control-async-loss" in told
    assert "6.0" in told


def test_every_column_that_the_page_names_is_one() -> None:
    table = PAGE[PAGE.index("| columns |") : PAGE.index("`PRAGMA table_info")]
    named = {name for line in table.splitlines()[2:] if line for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert len(named) > 30
    assert named <= set(COLUMNS)


def test_the_recorded_run_has_no_money_lost() -> None:
    """Else the question above would find all of them."""
    assert '"lost": 0' in (RECORDED / "group.summary.json").read_text()
