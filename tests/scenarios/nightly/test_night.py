"""A night with a runner of fakes: order, budget, repeats, what is kept when the process is killed, and going on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from history.json_files import read_object
from reports.nightly.nightly_types import Gate, Nightly
from reports.trials.trial import Trial
from scenarios.nightly import start, state
from scenarios.nightly.night import Night
from scenarios.nightly.plan import Key, NightPlan, night_plan
from scenarios.nightly.suite import read_suite
from scenarios.trials.loop import Planned
from tests.sealed_runs import in_suite, sealed_run

SUITE = """\
name: short
scenarios: [primary-kill, steady]
topologies: [group]
trials: 3
seed: 7
"""


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of the program runs after it."""


class Runs:
    """What the trials do instead of starting pods. ends: key -> how each attempt of it ends, ``pass`` unless said."""

    def __init__(self, runs: Path, *, took_s: float = 10.0, **ends: Any) -> None:
        self.runs, self.took_s = runs, took_s
        self.ends: dict[Key, list[Any]] = {}
        self.ran: list[tuple[Key, int]] = []
        self.now_s = 0.0
        self.night_id = ""

    def run(self, planned: Planned, attempt: int = 1) -> Trial:
        key = Key(planned.scenario.name, planned.cell or "", planned.number)
        self.ran.append((key, attempt))
        end = (self.ends.get(key) or ["pass"]).pop(0)
        if end == "killed after it was sealed":
            self.sealed(planned, attempt)
        if isinstance(end, BaseException) or end == "killed after it was sealed":
            raise end if isinstance(end, BaseException) else KilledError
        self.now_s += self.took_s
        broke = "the engine went away" if end == "broken" else None
        folder = None if broke else self.sealed(planned, attempt, verdict=end)
        return Trial(
            number=planned.number,
            order=0,
            seed=planned.scenario.seed,
            attempt=attempt,
            cell=planned.cell,
            summary=None if folder is None else read_object(folder / "summary.json"),  # type: ignore[arg-type]
            broke=broke,
            folder=folder,
            took_s=self.took_s,
        )

    def sealed(self, planned: Planned, attempt: int, *, verdict: str = "pass") -> Path:
        number = len(self.ran) + 100 * len(list((self.runs / planned.scenario.name).glob("*")))
        part_of = in_suite(planned.number, name="short", of=self.night_id, cell=planned.cell, attempt=attempt)
        part_of["sentinel"] = {"cpu_s": 0.8, "fsync_ms": 0.2}
        seed = planned.scenario.seed
        void = ["the machine was busy"] if verdict == "void" else []
        made = sealed_run(
            self.runs,
            1_000_000 + number,
            scenario={"name": planned.scenario.name, "seed": seed},
            manifest={"seed": seed, "part_of": part_of},
            summary={"verdict": verdict, "why": verdict, "void_reasons": void, "part_of": part_of, "seed": seed},
        )
        return made.rename(made.with_name(f"{made.name.rpartition('-')[0]}-{seed}"))


def plan_of(tmp_path: Path, text: str = SUITE) -> NightPlan:
    file = tmp_path / "short.yaml"
    file.write_text(text)
    return night_plan(read_suite(file), file=file)


def nothing_compared(_: Nightly) -> Gate | None:
    return None


def night_of(
    plan: NightPlan,
    runs: Runs,
    *,
    again: bool | None = None,
    compare: Callable[[Nightly], Gate | None] = nothing_compared,
) -> Night:
    folder, content = start.begin(plan, runs=runs.runs, command=["meshbench", "nightly"], again=again)
    runs.night_id = folder.name
    return Night(
        content,
        plan,
        folder=folder,
        trials=runs,
        compare=compare,
        capacity=lambda _: None,
        write_pages=lambda *_: None,
        clock=lambda: runs.now_s,
    )


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


def keys(rows: Iterable[Any]) -> list[Key]:
    return [Key(row["scenario"], row["cell"], row["number"]) for row in rows]


def only_night(runs: Runs) -> tuple[Path, Nightly]:
    (folder,) = (path for path in (runs.runs / "nightly").iterdir() if not path.is_symlink())
    return folder, state.read(folder)


def test_every_trial_is_run_in_the_order_of_the_plan_and_recorded(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    night = night_of(plan, runs).execute()
    assert [key for key, _ in runs.ran] == list(plan.order())
    assert keys(night["trials"]) == list(plan.order())
    assert (night["state"], night["verdict"], night["exit_code"]) == ("ended", "pass", 0)
    assert only_night(runs)[1] == night
    first = night["trials"][0]
    assert (only_night(runs)[0] / str(first["folder"]) / "summary.json").exists()
    assert first["sentinel"] == {"cpu_s": 0.8, "fsync_ms": 0.2}
    assert first["numbers"]["write_outage_ms"] == 6000.0
    assert [cell["passed"] for cell in night["cells"]] == [3, 3]


def test_what_does_not_fit_into_the_budget_is_said_and_what_is_shorter_still_runs(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path, SUITE + "budget: 3m\n")
    runs.took_s = 50.0
    night = night_of(plan, runs).execute()
    assert len(night["trials"]) == 3
    assert keys(night["left_out"]) == [key for key in plan.order() if key not in keys(night["trials"])]
    assert "of the budget 30 s are left, and it takes about 50 s" in night["left_out"][0]["why"]
    assert "3 not run: of the budget" in night["why"]
    assert night["exit_code"] == 0


def test_a_budget_in_which_nothing_fits_shows_nothing_and_does_not_pass(tmp_path: Path, runs: Runs) -> None:
    night = night_of(plan_of(tmp_path, SUITE + "budget: 5s\n"), runs).execute()
    assert (night["trials"], night["verdict"], night["exit_code"]) == ([], "not run", 3)


def test_void_and_broken_trials_are_run_again_at_the_end_and_shown(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    order = list(plan.order())
    runs.ends = {order[0]: ["void", "void", "pass"], order[2]: ["broken", "pass"]}
    night = night_of(plan, runs).execute()
    assert runs.ran[6:] == [(order[0], 2), (order[2], 2), (order[0], 3)]
    assert [row["verdict"] for row in night["trials"] if row["number"] == 1] == ["void", "pass", "void", "pass"]
    assert night["exit_code"] == 0
    assert sum(cell["passed"] for cell in night["cells"]) == 6


def test_repeats_end_at_the_cap_of_the_suite(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path, SUITE + "voids: 2\n")
    runs.ends = {key: ["void"] * 9 for key in plan.order()}
    night = night_of(plan, runs).execute()
    assert len(night["trials"]) == 8
    assert (night["verdict"], night["exit_code"]) == ("void", 3)


@pytest.mark.parametrize(
    ("ends", "code"), [(["fail"], 1), (["broken"] * 3, 4), (["void"] * 3, 3), (["fail", "broken"], 1)]
)
def test_the_exit_code_is_that_of_the_worst_cell(tmp_path: Path, runs: Runs, ends: list[str], code: int) -> None:
    plan = plan_of(tmp_path, SUITE.replace("trials: 3", "trials: 1"))
    runs.ends = {next(iter(plan.order())): list(ends)}
    night = night_of(plan, runs).execute()
    assert night["exit_code"] == code


def test_a_scenario_that_is_made_to_fail_passes_by_failing(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path, "name: short\nscenarios: [control-async-loss]\ntrials: 2\n")
    first, second = plan.order()
    runs.ends = {first: ["fail"], second: ["pass"]}
    night = night_of(plan, runs).execute()
    assert [row["outcome"] for row in night["trials"]] == ["pass", "fail"]
    assert night["exit_code"] == 1


def test_a_confirmed_change_for_the_worse_makes_exit_1(tmp_path: Path, runs: Runs) -> None:
    gate: Gate = {
        "verdict": "worse",
        "why": "write outage is longer",
        "nights": ["20261101T020000Z"],
        "trials": {"before": 6, "tonight": 6},
        "findings": [],
        "undecided": [],
    }
    night = night_of(plan_of(tmp_path), runs, compare=lambda _: gate).execute()
    assert (night["verdict"], night["exit_code"]) == ("fail", 1)
    assert night["why"].endswith("write outage is longer")


def test_killed_in_a_trial_it_goes_on_with_that_trial_and_keeps_those_before(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    order = list(plan.order())
    runs.ends = {order[2]: [KilledError(), "pass"]}
    with pytest.raises(KilledError):
        night_of(plan, runs).execute()
    left = only_night(runs)[1]
    assert (left["state"], len(left["trials"])) == ("running", 2)
    assert left["running"] is not None
    assert left["spent_s"] == 20.0
    night = night_of(plan, runs).execute()
    assert [key for key, _ in runs.ran] == [*order[:3], *order[2:]]
    assert keys(night["trials"]) == order
    assert [(row["number"], row["attempt"]) for row in night["cut"]] == [(order[2].number, 1)]
    assert night["trials"][2]["attempt"] == 2
    assert (night["resumed"], night["spent_s"], night["exit_code"]) == (1, 60.0, 0)
    assert only_night(runs)[1] == night


def test_killed_between_two_trials_it_does_none_of_them_again(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    order = list(plan.order())
    night = night_of(plan, runs)
    save, saved = night._save, []

    def killed_after_two() -> None:
        save()
        saved.append(len(night.night["trials"]))
        if saved[-1] == 2:
            raise KilledError

    night._save = killed_after_two  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        night.execute()
    assert only_night(runs)[1]["running"] is None
    done = night_of(plan, runs).execute()
    assert [key for key, _ in runs.ran] == order
    assert (keys(done["trials"]), done["cut"]) == (order, [])


@pytest.mark.slow
def test_a_run_that_was_sealed_when_the_process_was_killed_is_taken_as_it_is(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    order = list(plan.order())
    runs.ends = {order[1]: ["killed after it was sealed"]}
    with pytest.raises(KilledError):
        night_of(plan, runs).execute()
    night = night_of(plan, runs).execute()
    assert [key for key, _ in runs.ran] == order
    assert (keys(night["trials"]), night["cut"]) == (order, [])
    assert len({row["folder"] for row in night["trials"]}) == 6


@pytest.mark.slow
def test_a_trial_in_which_it_is_killed_again_and_again_is_given_up_and_said(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    first = next(iter(plan.order()))
    runs.ends = {first: [KilledError()] * 9}
    for _ in range(3):
        with pytest.raises(KilledError):
            night_of(plan, runs).execute()
    night = night_of(plan, runs).execute()
    assert keys(night["left_out"]) == [first]
    assert "killed in the middle of it 3 times" in night["left_out"][0]["why"]
    assert len(night["trials"]) == 5


@pytest.mark.slow
def test_ctrl_c_lists_the_rest_as_not_run_and_it_can_be_gone_on_with(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    order = list(plan.order())
    runs.ends = {order[4]: [KeyboardInterrupt(), "pass"]}
    night = night_of(plan, runs)
    left = night.execute()
    assert night.interrupted is not None
    assert (left["state"], keys(left["left_out"])) == ("interrupted", order[4:])
    done = night_of(plan, runs, again=True).execute()
    assert (keys(done["trials"]), done["left_out"], done["state"]) == (order, [], "ended")


def test_killed_in_the_gate_only_the_gate_is_done_again(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)

    def killed(_: Nightly) -> Gate | None:
        raise KilledError

    with pytest.raises(KilledError):
        night_of(plan, runs, compare=killed).execute()
    assert night_of(plan, runs).execute()["state"] == "ended"
    assert len(runs.ran) == 6


def test_a_night_that_ended_is_not_gone_on_with(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    night_of(plan, runs).execute()
    with pytest.raises(ConfigurationError, match="--resume: no unfinished night of suite short"):
        night_of(plan, runs, again=True)
    assert night_of(plan, runs).night["trials"] == []


def cut_short(plan: NightPlan, runs: Runs) -> None:
    runs.ends = {list(plan.order())[1]: [KilledError()]}
    with pytest.raises(KilledError):
        night_of(plan, runs).execute()


def test_fresh_begins_anew_and_leaves_the_unfinished_night_alone(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    cut_short(plan, runs)
    before = only_night(runs)[1]
    night = night_of(plan, runs, again=False).execute()
    assert night["resumed"] == 0
    assert len(night["trials"]) == 6
    assert before in [state.read(folder) for folder in (runs.runs / "nightly").iterdir()]


def test_a_night_of_a_suite_that_was_changed_meanwhile_is_not_mixed_with_the_new_one(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_short(plan_of(tmp_path), runs)
    changed = plan_of(tmp_path, SUITE + "compare: {nights: 3}\n")
    assert night_of(changed, runs).night["resumed"] == 1  # decides no trial
    other = plan_of(tmp_path, SUITE.replace("steady", "{scenario: steady, set: {load.rate: 50}}"))
    with pytest.raises(ConfigurationError, match="the suite is not what it was then"):
        night_of(other, runs, again=True)
    assert night_of(other, runs).night["resumed"] == 0
    assert "the suite is not what it was then" in capsys.readouterr().err


def test_a_night_of_another_commit_or_of_long_ago_is_only_gone_on_with_as_far_as_it_makes_sense(
    tmp_path: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(tmp_path)
    cut_short(plan, runs)
    folder, left = only_night(runs)
    left["started_at"] = "2020-01-01T00:00:00+00:00"
    state.write(left, folder)
    assert night_of(plan, runs, again=True).night["resumed"] == 1
    assert night_of(plan, runs).night["resumed"] == 0
    monkeypatch.setattr("scenarios.run.versions.checkout", lambda: {"commit": "another", "dirty": False})
    with pytest.raises(ConfigurationError, match="is at another"):
        night_of(plan, runs, again=True)


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "{", '{"schema": "meshbench/nightly/1"}', "[]"])
def test_a_nightly_json_that_is_none_is_left_aside(tmp_path: Path, runs: Runs, content: str) -> None:
    other = runs.runs / "nightly" / "20200101T000000Z"
    other.mkdir(parents=True)
    (other / "nightly.json").write_text(content)
    assert night_of(plan_of(tmp_path), runs).execute()["state"] == "ended"
    assert (other / "nightly.json").read_text() == content


def test_two_processes_do_not_go_on_with_one_night(tmp_path: Path) -> None:
    with state.held(tmp_path), pytest.raises(ConfigurationError, match="another process"), state.held(tmp_path):
        pass


def test_nightly_json_is_whole_whenever_it_is_read(tmp_path: Path, runs: Runs) -> None:
    plan = plan_of(tmp_path)
    seen = []
    run = runs.run

    def reads(planned: Planned, attempt: int = 1) -> Trial:
        seen.append(json.loads((only_night(runs)[0] / "nightly.json").read_text())["running"]["number"])
        return run(planned, attempt)

    runs.run = reads  # type: ignore[method-assign]
    night_of(plan, runs).execute()
    assert seen == [key.number for key in plan.order()]
