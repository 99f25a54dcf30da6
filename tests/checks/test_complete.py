"""Operations that the generator counted and that are gone from the record leave no verdict but void."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.complete import incomplete
from checks.judge import judge
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run

#: Of the fixture ``busy``: five transfers and a read acknowledged, one refused, one of unknown outcome.
COUNTED = {"offered": 8, "ok": 6, "fail": 1, "unknown": 1, "rows": {"load1": 8}, "complete": True}


def counted(run: Run, **changes: Any) -> History:
    return run.history(manifest={"load": {**COUNTED, **changes}})


def test_a_whole_record_is_complete(busy: Run) -> None:
    assert incomplete(counted(busy)) == []
    assert incomplete(busy.history()) == []
    assert incomplete(counted(busy, retries=None, in_flight=None)) == []
    assert judge(counted(busy)).verdict == "pass"


def test_acknowledged_operations_that_are_gone_with_their_rows_are_void(busy: Run) -> None:
    history = counted(busy)
    gone = {"key-3", "key-4"}
    final = {
        name: frame[~frame[column].isin(gone)]
        for name, frame in history.final.items()
        for column in [{"transfers": "id", "entries": "transfer"}.get(name, "node")]
    }
    money = history.final["accounts"].copy()
    for account, amount in ((4, 13), (5, 1), (6, -14)):  # as if the two transfers had never been
        money.loc[money["id"] == account, "balance"] += amount
    cut = replace(history, ops=history.ops[~history.ops["key"].isin(gone)], final={**final, "accounts": money})
    judgement = judge(cut)
    assert judgement.failed == []
    assert judgement.verdict == "void"
    assert judgement.void_reasons == [
        "the record is cut: the generator counted 8 operations offered, 6 acknowledged, and ops/ holds 6, 4",
        "the record is not whole: the run wrote 8 rows into ops/, and there are 6",
    ]


@pytest.mark.parametrize("counts", [{"offered": 7}, {"ok": 5}, {"unknown": 2}, {"rows": {"load1": 4, "load2": 5}}])
def test_any_count_that_does_not_agree_is_void(busy: Run, counts: dict[str, Any]) -> None:
    assert len(incomplete(counted(busy, **counts))) == 1


def test_attempts_are_rows_and_an_operation_counts_once(run: Run) -> None:
    run.transfer("again", outcome="fail", error="lock wait", at_ms=0)
    run.transfer("again", attempt=2, at_ms=10)
    run.transfer("doubtful", outcome="unknown", at_ms=20)
    run.transfer("doubtful", outcome="fail", attempt=2, at_ms=30)
    load = {"offered": 2, "ok": 1, "fail": 0, "unknown": 1, "retries": 2, "rows": {"load1": 4}}
    assert incomplete(run.history(manifest={"load": load})) == []
    less = run.history(ops=run.history().ops.iloc[[1, 3]], manifest={"load": {**load, "rows": None}})
    assert "1 of unknown outcome" in incomplete(less)[0]


def test_a_worker_that_died_has_not_counted_to_the_end_and_is_void_for_that(busy: Run) -> None:
    history = counted(busy, complete=False, offered=5, dead=["load1"])
    assert incomplete(history) == []
    assert judge(history).void_reasons == ["load pod load1 exited early, so its record is incomplete"]
