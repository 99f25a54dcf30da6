"""Fault and decision lines that contradict each other or the plan make a run void; those that real runs left do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.judge import judge
from history.history import load_history

RECORDED = Path(__file__).parents[1] / "fixtures" / "recorded"
Lines = list[dict[str, Any]]


@pytest.fixture(
    params=[pytest.param("group", marks=pytest.mark.slow), pytest.param("async", marks=pytest.mark.slow), "single"]
)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a folder that a real run left."""
    return Path(shutil.copytree(RECORDED / request.param, tmp_path / "run"))


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """A primary that was killed, and then switched over: two steps, five lines each."""
    return Path(shutil.copytree(RECORDED / "group", tmp_path / "group"))


@pytest.fixture
def cut_off(tmp_path: Path) -> Path:
    """A primary that was cut off from everyone."""
    return Path(shutil.copytree(RECORDED / "async", tmp_path / "async"))


def edit(folder: Path, name: str, change: Callable[[Lines], Lines | None]) -> list[str]:
    """Change the lines of a file; returns why the run is void then."""
    lines = [json.loads(line) for line in (folder / name).read_text().splitlines()]
    changed = change(lines)
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in (lines if changed is None else changed)))
    judgement = judge(load_history(folder))
    assert (judgement.verdict == "pass") == (not judgement.void_reasons)
    return judgement.void_reasons


def of(lines: Lines, *, step: str | None = None, number: int = 0) -> Lines:
    return [line for line in lines if line["id"] == number and step in (None, line["step"])]


def put(step: str | None = None, **changes: Any) -> Callable[[Lines], None]:
    """Set keys of the first fault's lines, or of one of them."""

    def change(lines: Lines) -> None:
        for line in of(lines, step=step):
            line.update(changes)

    return change


def test_what_real_runs_told_contradicts_nothing(folder: Path) -> None:
    assert edit(folder, "faults.jsonl", lambda lines: lines) == []
    assert edit(folder, "decisions.jsonl", lambda lines: lines[::-1]) == [], "lines in any order are the same lines"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put("bitten", pod="node9"), 'pod is ["node1"] on its injected line and ["node9"] on its bitten line'),
        (put("injected", pod="node3"), 'pod is ["node3"] on its injected line and ["node1"] on its bitten line'),
        (put("planned", pod="node2"), 'pod is ["node2"] on its planned line and ["node1"] on its injected line'),
        (put("clean", heal_after_s=1.0), "heal_after_s is 8.0 on its planned line and 1.0 on its clean line"),
        (put("healed", hits=None), "hits is "),
        (put("injected", kind=None), 'kind is "fault" on its planned line and null on its injected line'),
        (put("injected", ok=False), "ok is false on its injected line and true on its bitten line"),
        (put("healed", at_ns=None), "does not say when it was healed"),
    ],
)
def test_lines_of_one_fault_that_contradict_each_other_are_void(
    group: Path, change: Callable[[Lines], None], told: str
) -> None:
    assert any(told in reason for reason in edit(group, "faults.jsonl", change))


@pytest.mark.parametrize("step", ["planned", "healed", "clean"])
def test_a_story_without_one_of_its_steps_is_void(folder: Path, step: str) -> None:
    reasons = edit(folder, "faults.jsonl", lambda lines: [line for line in lines if line["step"] != step])
    assert any(f"has no {step} line" in reason for reason in reasons)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put(heal_after_s=1.0), "heal_after 1.0 is on record, and planned was 8.0"),
        (put(for_good=True), 'heal_after "never" is on record, and planned was 8.0'),
        (put(for_good=True), "was for good, and has a healed line"),
        (put(after="promoted"), 'after "promoted" is on record, and planned was null'),
        (put(parameters={"at_s": 1.0}), "at 1.0 is on record, and planned was 5.0"),
        (put(parameters={}), "at null is on record, and planned was 5.0"),
        (put(peer="replicas"), 'peer "replicas" is on record, and planned was null'),
    ],
)
def test_steps_that_are_not_as_the_scenario_planned_them_are_void(
    group: Path, change: Callable[[Lines], None], told: str
) -> None:
    assert any(told in reason for reason in edit(group, "faults.jsonl", change))


def test_a_fault_that_was_healed_too_early_is_void(cut_off: Path) -> None:
    def early(lines: Lines) -> None:
        healed, bitten = (of(lines, step=step)[0] for step in ("healed", "bitten"))
        healed["at_ns"] = bitten["at_ns"] + 1000

    reasons = edit(cut_off, "faults.jsonl", early)
    assert any("while the load went on, and heal_after is 8 s" in reason for reason in reasons)


def test_moments_that_differ_by_less_than_a_millisecond_are_the_same(group: Path) -> None:
    at_s = json.loads((group / "faults.jsonl").read_text().splitlines()[0])["parameters"]["at_s"]
    assert not any(
        "is on record" in reason for reason in edit(group, "faults.jsonl", put(parameters={"at_s": at_s + 1e-9}))
    )


def test_a_third_story_of_two_planned_is_void(group: Path) -> None:
    again = edit(group, "faults.jsonl", lambda lines: [*lines, *({**one, "id": 2} for one in of(lines))])
    assert any(
        "fault 2 (kill on node1) is on record, and fault 0 (kill on node1) had hit node1" in one for one in again
    )


def test_a_step_at_another_time_is_none_of_the_plan(group: Path) -> None:
    def later(line: dict[str, Any]) -> dict[str, Any]:
        return line | {"id": 2, "at_ns": line["at_ns"] + 10**9}

    reasons = edit(group, "faults.jsonl", lambda lines: [*lines, *map(later, of(lines))])
    assert any("no step of the plan was due when it was" in reason for reason in reasons)


def next_in_turn(lines: Lines, **planned: Any) -> Lines:
    """The second step of the plan, a change, on one more node when it was done with the one before."""
    story = of(lines, number=1)
    later_ns = next(line["at_ns"] for line in story if line["step"] == "healed") - min(
        line["at_ns"] for line in story if line["step"] != "planned"
    )
    further = [line | {"id": 2, "pod": "node3", "at_ns": line["at_ns"] + later_ns} for line in story]
    for line in further:
        if line["step"] == "planned":
            line |= {"at_ns": None} | planned
        if line["step"] == "injected":
            line["evidence"] = line["evidence"] | {"due_ns": line["at_ns"]}
    return [*lines, *further]


def test_a_change_goes_on_with_the_next_node_when_it_is_done_with_the_one_before(group: Path) -> None:
    strange = "no step of the plan was due when it was"
    assert not any(strange in reason for reason in edit(group, "faults.jsonl", next_in_turn))


def test_a_change_that_goes_on_before_it_is_done_is_none_of_the_plan(group: Path) -> None:
    def too_early(lines: Lines) -> Lines:
        told = next_in_turn(lines)
        return [line | {"at_ns": line["at_ns"] - 1} if line["id"] == 2 and line["at_ns"] else line for line in told]

    assert any("no step of the plan was due when it was" in one for one in edit(group, "faults.jsonl", too_early))


def test_a_pod_that_peers_no_longer_reached_was_cut_off_from_somebody(cut_off: Path) -> None:
    reasons = edit(cut_off, "faults.jsonl", put(isolates_from=[]))
    assert any("no longer reached from: node2, and isolates_from names nobody" in reason for reason in reasons)


def test_a_moment_that_is_not_the_planned_one_is_void(group: Path) -> None:
    def moved(lines: Lines) -> None:
        of(lines, step="planned")[0]["at_ns"] -= 10**10

    reasons = edit(group, "faults.jsonl", moved)
    assert any("its injected line says that it was due at" in reason for reason in reasons)
    assert any("s into the load, and at is 5 s" in reason for reason in reasons)


def decided(event: str | None = None, epoch: int | None = None, later_ns: int = 0, **changes: Any) -> Any:
    """Change the decisions of that event or epoch, or all."""

    def change(lines: Lines) -> None:
        for line in lines:
            if event in (None, line["event"]) and epoch in (None, line["epoch"]):
                line.update({"at_ns": line["at_ns"] + later_ns} | changes)

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (decided("promoted", pod="node9"), "decided promoted of node9, which is not a pod"),
        (decided(at_ns=0), "decisions.jsonl begins "),
        (decided(epoch=2, later_ns=-(10**10)), "comes after"),
        (decided("started", later_ns=50_000_000), "comes before the control plane was started"),
        (decided("promoted", pod="node3"), "published node2 for writes, and has no decision that it leads"),
        (decided("published", detail={"write": 7}), "must be a list of pods"),
    ],
)
def test_decisions_that_cannot_have_been_made_are_void(
    cut_off: Path, change: Callable[[Lines], None], told: str
) -> None:
    reasons = edit(cut_off, "decisions.jsonl", change)
    assert any(told in reason for reason in reasons), reasons


def test_lines_of_another_tool_may_leave_out_what_they_do_not_know(group: Path) -> None:
    def terse(lines: Lines) -> Lines:
        keys = ("id", "step", "at_ns", "fault", "target", "pod", "ok", "evidence")
        return [{key: one[key] for key in keys if key in one} for one in lines if one["step"] != "planned"]

    assert edit(group, "faults.jsonl", terse) == []
