"""The verbs' own words: exit codes, mistakes in a line before anything starts, and what a CI service is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reports.nightly.nightly_types import Nightly
from reports.trends.row import host_words
from reports.trends.store import Store
from scenarios.cli.cli import main
from scenarios.nightly import ci, state, verb
from scenarios.nightly.sentinel import measure
from scenarios.run import host
from tests.capacity_rows import DROP, NOW, series
from tests.reports.nightly.conftest import night, trial
from tests.scenarios.nightly.test_night import SUITE, Runs
from tests.sealed_runs import sealed_run

__all__ = ["night"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """What is on the engine is not asked, and trials are those of `Runs`."""
    fakes = Runs(tmp_path / "runs")

    def trials(*, id: str, **_: Any) -> Runs:
        fakes.night_id = id
        return fakes

    monkeypatch.setattr(verb, "DockerPlatform", lambda: None)
    monkeypatch.setattr(verb, "require_images", lambda *_: None)
    monkeypatch.setattr(verb, "require_needs", lambda *_: None)
    monkeypatch.setattr("cluster.platform.ownership.reap", lambda: ["pod of a dead run"])
    monkeypatch.setattr(verb, "Trials", trials)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return fakes


def suite(tmp_path: Path, text: str = SUITE) -> str:
    file = tmp_path / "short.yaml"
    file.write_text(text)
    return str(file)


def test_a_night_ends_with_its_pages_its_table_and_its_exit_code(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nightly", suite(tmp_path), "--runs", str(runs.runs)]) == 0
    said = capsys.readouterr()
    assert "pass           primary-kill, group / envoy: 3 of 3 as expected, write outage 6 s (median)" in said.out
    assert "left by a dead run, removed: pod of a dead run" in said.err
    latest = runs.runs / "nightly" / "latest"
    assert f"page: {runs.runs / 'nightly' / runs.night_id / 'report.html'}" in said.out
    cases = [case.get("name") for case in ET.parse(latest / "junit.xml").getroot().iter("testcase")]
    assert [name for name in cases if name and name.startswith("trial")] == ["trial 1", "trial 2", "trial 3"] * 2
    assert (latest / "summary.md").read_text().startswith("#")


@pytest.mark.slow
def test_the_second_night_is_held_against_the_first(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["nightly", suite(tmp_path), "--runs", str(runs.runs)]) == 0
        Store(runs.runs).update()  # a real run adds itself
        runs.night_id = ""
    assert (runs.runs / "nightly" / "latest" / "compare.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("levels", "code"), [(DROP, 1), ([1000.0] * 18, 0)], ids=["a fifth less", "as before"])
def test_a_capacity_that_fell_in_the_history_fails_the_night(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str], levels: list[float], code: int
) -> None:
    runs.runs.mkdir()
    today = datetime.now(UTC)
    for row in series(levels, host=host_words({**host.describe()})):
        at = datetime.fromisoformat(row.started_at) + (today - NOW)
        Store(runs.runs).add(replace(row, started_at=at.isoformat(timespec="seconds")))
    assert main(["nightly", suite(tmp_path), "--runs", str(runs.runs)]) == code
    assert ("WORSE          capacity of group" in capsys.readouterr().out) is bool(code)
    written = state.read(runs.runs / "nightly" / runs.night_id)
    capacity = written.get("capacity")
    assert capacity is not None
    assert [(row["values"], row["fails"]) for row in capacity["series"]] == [(18, bool(code))]
    assert (runs.runs / "nightly" / runs.night_id / capacity["series"][0]["folder"]).parent.resolve() == (
        runs.runs / "capacity"
    ).resolve()


@pytest.mark.slow
def test_a_night_without_a_capacity_says_how_to_measure_it(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nightly", suite(tmp_path), "--runs", str(runs.runs)]) == 0
    assert "`meshbench capacity group --slo 'response_p99<=250ms'`" in capsys.readouterr().out


@pytest.mark.slow
def test_a_history_that_cannot_be_read_leaves_capacity_unknown(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.runs.mkdir()
    (runs.runs / "history.sqlite").write_text("no database")
    assert main(["nightly", suite(tmp_path), "--runs", str(runs.runs)]) == 0
    assert "what was measured of capacity is not known" in capsys.readouterr().out


@pytest.mark.slow
def test_a_suite_that_wants_no_comparison_does_not_look_at_capacity(tmp_path: Path, runs: Runs) -> None:
    assert main(["nightly", suite(tmp_path, SUITE + "compare: {nights: 0}\n"), "--runs", str(runs.runs)]) == 0
    assert state.read(runs.runs / "nightly" / runs.night_id).get("capacity", "not there") is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nightly", "smok.yaml"], "smok.yaml: no such suite or file; did you mean 'smoke'?"),
        (["nightly", "smoke.yaml", "--budget", "9"], "--budget 9: expected a duration with a unit"),
        (["nightly", "smoke.yaml", "--set", "load.rat=9"], "load.rat: unknown key"),
        (["nightly", "smoke.yaml", "--resume"], "--resume: no unfinished night of suite smoke"),
    ],
)
def test_a_mistake_is_told_before_anything_is_started_or_made(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main([*words, "--runs", str(runs.runs)]) == 2
    assert told in capsys.readouterr().err
    assert not runs.runs.exists()
    assert runs.ran == []


@pytest.mark.slow
def test_history_and_index_say_their_mistakes_in_a_line_with_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed_run(tmp_path, 1)
    there = ["--runs", str(tmp_path)]
    assert main(["history", *there]) == 2
    assert main(["index", *there]) == 0
    assert main(["history", "--sql", "DELETE FROM sealed_runs", *there]) == 2
    assert main(["history", "--sql", "SELECT nonsense FROM trials", *there]) == 2
    assert main(["history", "--csv", "--json", *there]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 4
    assert all(line.startswith("meshbench: ") or "history" in line for line in told)
    assert main(["history", "--sql", "SELECT scenario FROM trials", "--csv", *there]) == 0
    assert capsys.readouterr().out == "scenario\nprimary-kill\n"


#: All that only read a runs folder.
READERS = [["index"], ["index", "--rebuild"], ["history"], ["compare", "2026-11-01", "2026-11-02"]]


@pytest.mark.parametrize("words", READERS)
def test_a_runs_folder_that_is_not_there_is_said_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    assert main([*words, "--runs", str(nowhere)]) == 2
    assert capsys.readouterr().err == (
        f"meshbench: --runs {nowhere}: there is no such folder; give the folder that the runs are in\n"
    )
    assert not nowhere.exists()


@pytest.mark.parametrize("words", READERS)
def test_a_file_in_place_of_the_runs_folder_is_called_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    (tmp_path / "runs").write_text("")
    assert main([*words, "--runs", str(tmp_path / "runs")]) == 2
    assert capsys.readouterr().err.startswith(f"meshbench: --runs {tmp_path / 'runs'}: is a file, not a folder")


def test_github_is_told_in_its_summary_and_in_error_lines(night: Nightly, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("of another part of the step\n")
    assert list(ci.told(night, environment={"GITHUB_STEP_SUMMARY": str(summary)})) == []
    text = summary.read_text()
    assert text.startswith("of another part of the step\n")
    assert "primary-kill" in text
    night["cells"][0]["verdict"] = "fail"
    night["trials"].append(trial(4, verdict="fail"))
    assert [line[:8] for line in ci.told(night, environment={"GITHUB_ACTIONS": "true"})] == ["::error "]
    assert list(ci.told(night, environment={})) == []


def test_a_summary_that_cannot_be_written_ends_no_night(
    night: Nightly, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    list(ci.told(night, environment={"GITHUB_STEP_SUMMARY": str(tmp_path)}))
    assert "GITHUB_STEP_SUMMARY" in capsys.readouterr().err


@pytest.mark.slow
def test_the_sentinel_measures_both_kinds_of_work_and_leaves_nothing(tmp_path: Path) -> None:
    measured = measure(tmp_path)
    assert measured.cpu_s > 0
    assert measured.fsync_ms > 0
    assert list(tmp_path.iterdir()) == []


def test_the_sentinel_does_the_same_work_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nights could not be compared by it."""
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr("hashlib.pbkdf2_hmac", lambda *words: asked.append(words))
    measure(tmp_path)
    measure(tmp_path)
    assert len(asked) == 10
    assert len(set(asked)) == 1
