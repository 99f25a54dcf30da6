"""A quarantined pod: not in service, not compared, never a reason to call lost money found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.conservation import conservation
from checks.convergence import convergence
from checks.duplicates import duplicates
from checks.durability import durability
from checks.judge import judge
from checks.torn import torn
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Edit = Callable[..., History]
ERRANT = "3e11fa47-71ca-11e1-9e33-c80aa9429562:100-102"


def quarantine(history: History, node: str = "node3", **changes: Any) -> History:
    nodes = dict[str, Any](history.nodes or {})
    return replace(history, nodes={**nodes, node: nodes[node] | {"state": "QUARANTINED", "role": "replica"} | changes})


def test_what_it_holds_is_compared_with_nothing_and_listed(busy: Run, changed: Edit) -> None:
    busy.decide(50, "quarantined", "node3", errant=ERRANT, count=3)
    history = changed(busy.history(), "accounts", {"balance": 1}, node="node3", id=1)
    history = quarantine(history, gtid_executed="else", checksums={}, role="primary")
    verdict = convergence(history)
    assert (verdict.verdict, verdict.measured["quarantined"]) == ("pass", {"node3": ERRANT})
    assert judge(history).verdict == "pass"


def test_no_decision_explains_it(busy: Run) -> None:
    assert [row["what"] for row in convergence(quarantine(busy.history())).witness] == ["quarantined"]
    busy.decide(50, "quarantined", "node3", errant=ERRANT, count=3)
    busy.decide(60, "rejoined", "node3")
    assert convergence(quarantine(busy.history())).verdict == "fail"


def test_when_all_are_in_quarantine_nothing_serves(busy: Run) -> None:
    history = busy.history()
    for node in history.nodes or {}:
        busy.decide(50, "quarantined", node)
        history = quarantine(history, node)
    history = replace(history, decisions=tuple(busy.decisions))
    assert convergence(history).witness == [{"what": "pods in service", "expected": "at least one", "found": []}]
    assert durability(history).verdict == "unknown"


def test_an_acknowledged_transfer_that_only_it_holds_is_lost(busy: Run, without: Edit) -> None:
    history = without(busy.history(), "transfers", node="node1", id="key-3")
    history = quarantine(without(history, "transfers", node="node2", id="key-3"))
    verdict = durability(history)
    assert (verdict.verdict, verdict.measured["lost"], verdict.measured["lost_amount"]) == ("fail", 1, 13)
    assert verdict.witness[0]["missing"] == ["node1", "node2"]
    assert verdict.witness[0]["held_in_quarantine"] == ["node3"]


def test_an_unknown_one_that_only_it_holds_did_not_take_effect(busy: Run) -> None:
    busy.transfer("key-9", outcome="ok")
    history = busy.history()
    history = replace(
        history, ops=history.ops.assign(outcome=history.ops["outcome"].mask(history.ops["key"] == "key-9", "unknown"))
    )
    kept = {
        name: frame[(frame["node"] == "node3") | (frame.get("id") != "key-9")] for name, frame in history.final.items()
    }
    measured = durability(
        quarantine(replace(history, final={**history.final, "transfers": kept["transfers"]}))
    ).measured
    assert (measured["unknown_present"], measured["unknown_absent"]) == (0, 2)


def test_its_broken_rows_break_nothing(busy: Run, changed: Edit, without: Edit) -> None:
    history = changed(busy.history(), "accounts", {"balance": -5}, node="node3", id=1)
    history = changed(history, "transfers", {"id": "stranger"}, node="node3", id="key-0")
    history = without(history, "entries", node="node3", transfer="key-1")
    for check in (conservation, duplicates, torn):
        assert check(history).verdict == "fail"
        assert check(quarantine(history)).verdict == "pass"
