"""Durability: golden, one that must fail for each way to lose, and unknown for each missing evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from checks.durability import durability
from checks.verdict import WITNESS_LIMIT
from history.history import History
from history.json_files import HistoryError

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Edit = Callable[..., History]


def test_everything_acknowledged_is_there(busy: Run) -> None:
    verdict = durability(busy.history())
    assert verdict.verdict == "pass"
    assert verdict.measured == {
        "acked": 5,
        "lost": 0,
        "lost_amount": 0,
        "altered": 0,
        "unknown_present": 0,
        "unknown_absent": 1,
        "gtids_missing": 0,
        "nodes": ["node1", "node2", "node3"],
        "missing_on": {},
    }


def test_one_key_missing_on_one_node_is_lost(busy: Run, without: Edit, ns: Callable[[float], int]) -> None:
    verdict = durability(without(busy.history(), "transfers", node="node2", id="key-3"))
    assert verdict.verdict == "fail"
    assert verdict.measured["missing_on"] == {"node2": 1}
    assert (verdict.measured["lost"], verdict.measured["lost_amount"]) == (1, 13)
    assert verdict.witness == [
        {"key": "key-3", "amount": 13, "server": "node1", "end_ns": ns(35), "missing": ["node2"], "altered": []}
    ]


def test_the_gate_allows_a_number_of_lost_transfers(busy: Run, without: Edit) -> None:
    history = without(busy.history(), "transfers", id="key-3")
    assert durability(replace(history, manifest={"gates": {"lost": 1}})).verdict == "pass"
    assert durability(replace(history, manifest={"gates": {"lost": 0}})).verdict == "fail"


@pytest.mark.parametrize("column", ["src", "dst", "amount"])
def test_a_stored_transfer_that_differs_from_the_acknowledged_one_fails(busy: Run, changed: Edit, column: str) -> None:
    verdict = durability(changed(busy.history(), "transfers", {column: 7}, node="node3", id="key-0"))
    assert verdict.verdict == "fail"
    assert (verdict.measured["lost"], verdict.measured["altered"]) == (0, 1)
    (found,) = verdict.witness[0]["altered"]
    assert (found["node"], found[column]) == ("node3", 7)


def test_an_unknown_that_is_there_is_resolved_and_right(busy: Run) -> None:
    busy.transfer("late", outcome="unknown")
    history = busy.history()
    row = pd.DataFrame([{"node": "node1", "id": "late", "src": 1, "dst": 2, "amount": 10}])
    transfers = pd.concat([history.final["transfers"], row], ignore_index=True)
    verdict = durability(replace(history, final={**history.final, "transfers": transfers}))
    assert verdict.verdict == "pass"
    assert (verdict.measured["unknown_present"], verdict.measured["unknown_absent"]) == (1, 1)


@pytest.mark.parametrize("values", [{"amount": 100}, {"src": 2, "dst": 1}, {"dst": 3}, {"amount": None}, {"src": None}])
def test_a_row_of_unknown_outcome_that_nobody_asked_for_is_altered(busy: Run, values: dict[str, Any]) -> None:
    """On all pods alike, with the books fitted to it."""
    busy.transfer("late", outcome="unknown")
    history = busy.history()
    rows = [{"node": node, "id": "late", "src": 1, "dst": 2, "amount": 10} for node in busy.nodes]
    sound, spoilt = (
        pd.concat([history.final["transfers"], pd.DataFrame([row | more for row in rows])], ignore_index=True)
        for more in ({}, values)
    )
    assert durability(replace(history, final={**history.final, "transfers": sound})).verdict == "pass"
    verdict = durability(replace(history, final={**history.final, "transfers": spoilt}))
    assert (verdict.verdict, verdict.measured["altered"]) == ("fail", 1)
    assert (verdict.witness[0]["outcome"], len(verdict.witness[0]["altered"])) == ("unknown", 3)


def test_a_key_that_was_tried_twice_may_hold_what_either_attempt_asked_for(busy: Run) -> None:
    busy.transfer("late", outcome="unknown", amount=10)
    busy.transfer("late", outcome="unknown", amount=20, attempt=2)
    history = busy.history()
    for amount, verdict in ((10, "pass"), (20, "pass"), (30, "fail")):
        row = pd.DataFrame([{"node": "node1", "id": "late", "src": 1, "dst": 2, "amount": amount}])
        transfers = pd.concat([history.final["transfers"], row], ignore_index=True)
        assert durability(replace(history, final={**history.final, "transfers": transfers})).verdict == verdict


@pytest.mark.parametrize(("told", "stored"), [(2**53, 2**53 + 1), (2**63 - 1, 2**63 - 2), (-(2**63), 2**63 - 1)])
def test_amounts_compare_to_the_last_digit(run: Run, told: int, stored: int) -> None:
    run.transfer("big", amount=told)
    history = run.history()
    transfers = history.final["transfers"]
    assert durability(history).verdict == "pass"
    other = transfers.assign(amount=[stored, told, told])
    assert durability(replace(history, final={"transfers": other})).measured["altered"] == 1
    objects = transfers.assign(amount=pd.Series([told, told, None], dtype=object))
    assert durability(replace(history, final={"transfers": objects})).measured["altered"] == 1


def test_what_was_lost_is_summed_exactly(run: Run, without: Edit) -> None:
    for number in range(4):
        run.transfer(f"k{number}", amount=2**62 + number)
    verdict = durability(without(run.history(), "transfers", node="node2"))
    assert verdict.measured["lost_amount"] == 4 * 2**62 + 6


def test_a_key_acknowledged_on_its_second_attempt_counts_as_acknowledged(run: Run, without: Edit) -> None:
    run.transfer("retried", outcome="unknown")
    run.transfer("retried", attempt=2)
    history = run.history()
    verdict = durability(history)
    assert (verdict.verdict, verdict.measured["acked"], verdict.measured["unknown_present"]) == ("pass", 1, 0)
    assert durability(without(history, "transfers", node="node1")).verdict == "fail"


def test_an_online_node_without_rows_holds_nothing(busy: Run, without: Edit) -> None:
    verdict = durability(without(busy.history(), "transfers", node="node3"))
    assert (verdict.verdict, verdict.measured["lost"]) == ("fail", 5)


def test_a_node_out_of_service_may_lag(busy: Run, without: Edit) -> None:
    history = without(busy.history(), "transfers", node="node3")
    assert history.nodes is not None
    nodes: dict[str, Any] = {**history.nodes, "node3": {"state": "RECOVERING"}}
    assert durability(replace(history, nodes=nodes)).verdict == "pass"


def test_an_empty_table_has_lost_everything_even_without_nodes(busy: Run) -> None:
    history = busy.history()
    empty = {name: frame[:0] for name, frame in history.final.items()}
    verdict = durability(replace(history, final=empty, nodes=None))
    assert (verdict.verdict, verdict.measured["lost"]) == ("fail", 5)


def test_ids_compare_by_what_they_read(run: Run) -> None:
    run.transfer("17", src="1", dst=2)
    history = run.history()
    transfers = history.final["transfers"].astype({"id": "int64", "src": "float64", "dst": "category"})
    assert durability(replace(history, final={"transfers": transfers})).verdict == "pass"


def test_more_losses_than_a_report_can_show_are_all_counted(run: Run, without: Edit) -> None:
    run.traffic(0, 1000)
    verdict = durability(without(run.history(), "transfers", node="node2"))
    assert (verdict.measured["lost"], len(verdict.witness)) == (50, WITNESS_LIMIT)


def test_missing_evidence_is_unknown(busy: Run, run: Run) -> None:
    history = busy.history()
    transfers = history.final["transfers"]
    for final in ({}, {"transfers": transfers.drop(columns="amount")}):
        assert durability(replace(history, final=final)).verdict == "unknown"
    assert durability(replace(history, ops=history.ops[:0])).verdict == "unknown"
    offline: Any = {node: {"state": "OFFLINE"} for node in run.nodes}
    assert "no node in service" in durability(replace(history, nodes=offline)).measured["reason"]


@pytest.mark.parametrize("value", ["not json", "[]", "null", '{"src": 1, "dst": 2}', '{"src":1,"dst":2,"amount":NaN}'])
def test_acknowledged_values_that_cannot_be_read_leave_it_unknown(busy: Run, value: str) -> None:
    history = busy.history()
    ops = history.ops.copy()
    ops.loc[0, "value"] = value
    verdict = durability(replace(history, ops=ops))
    assert verdict.verdict == "unknown"
    assert verdict.measured["reason"].startswith("1 acknowledged")


def test_a_gate_that_is_no_number_is_refused(busy: Run) -> None:
    with pytest.raises(HistoryError, match="gate 'lost' must be a number"):
        durability(busy.history(manifest={"gates": {"lost": "none"}}))


def test_what_a_retry_found_done_must_be_there_too(run: Run, without: Edit) -> None:
    """Resolved by ER_DUP_ENTRY to acknowledged: from then on its loss is a loss."""
    run.transfer("plain")
    run.transfer("resolved", outcome="unknown", errno=2013)
    run.transfer("resolved", attempt=2, errno=1062)
    history = run.history()
    assert (durability(history).verdict, durability(history).measured["acked"]) == ("pass", 2)
    verdict = durability(without(history, "transfers", id="resolved"))
    assert (verdict.verdict, verdict.measured["lost"]) == ("fail", 1)


def test_a_refusal_after_an_unknown_attempt_resolves_nothing(busy: Run) -> None:
    busy.transfer("doubt", outcome="unknown", errno=2013)
    busy.transfer("doubt", outcome="fail", error="insufficient-funds", attempt=2)
    verdict = durability(busy.history())
    assert (verdict.verdict, verdict.measured["unknown_absent"]) == ("pass", 2)
