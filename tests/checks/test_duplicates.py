"""Duplicates: golden, each of the six ways to break at-most-once, and a load pod that lost its last ops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from checks.duplicates import duplicates
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run


def with_row(history: History, **cells: Any) -> History:
    row = {"node": "node1", "id": "?", "src": 1, "dst": 2, "amount": 10} | cells
    transfers = pd.concat([history.final["transfers"], pd.DataFrame([row])], ignore_index=True)
    return replace(history, final={**history.final, "transfers": transfers})


def test_once_each_passes(busy: Run) -> None:
    verdict = duplicates(busy.history())
    assert verdict.verdict == "pass"
    assert verdict.measured == {
        "stored": 5,
        "duplicated": 0,
        "failed_present": 0,
        "unrequested": 0,
        "unrecorded": 0,
        "conflicting": 0,
        "acked_again": 0,
        "one_gtid": 0,
    }


def test_a_key_stored_twice_on_one_node_fails_unless_the_gate_allows_it(busy: Run) -> None:
    history = with_row(busy.history(), node="node2", id="key-1")
    verdict = duplicates(history)
    assert (verdict.verdict, verdict.measured["duplicated"]) == ("fail", 1)
    assert verdict.witness == [{"key": "key-1", "what": "stored twice", "nodes": ["node1", "node2", "node3"]}]
    assert duplicates(replace(history, manifest={"gates": {"duplicated": 1}})).verdict == "pass"


def test_failed_yet_present_fails(busy: Run) -> None:
    verdict = duplicates(with_row(busy.history(), id="refused"))
    assert (verdict.verdict, verdict.measured["failed_present"]) == ("fail", 1)
    assert verdict.witness == [{"key": "refused", "what": "failed yet present", "nodes": ["node1"]}]


def test_a_failed_attempt_beside_an_unknown_one_may_be_present(busy: Run) -> None:
    busy.transfer("vanished", outcome="fail", attempt=2)
    assert duplicates(with_row(busy.history(), id="vanished")).verdict == "pass"


def test_a_key_nobody_requested_fails_unless_ops_were_lost(busy: Run) -> None:
    history = with_row(busy.history(), id="stranger")
    verdict = duplicates(history)
    assert (verdict.verdict, verdict.measured["unrequested"]) == ("fail", 1)
    killed = duplicates(replace(history, manifest={"load": {"complete": False}}))
    assert (killed.verdict, killed.measured["unrequested"], killed.measured["unrecorded"]) == ("pass", 0, 1)


def test_one_key_acknowledged_for_two_transfers_fails(busy: Run) -> None:
    busy.transfer("key-0", src=1, dst=2, amount=77, attempt=2)
    verdict = duplicates(busy.history())
    assert (verdict.verdict, verdict.measured["conflicting"]) == ("fail", 1)


def test_the_same_transfer_acknowledged_again_is_no_conflict(busy: Run) -> None:
    busy.op("key-0", "transfer", '{"amount":10, "dst":2, "src":1}', at_ms=200, attempt=2)
    assert duplicates(busy.history()).verdict == "pass"


def test_one_attempt_acknowledged_twice_fails(busy: Run) -> None:
    busy.op("key-0", "transfer", '{"amount":10, "dst":2, "src":1}', at_ms=200)
    verdict = duplicates(busy.history())
    assert (verdict.verdict, verdict.measured["acked_again"]) == ("fail", 1)
    assert verdict.witness[0]["what"] == "one attempt acknowledged twice"


def test_missing_evidence_is_unknown(busy: Run, without: Callable[..., History]) -> None:
    history = busy.history()
    assert duplicates(replace(history, final={})).verdict == "unknown"
    assert duplicates(replace(history, ops=history.ops[:0])).verdict == "unknown"
    assert duplicates(without(history, "transfers", node="node1")).verdict == "pass"


def test_an_unknown_attempt_that_a_second_one_found_done_passes(busy: Run) -> None:
    """Policy ``retry: idempotent``: the same key again, answered with ER_DUP_ENTRY."""
    busy.transfer("twice", outcome="unknown", errno=2013)
    busy.transfer("twice", attempt=2, errno=1062)
    verdict = duplicates(busy.history())
    assert (verdict.verdict, verdict.measured["acked_again"], verdict.measured["conflicting"]) == ("pass", 0, 0)


def test_a_failed_attempt_and_its_safe_retry_pass(busy: Run) -> None:
    busy.transfer("again", outcome="fail", errno=1213)
    busy.transfer("again", attempt=2)
    assert duplicates(busy.history()).verdict == "pass"
    assert duplicates(with_row(busy.history(), id="again", node="node2")).measured["duplicated"] == 1


def test_a_safe_retry_that_finds_its_key_there_shows_a_failure_that_was_none(busy: Run) -> None:
    """An attempt that certainly had not happened had: nobody but the unique index held off the second payment."""
    busy.transfer("refuted", outcome="fail", errno=1180)
    busy.transfer("refuted", outcome="fail", errno=1062, attempt=2)
    verdict = duplicates(with_row(busy.history(), id="refuted"))
    assert (verdict.verdict, verdict.measured["failed_present"]) == ("fail", 1)
