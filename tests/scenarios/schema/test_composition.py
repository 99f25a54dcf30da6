"""Compositions become plain steps, the same ones from the same seed, and never take more nodes than the topology
survives unless the scenario says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from history.manifest import seconds_in
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario

KILL = "{fault: kill, target: one_replica, heal_after: 15s}"
PAUSE = "{fault: pause, target: one_replica, heal_after: 2s}"


def scenario(folder: Path, *entries: str, topology: str = "group", rest: str = "", seed: int | None = None) -> Scenario:
    file = folder / "mine.yaml"
    lines = "".join(f"  - {entry}\n" for entry in entries)
    file.write_text(
        f"name: mine\ndescription: something\ntopology: {topology}\nmesh: envoy\nworkload: transfer\n"
        f"load: {{rate: 20, duration: 320s}}\n{rest}faults:\n{lines}"
    )
    return read_scenario(str(file), seed=seed)


def moments(asked: Scenario) -> list[tuple[str, float | None]]:
    return [(step.fault.name, step.at_s) for step in asked.timeline()]


def test_a_sequence_begins_each_step_when_the_one_before_is_healed(tmp_path: Path) -> None:
    asked = scenario(tmp_path, f"sequence: {{at: 10s, gap: 25s, steps: [{KILL}, {PAUSE}, {KILL}]}}")
    assert moments(asked) == [("kill", 10), ("pause", 50), ("kill", 77)]


def test_steps_in_parallel_begin_together(tmp_path: Path) -> None:
    asked = scenario(tmp_path, f"parallel: {{at: 10s, steps: [{KILL}, {PAUSE}]}}", topology="{kind: group, pods: 5}")
    assert moments(asked) == [("kill", 10), ("pause", 10)]


def test_a_step_is_repeated(tmp_path: Path) -> None:
    asked = scenario(tmp_path, f"repeat: {{at: 5s, times: 3, every: 20s, step: {PAUSE}}}")
    assert moments(asked) == [("pause", 5), ("pause", 25), ("pause", 45)]


MIX = f"mix: {{at: 10s, until: 300s, gap: 34s, steps: 4, of: [{{weight: 3, {KILL[1:-1]}}}, {PAUSE}]}}"


@pytest.mark.slow
def test_a_mix_is_drawn_from_the_seed_within_its_budget(tmp_path: Path) -> None:
    drawn = [moments(scenario(tmp_path, MIX, seed=seed)) for seed in range(40)]
    assert moments(scenario(tmp_path, MIX, seed=3)) == drawn[3], "the same seed draws the same"
    assert len({str(timeline) for timeline in drawn}) > 30, "another seed draws something else"
    for timeline in drawn:
        assert 1 <= len(timeline) <= 4
        assert all(at_s is not None and 10 <= at_s <= 298 for _, at_s in timeline)
    names = [name for timeline in drawn for name, _ in timeline]
    assert 0.6 < names.count("kill") / len(names) < 0.9, "three kills to one pause"


@pytest.mark.slow
def test_every_day_of_a_mix_is_one_that_the_topology_survives(tmp_path: Path) -> None:
    quick = f"mix: {{at: 8s, until: 110s, gap: 3s, of: [{KILL}, {PAUSE}, {{fault: switchover, target: primary}}]}}"
    for seed in range(60):
        assert scenario(tmp_path, quick, seed=seed).too_much() is None


def test_another_seed_for_a_matrix_draws_the_mix_anew(tmp_path: Path) -> None:
    first = scenario(tmp_path, MIX, seed=1)
    assert moments(first.with_seed(2)) == moments(scenario(tmp_path, MIX, seed=2)) != moments(first)


def test_the_document_has_plain_steps_and_the_composition_is_kept_beside_it(tmp_path: Path) -> None:
    asked = scenario(tmp_path, f"repeat: {{at: 5s, times: 2, every: 20s, step: {PAUSE}}}")
    steps = asked.model_dump(mode="json")["faults"]
    assert [(step["at"], step["fault"], step["heal_after"]) for step in steps] == [
        ("5s", "pause", "2s"), ("25s", "pause", "2s"),
    ]  # fmt: skip
    file = tmp_path / "again.yaml"
    file.write_text(json.dumps(asked.model_dump(mode="json")))
    assert read_scenario(str(file)) == asked, "a run's manifest can be run again"
    (written,) = asked.composed()
    assert written["repeat"]["times"] == 2
    assert scenario(tmp_path, "{at: 5s, " + PAUSE[1:]).composed() == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("repeat: {at: 5s, times: 2, every: 1s, step: " + PAUSE + "}", "8: faults.0.repeat.every: the step lasts 2s"),
        ("repeat: {at: 5s, times: 0, every: 9s, step: " + PAUSE + "}", "8: faults.0.repeat.times: "),
        ("mix: {at: 9s, until: 5s, of: [" + PAUSE + "]}", "8: faults.0.mix.until: must come after at (9s)"),
        ("mix: {at: 1s, until: 2s, of: [" + PAUSE + "]}", "8: faults.0.mix.of.0.heal_after: is longer than the mix"),
        ("mix: {at: 1s, until: 9s, of: [{fault: kill, target: primary}]}", "8: faults.0.mix.of.0.heal_after: a step"),
        ("parallel: {at: 1s, steps: [{at: 2s, fault: kill, target: primary}]}", "8: faults.0.parallel.steps.0.at: the"),
        ("parallel: {at: 1s, steps: []}", "8: faults.0.parallel.steps: "),
        ("parallel: {at: 1s, steps: [{fault: kil, target: primary}]}", "8: faults.0.parallel.steps.0.fault: "),
        ("parallel: {at: 1s, steps: [{fault: kill, target: new_replica}]}", "8: faults.0.parallel.steps.0.target: "),
        (
            "repeat: {at: 5s, times: 2, every: 9s, step: {fault: kill, target: primary}}",
            "8: faults.0.repeat.step.heal_a",
        ),
        (
            "sequence: {at: 5s, steps: [{fault: kill, target: primary}, " + PAUSE + "]}",
            "8: faults.0.sequence.steps.0.h",
        ),
        ("sequence: {at: 5s, steps: [{parallel: {}}]}", "8: faults.0.sequence.steps.0.parallel: compositions cannot"),
        ("sequnce: {at: 5s}", "8: faults.0.sequnce: unknown key; did you mean 'sequence'?"),
        ("{repeat: 3, fault: kill}", "8: faults.0.fault: unknown key beside repeat; allowed here: one of sequence"),
        ("mix: {at: 1s, until: 9s, of: [{weight: .inf, " + PAUSE[1:] + "]}", "8: faults.0.mix.of.0.weight: "),
        ("{mix: null, repeat: null}", "8: faults.0: expected one of sequence, parallel, repeat, mix"),
        ("repeat: {at: 290s, times: 3, every: 20s, step: " + PAUSE + "}", "8: faults.0.repeat: its step at 330s plus"),
    ],
)
def test_mistakes_are_told_where_they_stand(tmp_path: Path, entry: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        scenario(tmp_path, entry)
    assert str(caught.value).replace(str(tmp_path / "mine.yaml:"), "").startswith(said)


def test_a_composition_that_no_topology_survives_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    two = f"parallel: {{at: 10s, steps: [{KILL}, {PAUSE}]}}"
    with pytest.raises(ConfigurationError, match=r"faults\.0\.parallel\.steps\.1: up to 2 of 3 nodes would be gone"):
        scenario(tmp_path, two)
    assert scenario(tmp_path, two, rest="survivable: false\n").too_much()
    assert scenario(tmp_path, two, topology="async").too_much() is None, "a primary that lives goes on alone"


def test_plain_steps_beyond_it_are_refused_where_the_scenario_asks_for_that(tmp_path: Path) -> None:
    steps = ["{at: 10s, fault: kill, target: majority}"]
    assert scenario(tmp_path, *steps).too_much()
    with pytest.raises(ConfigurationError, match="up to 2 of 3 nodes would be gone at the same time"):
        scenario(tmp_path, *steps, rest="survivable: true\n")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            ["{after: {event: promoted, delay: 1h}, fault: kill, target: primary}"],
            "faults.0.after.delay: 3600s after its",
        ),
        (["{at: 5s, fault: scale-in, target: one_replica}"] * 3, "faults.0.fault: 3 steps remove a node, and topology"),
        (["{at: 5s, fault: scale-in, target: one_replica, heal_after: never}"], "faults.0.heal_after: never does not"),
    ],
)
def test_steps_that_can_never_be_done_are_refused_before_anything_starts(
    tmp_path: Path, entries: list[str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        scenario(tmp_path, *entries)


def test_a_partition_takes_somebody_to_be_cut_off_from(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"faults\.0\.fault: topology single has 1 node"):
        scenario(tmp_path, "{at: 5s, fault: partition, target: primary}", topology="single")
    scenario(tmp_path, "{at: 5s, fault: partition, target: primary, only: clients}", topology="single")


def test_the_timeline_that_the_guide_shows_is_accepted(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text()
    shown = guide.partition("## Steps that belong together")[2].partition("```yaml\n")[2].partition("```")[0]
    file = tmp_path / "guide.yaml"
    file.write_text(
        f"name: mine\ndescription: something\ntopology: group\nmesh: envoy\nworkload: transfer\n"
        f"load: {{rate: 20, duration: 400s}}\n{shown}"
    )
    assert len(read_scenario(str(file)).timeline()) > 7


def test_moments_are_written_as_they_are_meant(tmp_path: Path) -> None:
    asked = scenario(tmp_path, MIX, seed=5)
    document = asked.model_dump(mode="json")
    assert [seconds_in(step["at"]) for step in document["faults"]] == [step.at_s for step in asked.timeline()]


def test_what_its_author_may_not_have_meant_is_said_and_runs(tmp_path: Path) -> None:
    waits = scenario(tmp_path, "{after: promoted, fault: kill, target: primary}")
    assert ["every step waits" in line for line in waits.notices()] == [True]
    beyond = scenario(tmp_path, "{at: 5s, fault: kill, target: majority}")
    assert ["up to 2 of 3 nodes would be gone" in line for line in beyond.notices()] == [True]
    assert list(scenario(tmp_path, "{at: 5s, fault: kill, target: primary, heal_after: 5s}").notices()) == []
