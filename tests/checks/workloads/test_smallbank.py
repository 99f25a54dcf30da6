"""SmallBank: a sound bank with one transaction of each kind, and each invariant broken once, on one pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from checks.workloads.smallbank import smallbank
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Tables

Break = Callable[[Any, History], History]


@pytest.fixture
def sound(tables: type[Tables]) -> History:
    """Customers 1 to 3 with 100 on each account. The check of customer 3 was of unknown outcome and took effect."""
    log = {
        "pay": [(1, 0, -30), (2, 0, 30)],
        "all": [(1, -100, -70), (2, 0, 170)],
        "in": [(3, 0, 40)],
        "save": [(3, 25, 0)],
        "check": [(3, 0, -160)],
    }
    kinds = {"pay": "send-payment", "all": "amalgamate", "in": "deposit-checking", "save": "transact-savings"}
    final = {
        "savings": tables.frame("customer opening balance", (1, 100, 0), (2, 100, 100), (3, 100, 125)),
        "checking": tables.frame("customer opening balance", (1, 100, 0), (2, 100, 300), (3, 100, -20)),
        "log": tables.frame(
            "id customer savings checking", *((key, *row) for key, rows in log.items() for row in rows)
        ),
    }
    asked = tables.ops(
        *((key, f, "ok", {"customer": 1, "changes": log[key]}) for key, f in kinds.items()),
        ("check", "write-check", "unknown", {"customer": 3, "amount": 160}),
        ("poor", "send-payment", "fail", {"customer": 1}),
    )
    return History(ops=asked, final=final, nodes=tables.nodes())


def test_a_sound_bank_passes(tables: type[Tables], sound: History) -> None:
    verdict = smallbank(sound)
    assert (verdict.verdict, verdict.witness) == ("pass", [])
    assert (verdict.measured["log"], verdict.measured["net_inflow"]) == (14, 40 + 25 - 160)


@pytest.mark.parametrize(
    ("breaks", "found"),
    [
        (lambda tables, h: tables.broken(h, "checking", "balance", 301, customer=2), {"checking"}),
        (lambda tables, h: tables.broken(h, "savings", "balance", -1, customer=1), {"savings", "negative_savings"}),
        (lambda tables, h: tables.less(h, "log", id="check"), {"checking"}),
        (lambda tables, h: tables.less(h, "log", id="pay", customer=2), {"checking", "altered", "unbalanced_moves"}),
        (lambda tables, h: tables.broken(h, "log", "checking", 41, id="in"), {"checking", "altered"}),
        (
            lambda tables, h: tables.more(h, "log", id="in", customer=9, savings=0, checking=0),
            {"altered"},
        ),
        (lambda tables, h: tables.more(h, "log", id="x", customer=9, savings=0, checking=7), {"checking"}),
    ],
)
def test_each_invariant_can_be_broken(tables: type[Tables], sound: History, breaks: Break, found: set[str]) -> None:
    verdict = smallbank(breaks(tables, sound))
    assert verdict.verdict == "fail"
    assert {name for name, n in verdict.measured.items() if n and name not in ("log", "net_inflow")} == found
    assert all(row["node"] == "node2" for row in verdict.witness)


@pytest.mark.parametrize(
    ("f", "asked", "rows", "possible"),
    [
        ("write-check", {"customer": 1, "amount": 7}, [(1, 0, -7)], True),
        ("write-check", {"customer": 1, "amount": 7}, [(1, 0, -107)], True),
        ("write-check", {"customer": 1, "amount": 7}, [(1, 0, -70)], False),
        ("write-check", {"customer": 1, "amount": 7}, [(2, 0, -7)], False),
        ("deposit-checking", {"customer": 1, "amount": 7}, [(1, 0, 7)], True),
        ("deposit-checking", {"customer": 1, "amount": 7}, [(1, 0, 70)], False),
        ("deposit-checking", {"customer": 1, "amount": 7}, [(1, 7, 0)], False),
        ("transact-savings", {"customer": 1, "amount": -7}, [(1, -7, 0)], True),
        ("transact-savings", {"customer": 1, "amount": -7}, [(1, 7, 0)], False),
        ("send-payment", {"customer": 2, "to": 1, "amount": 7}, [(1, 0, 7), (2, 0, -7)], True),
        ("send-payment", {"customer": 2, "to": 1, "amount": 7}, [(1, 0, -7), (2, 0, 7)], False),
        ("send-payment", {"customer": 2, "to": 1, "amount": 7}, [(2, 0, -7)], False),
        ("amalgamate", {"customer": 1, "to": 2}, [(1, -100, -100), (2, 0, 200)], True),
        ("amalgamate", {"customer": 1, "to": 3}, [(1, -100, -100), (2, 0, 200)], False),
        ("amalgamate", {"customer": 1, "to": 2, "changes": [[1, -5, -5], [2, 0, 10]]}, [(1, -5, -5), (2, 0, 10)], True),
        (
            "amalgamate",
            {"customer": 1, "to": 2, "changes": [[1, -5, -5], [2, 0, 10]]},
            [(1, -6, -5), (2, 0, 11)],
            False,
        ),
        ("balance", {"customer": 1}, [(1, 0, 0)], False),
        ("send-payment", [], [(1, 0, 7)], False),
    ],
)
def test_what_the_log_has_of_an_unknown_outcome_is_what_was_asked_for(
    tables: type[Tables], f: str, asked: Any, rows: list[tuple[int, ...]], possible: bool
) -> None:
    """With balances that fit whatever the log says."""
    moved = {c: (s, k) for c, s, k in rows}
    final = {
        name: tables.frame("customer opening balance", *((c, 500, 500 + moved.get(c, (0, 0))[n]) for c in (1, 2, 3)))
        for n, name in enumerate(("savings", "checking"))
    }
    final["log"] = tables.frame("id customer savings checking", *(("doubt", *row) for row in rows))
    final["keys"] = tables.frame("key", ("doubt",))
    history = History(ops=tables.ops(("doubt", f, "unknown", asked)), final=final, nodes=tables.nodes())
    verdict = smallbank(history)
    assert verdict.measured["altered"] == (0 if possible else 2)
    assert verdict.verdict == ("pass" if possible else "fail")


def test_keys_and_log_are_the_same_keys(tables: type[Tables], sound: History) -> None:
    keys = tables.frame("key", *((key,) for key in ("pay", "all", "in", "save", "check")))
    assert smallbank(tables.with_table(sound, "keys", keys)).verdict == "pass"
    for wrong in (keys[keys["key"] != "in"], keys.replace({"key": {"in": "out"}}), pd.concat([keys, keys[:1]])):
        verdict = smallbank(tables.with_table(sound, "keys", wrong))
        assert (verdict.verdict, verdict.measured["keys"] > 0) == ("fail", True)


def test_missing_evidence_is_unknown(tables: type[Tables], sound: History) -> None:
    assert smallbank(History(ops=sound.ops)).verdict == "unknown"
    assert smallbank(tables.with_table(sound, "savings", sound.final["savings"][:0])).verdict == "unknown"


def test_values_that_cannot_be_read_do_not_say_that_the_log_is_right(tables: type[Tables], sound: History) -> None:
    history = History(ops=sound.ops.assign(value="}{"), final=sound.final, nodes=sound.nodes)
    verdict = smallbank(history)
    assert (verdict.verdict, verdict.measured["altered"]) == ("fail", 10)
