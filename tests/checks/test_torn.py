"""Torn: golden, half a transfer, an entry without its transfer, and unknown without entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from checks.torn import torn
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Edit = Callable[..., History]


def test_two_entries_each_pass(busy: Run) -> None:
    verdict = torn(busy.history())
    assert verdict.verdict == "pass"
    assert verdict.measured == {"transfers": 15, "torn": 0, "orphan_entries": 0}


def test_half_a_transfer_on_one_node_fails(busy: Run, without: Edit) -> None:
    verdict = torn(without(busy.history(), "entries", node="node2", transfer="key-0", account=2))
    assert (verdict.verdict, verdict.measured["torn"]) == ("fail", 1)
    assert verdict.witness == [
        {"node": "node2", "key": "key-0", "expected": [["1", -10], ["2", 10]], "found": [["1", -10]]}
    ]


@pytest.mark.parametrize("values", [{"amount": 10}, {"amount": -11}, {"account": 9}])
def test_an_entry_that_is_not_its_transfers_fails(busy: Run, changed: Edit, values: dict[str, int]) -> None:
    verdict = torn(changed(busy.history(), "entries", values, node="node1", transfer="key-0", account=1))
    assert (verdict.verdict, verdict.measured["torn"]) == ("fail", 1)


def test_two_debits_and_no_credit_fail(busy: Run, changed: Edit) -> None:
    debit = {"account": 1, "amount": -10}
    verdict = torn(changed(busy.history(), "entries", debit, node="node1", transfer="key-0", account=2))
    assert (verdict.verdict, verdict.measured["torn"]) == ("fail", 1)


@pytest.mark.parametrize("third", [{}, {"account": 9, "amount": 0}])
def test_a_third_entry_fails(busy: Run, third: dict[str, int]) -> None:
    history = busy.history()
    extra = history.final["entries"][:1].assign(**third)
    entries = pd.concat([history.final["entries"], extra], ignore_index=True)
    verdict = torn(replace(history, final={**history.final, "entries": entries}))
    assert (verdict.verdict, verdict.measured["torn"]) == ("fail", 1)


def test_entries_without_their_transfer_fail(busy: Run, without: Edit) -> None:
    verdict = torn(without(busy.history(), "transfers", node="node3", id="key-4"))
    assert (verdict.verdict, verdict.measured["torn"], verdict.measured["orphan_entries"]) == ("fail", 0, 2)


def test_one_key_on_all_nodes_is_one_torn_transfer(busy: Run, without: Edit) -> None:
    assert torn(without(busy.history(), "entries", transfer="key-0", account=1)).measured["torn"] == 1


def test_without_entries_it_is_unknown(busy: Run) -> None:
    history = busy.history()
    assert torn(replace(history, final={"transfers": history.final["transfers"]})).verdict == "unknown"
    empty = {name: frame[:0] for name, frame in history.final.items()}
    assert torn(replace(history, final=empty)).verdict == "unknown"
