"""A plan is what it was when it was frozen, or it is refused."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from history.json_files import HistoryError
from reports.certificate.plan import Plan, comparable, differences, earlier_attempts_of, plan_of
from tests.reports.certificate.made import NEVER_LOST, OUTAGE, cell, claim, looks, plan


def written(of: Plan) -> Any:
    return json.loads(json.dumps(of.as_json(frozen_at="2026-11-28T01:00:00+00:00", earlier_attempts=0)))


def test_earlier_attempts_are_a_number_or_not_told() -> None:
    assert earlier_attempts_of(written(plan()), place="plan.json") == 0
    assert earlier_attempts_of({}, place="plan.json") is None
    with pytest.raises(HistoryError, match=r"plan\.json: 'earlier_attempts' must be a whole number from 0 up, not -1"):
        earlier_attempts_of({"earlier_attempts": -1}, place="plan.json")


def test_a_plan_reads_back_as_itself() -> None:
    frozen = plan(OUTAGE, NEVER_LOST, commit="abc", dirty=True)
    assert plan_of(written(frozen), place="plan.json") == frozen
    assert written(frozen)["digest"] == frozen.digest


@pytest.mark.parametrize(
    "path",
    [
        ("claims", 0, "limit"),
        ("claims", 0, "share"),
        ("claims", 0, "text"),
        ("looks", 1, "failures"),
        ("cells", 0, "resolved", "name"),
        ("voids_at_most",),
        ("seed",),
        ("name",),
        ("digest",),
    ],
)
def test_an_edited_plan_is_refused_whatever_was_edited(path: tuple[Any, ...]) -> None:
    content = written(plan())
    place = content
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = 0.5 if path[-1] == "share" else 9 if isinstance(place[path[-1]], int | float) else "another"
    with pytest.raises(HistoryError, match=r"plan\.json: it was changed after it was frozen"):
        plan_of(content, place="plan.json")


def test_what_was_added_to_a_plan_is_an_edit_too() -> None:
    content = written(plan())
    content["claims"][0]["note"] = "trust me"
    with pytest.raises(HistoryError, match="changed after it was frozen"):
        plan_of(content, place="plan.json")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": "x"}, "'schema' must be 'meshbench/certificate-plan/1'"),
        ({"looks": 3}, "'looks' must be a list, not 3"),
        ({"claims": []}, "it claims nothing"),
        ({"seed": "7"}, "'seed' must be a whole number"),
        ({"cells": None}, "'cells' must be"),
    ],
)
def test_what_is_no_plan_is_told_in_one_line(change: dict[str, Any], says: str) -> None:
    with pytest.raises(HistoryError) as refused:
        plan_of(written(plan()) | change, place="plan.json")
    assert str(refused.value).startswith("plan.json: ")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_system_has_the_same_chance_in_every_trial() -> None:
    cells = tuple(cell(name) for name in "abcd")
    drawn = [plan(cells=cells).cell_of(number).name for number in range(1, 4001)]
    assert all(900 < times < 1100 for times in Counter(drawn).values())
    pairs = Counter(pairwise(drawn))
    assert len(pairs) == 16
    assert all(180 < times < 320 for times in pairs.values()), "whatever came before"


def test_the_seed_of_a_plan_decides_which_system_each_trial_has() -> None:
    cells = tuple(cell(name) for name in "abcd")
    orders = [[plan(cells=cells, seed=seed).cell_of(number).name for number in range(1, 30)] for seed in (7, 7, 8)]
    assert orders[0] == orders[1] != orders[2]


def test_seeds_count_up_from_the_plan_s() -> None:
    assert [plan(seed=40).seed_of(number) for number in (1, 2, 3)] == [40, 41, 42]


def test_a_claim_of_never_is_judged_without_any_failure_allowed() -> None:
    made = plan(OUTAGE, NEVER_LOST)
    assert made.looks_for(OUTAGE) == looks((72, 0), (98, 1))
    assert made.looks_for(NEVER_LOST) == looks((72, 0), (98, 0))


def test_plans_are_told_apart_by_what_differs() -> None:
    other = plan(claim(limit=40_000.0), seed=8)
    assert list(differences(plan(), other)) == ["claims", "seed"]


def test_a_run_is_compared_without_its_seed_and_by_its_composition() -> None:
    manifest = {"scenario": {"name": "mix", "seed": 7, "faults": [{"fault": "kill", "at": "5.1s"}]}}
    assert comparable(manifest) == {"name": "mix", "faults": [{"fault": "kill", "at": "5.1s"}]}
    composed = manifest | {"composed": [{"random": {"of": ["kill", "pause"]}}]}
    assert comparable(composed)["faults"] == [{"random": {"of": ["kill", "pause"]}}]
