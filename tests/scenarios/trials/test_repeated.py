"""``run NAME --trials N`` without an engine: its seeds, what it repeats, what it leaves, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import scenarios.cli.running
import scenarios.trials.repeated
from cluster.errors import HarnessError
from cluster.platform import ownership
from reports.charts.charts import Picture
from reports.trials import write
from scenarios.cli.cli import main
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.trials.repeated import seeded

COMMAND = ["run", "primary-kill", "--trials", "3"]

Ends = Callable[[Callable[[Scenario, int], Any]], None]


def summary(verdict: str = "pass", *, outage_ms: float = 2000.0) -> dict[str, Any]:
    """As much of a run's summary as trials read."""
    return {
        "verdict": verdict,
        "why": f"it is a {verdict}",
        "void_reasons": ["noise"] if verdict == "void" else [],
        "failed": ["availability"] if verdict == "fail" else [],
        "write_outage_ms": outage_ms,
        "rpo": {"acked": 100, "lost": 0, "lost_amount": 0, "duplicated": 0, "torn": 0},
        "phases": {"before": None, "during": None, "after": None},
        "load": {},
        "generator": {},
        "faults": [],
    }


@pytest.fixture(autouse=True)
def nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios.trials.repeated, "require_images", lambda *_: None)
    monkeypatch.setattr(scenarios.trials.repeated, "require_needs", lambda *_: None)
    monkeypatch.setattr(scenarios.cli.running, "interruptible", nullcontext)
    monkeypatch.setattr(ownership, "reap", list)
    monkeypatch.setattr(write, "picture", lambda _: Picture(wide=b"", narrow=b""))


def left() -> dict[str, Any]:
    """The trials.json of the newest trials."""
    content: dict[str, Any] = json.loads(Path("runs/trials/latest/trials.json").read_text())
    return content


def test_seeds_count_up_from_the_scenarios_own_and_each_trial_is_a_run(
    ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    ends(lambda scenario, _: summary(outage_ms=1000.0 * scenario.seed))
    assert main(COMMAND) == 0
    content = left()
    assert [(row["number"], row["seed"]) for row in content["attempts"]] == [(1, 7), (2, 8), (3, 9)]
    folder = Path("runs/trials/latest")
    assert all((folder / row["folder"] / "manifest.json").is_file() for row in content["attempts"])
    (outage,) = (one for one in content["distributions"] if one["name"] == "write_outage_ms")
    assert outage["values"] == [7000, 8000, 9000]
    said = capsys.readouterr()
    assert "[3 of 3] PASS, seed 9, writes stopped 9 s, took " in said.err
    assert "page: runs/trials/" in said.out
    assert (folder / "report.html").is_file()


def test_a_seed_on_the_command_line_is_that_of_trial_1(ends: Ends) -> None:
    ends(lambda *_: summary())
    main([*COMMAND, "--seed", "40"])
    assert [row["seed"] for row in left()["attempts"]] == [40, 41, 42]


def test_a_void_trial_is_repeated_and_both_are_shown(ends: Ends) -> None:
    ends(lambda scenario, tried: summary("void" if scenario.seed == 8 and tried == 1 else "pass"))
    assert main(COMMAND) == 0
    assert [(row["number"], row["attempt"], row["verdict"]) for row in left()["attempts"]] == [
        (1, 1, "pass"),
        (2, 1, "void"),
        (3, 1, "pass"),
        (2, 2, "pass"),
    ]
    assert left()["counted"] == 3


def test_when_all_is_void_there_are_as_many_repeats_as_trials_and_it_ends_with_3(ends: Ends) -> None:
    ends(lambda *_: summary("void"))
    assert main(COMMAND) == 3
    assert len(left()["attempts"]) == 6
    assert left()["distributions"] == []


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (("pass", "fail", "pass"), 1),
        (("pass", "broken", "fail"), 1),
        (("pass", "broken", "pass"), 4),
        (("void", "pass", "void"), 0),
        (("void", "broken", "void"), 4),
    ],
)
def test_the_worst_trial_decides_the_exit_code(ends: Ends, verdicts: tuple[str, ...], code: int) -> None:
    def outcome(scenario: Scenario, _: int) -> Any:
        verdict = verdicts[scenario.seed - 7]
        if verdict == "broken":
            raise HarnessError("the disk is full")
        return summary(verdict)

    ends(outcome)
    assert main(COMMAND) == code


def test_ctrl_c_ends_with_130_and_the_page_shows_what_there_is(ends: Ends) -> None:
    def outcome(scenario: Scenario, _: int) -> Any:
        if scenario.seed == 8:
            raise KeyboardInterrupt
        return summary()

    ends(outcome)
    assert main(COMMAND) == 130
    content = left()
    assert content["interrupted"] is True
    assert [row["verdict"] for row in content["attempts"]] == ["pass", "not run", "not run"]
    assert "It was interrupted" in Path("runs/trials/latest/report.html").read_text()


def test_one_trial_is_an_ordinary_run(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    ends(lambda *_: pytest.fail("ran as a trial"))
    ran: list[Scenario] = []

    def once(scenario: Scenario, **_: object) -> int:
        ran.append(scenario)
        return 0

    monkeypatch.setattr(scenarios.cli.running, "run_scenario", once)
    assert main(["run", "primary-kill", "--trials", "1"]) == 0
    assert [one.seed for one in ran] == [7]
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--trials", "0"], "--trials 0: expected 1 to 10000"),
        (["--trials", "-1"], "--trials -1: expected 1 to 10000"),
        (["--trials", "99999999999"], "--trials 99999999999: expected 1 to 10000"),
        (["--trials", "abc"], ": expected a whole number"),
        (["--trials", "2.5"], ": expected a whole number"),
        (["--trials", "2", "--live"], "--trials 2: does not go with --live"),
        (["--trials", "3", "--seed", str(2**63 - 2)], f"trial 3 would have the seed {2**63}"),
        (["--trials", "2", "--set", "load.rate=-1"], "--set load.rate=-1"),
    ],
)
def test_a_mistake_ends_with_2_and_one_line_and_starts_nothing(
    ends: Ends, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ends(lambda *_: pytest.fail("started"))
    assert main(["run", "primary-kill", *words]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not Path("runs").exists()


def test_each_seed_draws_the_composed_steps_of_a_timeline_anew() -> None:
    first = read_scenario("mix")
    drawn = [str([(step.at, step.fault) for step in seeded(first, number).steps]) for number in range(1, 9)]
    assert len(set(drawn)) > 4
