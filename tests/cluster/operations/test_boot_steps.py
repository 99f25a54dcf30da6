"""Which steps the end of a boot has waited for: told from intervals alone."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from cluster.operations.boot_steps import BootSteps, Step, critical_path


def a_step(what: str, begin_s: float, end_s: float, *, thread: int = 1, pod: str = "node1") -> Step:
    return Step(what=what, pod=pod, thread=thread, begin_s=begin_s, end_s=end_s)


def whats(steps: list[Step]) -> list[str]:
    return [step.what for step in steps]


def test_of_two_pods_the_slower_one_is_what_the_end_has_waited_for() -> None:
    steps = [
        a_step("network", 0.0, 0.1, pod=""),
        a_step("fast", 0.1, 0.5, thread=2),
        a_step("slow", 0.1, 0.9, thread=3, pod="node2"),
        a_step("all agree", 0.9, 1.0, pod=""),
    ]
    assert whats(critical_path(steps)) == ["network", "slow", "all agree"]


def test_what_a_thread_has_just_done_comes_before_what_others_ended_in_between() -> None:
    steps = [
        a_step("mysqld: start", 0.0, 1.0),
        a_step("agent: start", 0.2, 1.004, thread=2),
        a_step("mysqld: takes logins", 1.005, 2.0),
    ]
    assert whats(critical_path(steps)) == ["mysqld: start", "mysqld: takes logins"]


def test_a_thread_that_waited_for_another_goes_on_from_its_end() -> None:
    steps = [
        a_step("node1 leads", 0.0, 3.0),
        a_step("node2 is set up", 0.0, 1.0, thread=2, pod="node2"),
        a_step("node2 joins", 3.0, 4.0, thread=2, pod="node2"),
    ]
    assert whats(critical_path(steps)) == ["node1 leads", "node2 joins"]


def test_a_gap_that_nobody_noted_does_not_end_the_path() -> None:
    steps = [a_step("network", 0.0, 0.1), a_step("first write", 5.0, 5.1)]
    assert whats(critical_path(steps)) == ["network", "first write"]


def test_without_a_step_there_is_no_path() -> None:
    assert critical_path([]) == []


def test_steps_of_the_path_never_overlap_and_end_with_the_last() -> None:
    chance = random.Random(7)
    for _ in range(50):
        steps = []
        for number in range(30):
            begin_s = chance.uniform(0, 10)
            steps.append(a_step(str(number), begin_s, begin_s + chance.uniform(0, 2), thread=number % 4))
        path = critical_path(steps)
        assert path[-1] == max(steps, key=lambda step: step.end_s)
        assert all(one.end_s <= after.begin_s for one, after in pairwise(path))


def test_a_step_is_noted_with_its_pod_and_one_that_fails_is_not() -> None:
    steps = BootSteps()
    with steps.step("network"):
        pass
    with pytest.raises(ValueError, match="no room"), steps.step("pause: start", "node1"):
        raise ValueError("no room")
    with steps.step("pause: start", "node2"):
        pass
    assert [(step.what, step.pod) for step in steps.taken] == [("network", ""), ("pause: start", "node2")]
    assert all(step.begin_s <= step.end_s for step in steps.taken)
