"""The suite file: what may stand in it, and a line for every mistake, with file, key and what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from scenarios.nightly.plan import NightPlan, night_plan
from scenarios.nightly.suite import read_suite, suite_file, suites

SUITE = """\
name: short
scenarios:
  - primary-kill
  - {scenario: steady, set: {load.duration: 20s, load.rate: 50}, meshes: [direct, envoy]}
topologies: [group, semisync]
trials: 2
seed: 7
budget: 2h
compare: {nights: 5, least: {write_outage_ms: 20%, lost: {absolute: 1}}}
"""


def plan_of(folder: Path, text: str, **more: Any) -> NightPlan:
    file = written(folder, text)
    return night_plan(read_suite(file), file=file, **more)


def written(folder: Path, text: str) -> Path:
    file = folder / "suite.yaml"
    file.write_text(text)
    return file


def test_a_suite_says_which_cells_there_are(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, SUITE)
    suite = plan.suite
    assert (suite.trials, suite.seed, suite.budget, suite.compare.nights) == (2, 7, 7200.0, 5)
    assert suite.compare.least["write_outage_ms"].relative == 0.2
    names = [(cell.scenario, cell.name) for cell in plan.cells]
    assert names == [
        ("primary-kill", "group / envoy"),
        ("primary-kill", "semisync / envoy"),
        ("steady", "group / direct"),
        ("steady", "group / envoy"),
        ("steady", "semisync / direct"),
        ("steady", "semisync / envoy"),
    ]
    steady = plan.by_name["steady", "group / direct"].run
    assert steady is not None
    assert (steady.load.duration, steady.load.rate, steady.mesh.mode) == (20.0, 50, "direct")


def test_without_topologies_and_meshes_each_scenario_has_its_own(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "name: s\nscenarios: [primary-kill, control-null]\n", settings=["mesh.fall=3"])
    assert [len(cell.settings) for cell in plan.cells] == [1, 1]
    kill = plan.cells[0].run
    assert kill is not None
    assert kill.mesh.settings["fall"] == 3


def test_every_round_has_each_cell_once_in_an_order_of_its_own_that_the_seed_decides(tmp_path: Path) -> None:
    text = SUITE.replace("trials: 2", "trials: 6")
    plan = plan_of(tmp_path, text)
    order = list(plan.order())
    rounds = [order[at : at + 6] for at in range(0, 36, 6)]
    assert [{key.number for key in one} for one in rounds] == [{1}, {2}, {3}, {4}, {5}, {6}]
    assert all(len({(key.scenario, key.cell) for key in one}) == 6 for one in rounds)
    assert len({tuple((key.scenario, key.cell) for key in one) for one in rounds}) > 1
    assert list(plan_of(tmp_path, text).order()) == order
    other = plan_of(tmp_path, text.replace("seed: 7", "seed: 8"))
    assert list(other.order()) != order


def test_equal_numbers_have_equal_seeds_in_every_cell(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, SUITE)
    seeds = {(key.number, plan.planned(key).scenario.seed) for key in plan.order()}
    assert seeds == {(1, 7), (2, 8)}


def test_a_scenario_s_own_file_is_relative_to_the_suite_and_runs_again_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("name: own\nteaches: x\ntopology: single\nmesh: direct\nworkload: transfer\n")
    plan = plan_of(tmp_path, "name: s\nscenarios: [own.yaml]\n")
    (key, *_) = plan.order()
    assert plan.planned(key).command[:3] == ["meshbench", "run", str(tmp_path / "own.yaml")]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("trials: 2", "trails: 2", "suite.yaml:6: trails: unknown key; did you mean 'trials'? Allowed here: name,"),
        ("trials: 2", "trials: 0", "suite.yaml:6: trials: expected 1 or more, got 0"),
        ("name: short\n", "", "suite.yaml:1: name: is required and missing"),
        ("[group, semisync]", "[group, grup]", "topologies: unknown topology 'grup'; did you mean 'group'?"),
        ("[group, semisync]", "[group, group]", "topologies: group is there twice; keep one"),
        (
            "meshes: [direct, envoy]",
            "meshes: [envoi]",
            "scenarios.1.meshes: unknown mesh 'envoi'; did you mean 'envoy'?",
        ),
        ("budget: 2h", "budget: 2", "suite.yaml:8: budget: expected a duration with a unit"),
        ("20%", "20", "compare.least.write_outage_ms"),
        ("write_outage_ms: 20%", "outage: 20%", "compare.least.outage: unknown metric 'outage'"),
        ("  - primary-kill", "  - primary-kil", "suite.yaml: primary-kil: no such scenario or file; did you mean"),
        ("load.rate: 50", "seed: 50", "suite.yaml: steady: --set seed=50: every seed is made from the suite's; set it"),
        ("load.rate: 50", "mesh: haproxy", "steady: --set mesh=haproxy: meshes: direct says otherwise; keep one"),
        ("load.rate: 50", "topology: async", "steady: --set topology=async: topologies: group says otherwise"),
        ("load.rate: 50", "load.rat: 50", "steady: --set load.rat=50: load.rat: unknown key"),
        ("  - primary-kill\n", "  - steady\n", "scenarios: steady is there twice; give one of them another name"),
        ("scenarios:", "scenarios: []\nothers:", "others: unknown key"),
    ],
)
def test_a_mistake_is_a_line_with_file_key_and_what_is_allowed(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SUITE
    with pytest.raises(ConfigurationError) as error:
        plan_of(tmp_path, SUITE.replace(old, new))
    assert told in str(error.value)


def test_a_budget_of_the_command_line_counts_instead_of_the_file_s(tmp_path: Path) -> None:
    file = written(tmp_path, SUITE)
    assert read_suite(file, budget="90s").budget == 90.0
    for wrong in ("90", "0s", "long"):
        with pytest.raises(ConfigurationError, match="--budget"):
            read_suite(file, budget=wrong)


def test_a_mesh_that_does_not_go_with_a_setting_is_blamed_by_the_key_that_names_it(tmp_path: Path) -> None:
    text = "name: s\nscenarios: [{scenario: steady, set: {mesh.fall: 3}}]\nmeshes: [direct]\n"
    with pytest.raises(ConfigurationError, match=r"suite.yaml: steady: meshes: direct: mesh: fall does not apply to"):
        plan_of(tmp_path, text)


def test_a_name_that_is_empty_is_no_folder() -> None:
    with pytest.raises(ConfigurationError, match=r"^SUITE: is empty; give a file, or one that comes along: nightly"):
        suite_file("")


def test_a_name_that_is_no_suite_says_which_there_are() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'smoke'"):
        suite_file("smok.yaml")


@pytest.mark.parametrize("name", suites())
def test_a_suite_that_comes_along_can_be_run(name: str) -> None:
    file = suite_file(f"{name}.yaml")
    plan = night_plan(read_suite(file), file=file)
    assert plan.suite.name == name
    assert all(cell.run is not None for cell in plan.cells)
    assert plan.suite.budget is not None


def test_two_suites_come_along() -> None:
    assert set(suites()) == {"nightly", "smoke"}
