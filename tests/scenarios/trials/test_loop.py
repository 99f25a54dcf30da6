"""The loop that all verbs share which run more than once: what becomes of a void, broken or interrupted trial."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import HarnessError
from cluster.platform.fake import FakePlatform
from history.manifest import Sentinel
from reports.trials.trial import Trial
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.trials.loop import Planned, Trials, with_repeats

PASS: dict[str, Any] = {"verdict": "pass", "why": "it is a pass", "void_reasons": []}
VOID: dict[str, Any] = {"verdict": "void", "why": "it is void", "void_reasons": ["noise"]}

Ends = Callable[[Callable[[Scenario, int], Any]], None]


def trials(**more: Any) -> Trials:
    return Trials(runs=Path("runs"), platform=FakePlatform(), kind="trials", name="primary-kill", id="night", **more)


def planned(count: int) -> list[Planned]:
    scenario = read_scenario("primary-kill", seed=7)
    return [
        Planned(scenario=scenario.with_seed(6 + number), name="primary-kill", settings=["load.rate=9"], number=number)
        for number in range(1, count + 1)
    ]


def told(done: list[Trial]) -> list[tuple[int, int, int, str]]:
    return [(one.number, one.attempt, one.seed, one.verdict) for one in done]


def test_a_void_trial_is_run_again_after_all_others_and_with_the_same_seed(ends: Ends) -> None:
    ends(lambda scenario, tried: VOID if scenario.seed == 8 and tried == 1 else PASS)
    done = list(with_repeats(trials(), planned(3), repeats_max=3))
    assert told(done) == [(1, 1, 7, "pass"), (2, 1, 8, "void"), (3, 1, 9, "pass"), (2, 2, 8, "pass")]
    assert [one.order for one in done] == [1, 2, 3, 4]
    assert [one.counts for one in done] == [True, False, True, True]


def test_a_trial_that_stays_void_is_tried_three_times(ends: Ends) -> None:
    ends(lambda scenario, _: VOID if scenario.seed == 7 else PASS)
    done = list(with_repeats(trials(), planned(9), repeats_max=9))
    assert [one.attempt for one in done if one.seed == 7] == [1, 2, 3]
    assert len(done) == 11


def test_repeats_have_a_limit_in_all(ends: Ends) -> None:
    ends(lambda *_: VOID)
    assert len(list(with_repeats(trials(), planned(3), repeats_max=2))) == 5


def test_a_trial_that_breaks_is_told_in_one_line_and_not_repeated(
    ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    def outcome(scenario: Scenario, _: int) -> Any:
        if scenario.seed == 7:
            raise HarnessError("the disk\nis full")
        if scenario.seed == 8:
            raise KeyError("bug")
        return PASS

    ends(outcome)
    done = list(with_repeats(trials(), planned(3), repeats_max=3))
    assert [(one.verdict, one.broke) for one in done] == [
        ("broken", "the disk | is full"),
        ("broken", "internal error: KeyError('bug')"),
        ("pass", None),
    ]
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_ends_the_loop(ends: Ends) -> None:
    def outcome(scenario: Scenario, _: int) -> Any:
        if scenario.seed == 8:
            raise KeyboardInterrupt
        return PASS

    ends(outcome)
    under_way = with_repeats(trials(), planned(3), repeats_max=3)
    assert next(under_way).verdict == "pass"
    with pytest.raises(KeyboardInterrupt):
        next(under_way)


def test_each_run_says_of_what_it_is_part_and_how_to_run_it_alone(ends: Ends) -> None:
    ends(lambda *_: VOID)
    (first, again) = with_repeats(trials(sentinel=lambda: Sentinel(cpu_s=0.5, fsync_ms=2.0)), planned(1), repeats_max=1)
    assert first.folder is not None
    assert again.folder is not None
    assert again.link(Path("runs/trials/night")) == "../../primary-kill/run-7.2"
    manifest = json.loads((again.folder / "manifest.json").read_text())
    assert manifest["command"] == ["meshbench", "run", "primary-kill", "--set", "load.rate=9", "--seed", "7"]
    assert manifest["part_of"] == {
        "kind": "trials",
        "name": "primary-kill",
        "id": "night",
        "cell": None,
        "trial": 1,
        "attempt": 2,
        "sentinel": {"cpu_s": 0.5, "fsync_ms": 2.0},
    }
