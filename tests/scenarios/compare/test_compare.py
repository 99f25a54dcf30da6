"""``meshbench compare`` without an engine: what is flagged is run again in turns, and the exit code says what came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from reports.schema import validate
from reports.trends.comparison import OUTAGE, PairComparison
from reports.trends.confirmation import Fresh
from reports.trends.store import Store
from scenarios.cli.cli import main
from scenarios.compare import rerun
from scenarios.compare.configuration import Configuration, configuration_of
from scenarios.compare.gate import Again, gate
from tests.scenarios.compare.conftest import FakeTrials, recorded
from tests.sealed_runs import sealed_run
from tests.trial_rows import trial_row, trial_rows

SLOW = ("mesh.check_interval=2s", "mesh.fall=3")
DAYS = ("2026-11-01", "2026-11-03")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Four fast trials on one day, four slow ones, of other settings, on another."""
    recorded(tmp_path, 0, 4)
    recorded(tmp_path, 48, 4, settings=SLOW, outage_ms=9000.0)
    Store(tmp_path).update()
    return tmp_path


def compare(runs: Path, *words: str) -> int:
    return main(["compare", *(words if len(words) > 1 else DAYS), "--runs", str(runs)])


def test_what_a_rerun_shows_again_ends_with_1(
    runs: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str]
) -> None:
    trials.outages_ms[" ".join(SLOW)] = 9000.0
    assert compare(runs) == 1
    said = capsys.readouterr().out
    assert "WORSE               write outage: 4.0" in said
    assert "confirmed           write outage: " in said
    assert "settings            B has mesh.check_interval=2s mesh.fall=3" in said
    assert "run again in turns: 6 trials of A, 6 trials of B" in said
    assert said.endswith("and a rerun shows it again: write outage of primary-kill, group / envoy.\n")


def test_both_sides_are_run_in_turns_with_the_same_fresh_seeds(runs: Path, trials: type[FakeTrials]) -> None:
    compare(runs, *DAYS, "--rerun", "4")
    assert [bool(planned.settings) for planned in trials.ran] == [False, True, True, False] * 2
    assert [planned.scenario.seed for planned in trials.ran] == [52, 52, 53, 53, 54, 54, 55, 55]
    assert all(tuple(planned.settings) in ((), SLOW) for planned in trials.ran)
    assert {planned.cell for planned in trials.ran} == {"group / envoy"}


def test_what_a_rerun_does_not_show_again_ends_with_0_and_says_so(
    runs: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(runs) == 0
    said = capsys.readouterr().out
    assert "not confirmed       write outage: " in said
    assert "that is not confirmed: a rerun does not show it again." in said


def test_void_trials_of_a_rerun_are_repeated_and_not_counted(
    runs: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str]
) -> None:
    trials.void = {2}
    trials.outages_ms[" ".join(SLOW)] = 9000.0
    assert compare(runs, *DAYS, "--rerun", "4", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    validate(found, "comparison")
    assert len(trials.ran) == 9
    assert found["confirmation"] == {"ran": "both", "trials_a": 4, "trials_b": 4, "note": ""}


def test_without_a_rerun_what_is_flagged_ends_with_1_and_nothing_is_started(
    runs: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(runs, *DAYS, "--no-rerun") == 1
    assert trials.ran == []
    assert "B is worse than A, which was not run again: write outage" in capsys.readouterr().out


def test_nothing_flagged_starts_nothing(tmp_path: Path, trials: type[FakeTrials]) -> None:
    recorded(tmp_path, 0, 4)
    recorded(tmp_path, 48, 4)
    Store(tmp_path).update()
    assert compare(tmp_path) == 0
    assert trials.ran == []


def test_too_few_trials_end_with_0_and_say_how_many_there_must_be(
    tmp_path: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(tmp_path, 0, 3)
    recorded(tmp_path, 48, 3, outage_ms=90_000)
    Store(tmp_path).update()
    assert compare(tmp_path) == 0
    assert trials.ran == []
    assert "Undecided: too few trials to show anything; needs at least 4 trials each." in (
        told := capsys.readouterr().out
    )
    assert max(map(len, told.splitlines())) <= 120


def test_the_same_build_is_run_again_alone_and_held_against_the_trials_that_there_are(
    tmp_path: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(tmp_path, 0, 6)
    recorded(tmp_path, 48, 6, outage_ms=9000)
    Store(tmp_path).update()
    assert compare(tmp_path) == 0
    assert len(trials.ran) == 6
    said = capsys.readouterr().out
    assert "run again: 6 trials of B, held against the trials of A" in said
    assert "A was not run again: it is the same code and settings as B" in said


@pytest.mark.parametrize(
    ("made_of", "why"),
    [
        ({"commit": "b" * 40, "dirty": True}, "it is of commit bbbbbbbbbb with changes that were never committed"),
        ({"commit": "b" * 40}, "commit bbbbbbbbbb cannot be checked out: fatal: "),
    ],
)
def test_where_the_code_of_a_is_gone_b_alone_is_run_again_and_it_is_said(
    tmp_path: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str], made_of: dict[str, Any], why: str
) -> None:
    recorded(tmp_path, 0, 4, **made_of)
    recorded(tmp_path, 48, 4, settings=SLOW, outage_ms=9000.0)
    Store(tmp_path).update()
    trials.outages_ms[" ".join(SLOW)] = 9000.0
    assert compare(tmp_path) == 1
    assert len(trials.ran) == 6
    said = capsys.readouterr().out
    assert "run again: 6 trials of B, held against the trials of A" in said
    assert f"A was not run again: {why}" in said


def test_where_b_cannot_be_run_again_nothing_is_confirmed(
    tmp_path: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(tmp_path, 0, 4)
    recorded(tmp_path, 48, 4, settings=SLOW, outage_ms=9000.0, commit="c" * 40, dirty=True)
    Store(tmp_path).update()
    assert compare(tmp_path) == 0
    assert trials.ran == []
    assert "B cannot be run again: it is of commit cccccccccc with changes that were never" in capsys.readouterr().out


def test_a_machine_that_cannot_run_it_again_shows_the_comparison_and_ends_with_2(
    runs: Path, trials: type[FakeTrials], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(*_: object) -> None:
        raise ConfigurationError("no image meshbench/base; `make images` builds it")

    monkeypatch.setattr(rerun, "require_images", lacking)
    assert compare(runs) == 2
    told = capsys.readouterr()
    assert "WORSE               write outage" in told.out
    assert told.err == "meshbench: no image meshbench/base; `make images` builds it\n"


def test_a_page_markdown_and_json_are_written_where_asked(runs: Path, trials: type[FakeTrials], tmp_path: Path) -> None:
    compare(runs, *DAYS, "--no-rerun", "--out", str(tmp_path / "out"))
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["compare.html", "compare.json", "compare.md"]
    validate(json.loads((tmp_path / "out" / "compare.json").read_text()), "comparison")


def test_pages_are_not_written_among_the_runs(
    runs: Path, trials: type[FakeTrials], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(runs, *DAYS, "--no-rerun", "--out", str(runs)) == 2
    assert "is a folder of runs; give one of its own, such as " in capsys.readouterr().err
    assert not list(runs.glob("compare.*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("", "latest"), "meshbench: compare: one of the two is empty; give a commit, days, a night or a folder"),
        (("cccc", "latest"), "meshbench: cccc: no trial is of this; there are commits aaaaaaaaaa; days 2026-11-03, "),
        ((*DAYS, "--least", "outage=1"), "meshbench: --least outage=1: no metric 'outage'; there are "),
        ((*DAYS, "--rerun", "2"), "meshbench: compare: --rerun 2: expected 3 or more; see `meshbench compare --help`"),
        ((*DAYS, "--no-rerun", "--out", "/dev/null/x"), "meshbench: --out /dev/null/x: cannot be written there"),
    ],
)
def test_mistakes_are_one_line_and_end_with_2(
    runs: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(runs, *words) == 2
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert told.count("\n") == 1


def test_scenarios_that_are_in_one_group_only_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, 0, 1)
    sealed_run(tmp_path, 48, scenario={"name": "steady", "faults": []})
    Store(tmp_path).update()
    assert compare(tmp_path) == 2
    assert capsys.readouterr().err == (
        "meshbench: compare 2026-11-01 2026-11-03: no scenario in the same cell is in both: "
        "primary-kill, group / envoy: only in A (1 trial); steady, group / envoy: only in B (1 trial)\n"
    )


def test_the_gate_of_a_night_alarms_only_on_what_a_rerun_shows_again() -> None:
    earlier, tonight = trial_rows(1, 12), trial_rows(2, 12, longer=1.5)
    asked: list[str] = []

    def again(pairs: Sequence[PairComparison]) -> Again:
        asked.extend(pair.pair.name for pair in pairs)
        return Again({pair.pair.name: Fresh(a=trial_rows(3, 6), b=trial_rows(4, 6, longer=1.5)) for pair in pairs}, "")

    assert gate(tonight, earlier, rerun=again).confirmed
    assert asked == ["primary-kill, group / envoy"]
    assert not gate(tonight, earlier).confirmed
    assert OUTAGE in {finding.metric for _, finding in gate(tonight, earlier).flagged()}
    assert not gate(trial_rows(5, 12), earlier, rerun=again).confirmed
    assert len(asked) == 1


def test_a_configuration_is_read_from_the_command_of_a_run() -> None:
    command = ("meshbench", "run", "--live", "--seed", "7", "--set=load.rate=5", "steady", "--set", "mesh=haproxy")
    assert configuration_of(trial_row(command=command)) == Configuration(
        name="steady", settings=("mesh=haproxy", "load.rate=5"), commit="a" * 40, changed=False
    )
    hidden = ("meshbench", "run", "x.yaml", "--set", "load.environment.BANK=(not recorded)")
    assert "may be secret" in str(configuration_of(trial_row(command=hidden)))
    assert "none was recorded" in str(configuration_of(trial_row(command=())))
    searched = ("meshbench", "capacity", "group", "--slo", "response_p99<=250ms")
    assert configuration_of(trial_row(command=searched)) == (
        "a capacity is searched, not run; once more: meshbench capacity group --slo 'response_p99<=250ms'"
    )
