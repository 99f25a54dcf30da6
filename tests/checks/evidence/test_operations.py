"""What counts as a read and as a refusal is the workload's to say; a folder that does not say is judged as ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks.availability import availability
from checks.evidence.operations import reads, refused, wanted_writes, writes
from checks.judge import judge
from history.history import History, load_history
from history.json_files import HistoryError
from history.manifest import read_manifest
from history.vocabulary import WorkloadFacts

if TYPE_CHECKING:
    from tests.checks.conftest import Run

OWN = {"scenario": {"workload": {"name": "own.py:Shop"}}}
TOLD = {"workload": {"operations": None, "reads": ["peek"], "refusals": ["sold-out"], "keyed": True}}


@pytest.fixture
def shop(run: Run) -> Run:
    """Two orders acknowledged, one refused, and a peek that nobody answered for a second."""
    run.op("a", "order", {}, at_ms=0)
    run.op("b", "order", {}, at_ms=1500)
    run.op("c", "order", {}, at_ms=1510, outcome="fail", error="sold-out")
    run.op("d", "peek", {}, at_ms=500, took_ms=1000)
    return run


def test_a_user_s_own_words_decide_what_is_read_and_what_is_refused(shop: Run) -> None:
    history = shop.history(manifest=OWN | TOLD)
    told = history.workload
    assert list(reads(history.ops, told)["key"]) == ["d"]
    assert set(writes(history.ops, told)["key"]) == {"a", "b", "c"}
    assert set(wanted_writes(history.ops, told)["key"]) == {"a", "b"}
    measured = availability(history).measured
    assert (measured["read_outage_ms"], measured["success_ratio"]) == (1000.0, 1.0)


def test_without_them_a_peek_is_a_write_and_sold_out_a_failure(shop: Run) -> None:
    history = shop.history(manifest=OWN)
    assert set(writes(history.ops, history.workload)["key"]) == {"a", "b", "c", "d"}
    assert not refused(history.ops, history.workload).any()
    measured = availability(history).measured
    assert (measured["read_outage_ms"], measured["success_ratio"]) == (None, 0.75)


def test_an_old_folder_has_the_words_of_all_workloads_of_its_day() -> None:
    old = read_manifest({"scenario": {"workload": {"name": "transfer"}}}).workload_facts
    assert old == WorkloadFacts(operations=frozenset({"transfer", "read"}))
    assert old.refusals == {"insufficient-funds", "unused-item", "declined"}
    assert WorkloadFacts.read(old.as_json()) == old


def test_a_folder_of_a_workload_that_this_version_does_not_have_is_judged_by_what_it_says(
    busy: Run, written: Callable[[History], Path]
) -> None:
    told = {"workload": {"operations": ["transfer", "read"], "reads": ["read"], "refusals": ["insufficient-funds"]}}
    named = {"scenario": {"workload": {"name": "ledger"}}}
    assert judge(load_history(written(busy.history(manifest=named | told)))).verdict == "pass"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "'scenario.workload.name' must be one of transfer, tpcb"),
        ({"workload": 7}, "'workload' must be an object, not 7"),
        ({"workload": {"reads": "read"}}, "'workload.reads' must be a list of words"),
        ({"workload": {"operations": ["order"]}}, 'f "transfer" is unknown; expected one of order'),
    ],
)
def test_what_says_nothing_of_an_unknown_workload_is_refused(
    busy: Run, written: Callable[[History], Path], told: dict[str, Any], says: str
) -> None:
    with pytest.raises(HistoryError, match=says):
        load_history(written(busy.history(manifest={"scenario": {"workload": {"name": "ledger"}}} | told)))
