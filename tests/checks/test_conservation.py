"""Conservation: golden, a balance off, an overdraft, a stray, and the evidence it can do without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from checks.conservation import conservation
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Edit = Callable[..., History]


@pytest.mark.parametrize("source", ["entries", "transfers"])
def test_balances_that_follow_pass(busy: Run, source: str) -> None:
    history = busy.history()
    final = {name: history.final[name] for name in ("accounts", source)}
    verdict = conservation(replace(history, final=final))
    assert verdict.verdict == "pass"
    assert verdict.measured["accounts"] == 30
    assert verdict.measured["judged_against"] == f"final/{source}"


@pytest.mark.parametrize("source", ["entries", "transfers"])
def test_one_changed_balance_fails_and_is_named(busy: Run, changed: Edit, source: str) -> None:
    history = changed(busy.history(), "accounts", {"balance": 991}, node="node2", id=1)
    final = {name: history.final[name] for name in ("accounts", source)}
    verdict = conservation(replace(history, final=final))
    assert verdict.verdict == "fail"
    assert verdict.witness == [
        {"node": "node2", "expected_sum": 10_000, "found_sum": 10_001},
        {"node": "node2", "account": "1", "found": 991, "expected": 990},
    ]


def test_errors_that_cancel_out_in_the_sum_still_fail(busy: Run, changed: Edit) -> None:
    history = changed(busy.history(), "accounts", {"balance": 999}, node="node1", id=9)
    history = changed(history, "accounts", {"balance": 1001}, node="node1", id=10)
    verdict = conservation(history)
    assert (verdict.verdict, verdict.measured["off"], verdict.measured["nodes_off"]) == ("fail", 2, 0)


def test_an_overdrawn_account_fails_although_the_sums_agree(run: Run) -> None:
    run.transfer("too-much", amount=1001)
    verdict = conservation(run.history())
    assert (verdict.verdict, verdict.measured["negative"], verdict.measured["off"]) == ("fail", 3, 0)
    assert verdict.witness[0] == {"node": "node1", "account": "1", "found": -1, "expected": "not negative"}


def test_money_moved_to_an_account_that_does_not_exist_fails(run: Run) -> None:
    run.transfer("astray", dst=99)
    history = run.history()
    verdict = conservation(replace(history, final={**history.final, "entries": history.final["entries"][:0]}))
    assert verdict.verdict == "fail"
    verdict = conservation(history)
    assert verdict.measured["strays"] == 3
    assert {"node": "node1", "account": "99", "found": "no such account", "transfer": "astray", "amount": 10} in (
        verdict.witness
    )


def test_sums_that_wrap_are_not_equal(run: Run, changed: Edit) -> None:
    """Four openings of 2^62 sum to 2^64, which int64 takes for nothing."""
    history = run.history()
    accounts = history.final["accounts"].assign(opening=2**62, balance=2**62)
    history = replace(history, final={**history.final, "accounts": accounts})
    assert conservation(history).verdict == "pass"
    assert conservation(changed(history, "accounts", {"balance": 2**62 + 1}, node="node1", id=3)).verdict == "fail"
    few = accounts[accounts["id"] <= 4].assign(balance=0)
    verdict = conservation(replace(history, final={**history.final, "accounts": few}))
    assert (verdict.verdict, verdict.measured["nodes_off"]) == ("fail", 3)


def test_a_null_balance_fails(busy: Run, changed: Edit) -> None:
    history = busy.history()
    accounts = history.final["accounts"].astype({"balance": "float64"})
    history = replace(history, final={**history.final, "accounts": accounts})
    verdict = conservation(changed(history, "accounts", {"balance": None}, node="node1", id=1))
    assert verdict.verdict == "fail"
    assert {"node": "node1", "account": "1", "found": None, "expected": 990} in verdict.witness


def test_an_online_node_without_accounts_fails(busy: Run, without: Edit) -> None:
    verdict = conservation(without(busy.history(), "accounts", node="node2"))
    assert verdict.verdict == "fail"
    assert {"node": "node2", "found": "no account"} in verdict.witness


def test_decimal_and_text_amounts_are_money_too(busy: Run) -> None:
    history = busy.history()
    accounts = history.final["accounts"].copy()
    accounts["balance"] = accounts["balance"].map(Decimal).astype(object)
    accounts["opening"] = accounts["opening"].astype("str")
    accounts["id"] = accounts["id"].astype("str")
    assert conservation(replace(history, final={**history.final, "accounts": accounts})).verdict == "pass"


def test_without_accounts_or_movements_it_is_unknown(busy: Run, changed: Edit) -> None:
    history = busy.history()
    assert conservation(replace(history, final={})).verdict == "unknown"
    alone = replace(history, final={"accounts": history.final["accounts"]})
    assert conservation(alone).verdict == "unknown"
    assert conservation(replace(alone, final={"accounts": history.final["accounts"][:0]})).verdict == "unknown"
    assert conservation(changed(alone, "accounts", {"balance": 5}, node="node1", id=1)).verdict == "fail"
