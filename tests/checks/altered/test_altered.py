"""No altered folder talks the judge into a pass, into a false alarm, or into a traceback.

A spread of them is judged here; ``python -m tests.checks.altered`` judges all.
"""

from __future__ import annotations

import os

import pytest

from tests.checks.altered.bases import TOPOLOGIES, WORKLOADS, base
from tests.checks.altered.cases import LOST, PASS, SAME, UNREADABLE, Case
from tests.checks.altered.kinds import cases, spread
from tests.checks.altered.run import judged

ALL = cases()
#: How many, every fourth of them in the fast tests; MESHBENCH_ALTERED says another number, or "all".
CHOSEN = os.environ.get("MESHBENCH_ALTERED", "48")
SPREAD = spread(ALL, most=len(ALL) if CHOSEN == "all" else int(CHOSEN))


@pytest.mark.parametrize(
    "workload",
    [workload if workload == "transfer" else pytest.param(workload, marks=pytest.mark.slow) for workload in WORKLOADS],
)
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_sound_folder_passes(workload: str, topology: str) -> None:
    sound = Case(
        kind="sound", place="", workload=workload, topology=topology, alter=lambda _: None, allowed=SAME, files=()
    )
    result = judged(sound)
    assert (result.said, result.wrong) == (PASS, ()), result.output


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[] if place % 4 == 0 else [pytest.mark.slow]) for place, case in enumerate(SPREAD)],
    ids=lambda case: case.name,
)
def test_an_altered_folder_gets_what_is_right(case: Case) -> None:
    result = judged(case)
    assert not result.wrong, result.told()


def test_there_are_enough_and_none_is_there_twice() -> None:
    names = [case.name for case in ALL]
    assert len(names) == len(set(names))
    assert len(names) >= 2000


@pytest.mark.slow
def test_a_sound_folder_is_not_altered_by_its_copies() -> None:
    before = base("transfer", "group").written("manifest.json")
    for case in ALL[:50]:
        case.folder()
    assert base("transfer", "group").written("manifest.json") == before


def test_a_pass_that_is_not_right_is_told() -> None:
    untouched = Case(
        kind="lost", place="", workload="transfer", topology="single", alter=lambda _: None, allowed=LOST, files=()
    )
    assert judged(untouched).wrong == ("false pass",)


def test_a_refusal_has_to_name_the_file() -> None:
    cut = Case(
        kind="cut",
        place="",
        workload="transfer",
        topology="single",
        alter=lambda folder: folder.raw.update({"manifest.json": b"{"}),
        allowed=UNREADABLE,
        files=("final/nodes.json",),
    )
    assert judged(cut).wrong == ("file not named",)
