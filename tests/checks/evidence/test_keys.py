"""Durability and duplicates of workloads that leave final/keys: lost, resolved, duplicated, failed yet present."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checks.duplicates import duplicates
from checks.durability import durability
from checks.judge import judge
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Tables


@pytest.fixture
def sound(tables: type[Tables]) -> History:
    asked = tables.ops(
        ("a", "new-order", "ok", {}),
        ("b", "payment", "ok", {}),
        ("there", "payment", "unknown", {}),
        ("gone", "delivery", "unknown", {}),
        ("refused", "new-order", "fail", {}),
        ("r1", "order-status", "ok", {}),
        ("r2", "stock-level", "ok", {}),
        ("r3", "balance", "ok", {}),
        ("r4", "read", "ok", {}),
    )
    return History(ops=asked, final={"keys": tables.frame("key", ("a",), ("b",), ("there",))}, nodes=tables.nodes())


def test_every_acknowledged_write_is_there_and_reads_leave_no_key(tables: type[Tables], sound: History) -> None:
    measured = durability(sound).measured
    assert durability(sound).verdict == duplicates(sound).verdict == "pass"
    assert (measured["acked"], measured["unknown_present"], measured["unknown_absent"]) == (2, 1, 1)
    assert measured["lost_amount"] is None


def test_an_acknowledged_key_missing_on_one_pod_is_lost(tables: type[Tables], sound: History) -> None:
    verdict = durability(tables.less(sound, "keys", key="b"))
    assert (verdict.verdict, verdict.measured["lost"]) == ("fail", 1)
    assert (verdict.witness[0]["key"], verdict.witness[0]["f"], verdict.witness[0]["missing"]) == (
        "b",
        "payment",
        ["node2"],
    )


@pytest.mark.parametrize(
    ("key", "found"), [("a", "duplicated"), ("refused", "failed_present"), ("stranger", "unrequested")]
)
def test_what_must_not_be_there(tables: type[Tables], sound: History, key: str, found: str) -> None:
    verdict = duplicates(tables.more(sound, "keys", key=key))
    assert (verdict.verdict, verdict.measured[found]) == ("fail", 1)


def test_a_second_attempt_may_find_something_else(tables: type[Tables], sound: History) -> None:
    again = tables.ops(("a", "new-order", "ok", {"total": 1}), ("a", "new-order", "ok", {"total": 2}))
    again["attempt"] = [1, 2]
    assert duplicates(replace(sound, ops=again, final={"keys": tables.frame("key", ("a",))})).verdict == "pass"


def test_missing_evidence_is_unknown(tables: type[Tables], sound: History) -> None:
    cut = tables.with_table(sound, "keys", sound.final["keys"][["node"]])
    assert durability(cut).measured["reason"] == "final/keys.parquet has no column 'key'"
    assert duplicates(cut).verdict == "unknown"


def test_a_run_lists_its_own_workload_s_checks_only(tables: type[Tables], sound: History) -> None:
    manifest = {"scenario": {"workload": {"name": "tpcc"}}}
    listed = {check.name: check.verdict for check in judge(replace(sound, manifest=manifest)).checks}
    assert listed.pop("tpcc") == "unknown"
    assert not set(listed) & {"conservation", "torn", "tpcb", "smallbank", "append", "staleness"}
    required = judge(replace(sound, manifest={**manifest, "gates": {"require": ["torn"]}}))
    assert "torn" in [check.name for check in required.checks]
