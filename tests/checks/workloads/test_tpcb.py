"""TPC-B: a sound bank of two branches, and each of its sums broken once, on one pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from checks.workloads.tpcb import tpcb
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Tables

Break = Callable[[Any, History], History]

VALUE = {"account": 1, "teller": 1, "branch": 1, "delta": 70, "balance": 70}
UNKNOWN = {"account": 3, "teller": 11, "branch": 2, "delta": 5}


@pytest.fixture
def sound(tables: type[Tables]) -> History:
    """One deposit of 70, one of -20 on an account of the other branch, one of unknown outcome that took effect."""
    final = {
        "branches": tables.frame("id balance", (1, 50), (2, 5)),
        "tellers": tables.frame("id branch balance", (1, 1, 70), (2, 1, -20), (11, 2, 5)),
        "accounts": tables.frame("id branch balance", (1, 1, 70), (3, 2, -15), (4, 2, 0)),
        "history": tables.frame(
            "id account teller branch delta", ("k1", 1, 1, 1, 70), ("k2", 3, 2, 1, -20), ("k3", 3, 11, 2, 5)
        ),
    }
    asked = tables.ops(("k1", "deposit", "ok", VALUE), ("k3", "deposit", "unknown", UNKNOWN))
    return History(ops=asked, final=final, nodes=tables.nodes())


def test_a_sound_bank_passes(tables: type[Tables], sound: History) -> None:
    verdict = tpcb(sound)
    assert (verdict.verdict, verdict.witness, verdict.measured["history"]) == ("pass", [], 6)


@pytest.mark.parametrize(
    ("breaks", "found"),
    [
        (lambda tables, h: tables.broken(h, "accounts", "balance", 71, id=1), {"accounts", "sums"}),
        (lambda tables, h: tables.broken(h, "tellers", "balance", 6, id=11), {"tellers", "branch_of_tellers"}),
        (
            lambda tables, h: tables.broken(h, "branches", "balance", 51, id=1),
            {"branches", "branch_of_tellers", "sums"},
        ),
        (lambda tables, h: tables.broken(h, "tellers", "branch", 2, id=2), {"branch_of_tellers"}),
        (lambda tables, h: tables.less(h, "history", id="k3"), {"accounts", "tellers", "branches"}),
        (
            lambda tables, h: tables.broken(h, "history", "delta", 60, id="k1"),
            {"accounts", "tellers", "branches", "altered"},
        ),
    ],
)
def test_each_sum_can_be_broken(tables: type[Tables], sound: History, breaks: Break, found: set[str]) -> None:
    verdict = tpcb(breaks(tables, sound))
    assert verdict.verdict == "fail"
    assert {name for name, count in verdict.measured.items() if count and name != "history"} == found
    assert all(row["node"] == "node2" for row in verdict.witness)


@pytest.mark.parametrize("values", [{"delta": 50}, {"account": 4}, {"teller": 2, "branch": 1}, {"delta": None}])
def test_a_row_of_unknown_outcome_is_what_was_asked_for(
    tables: type[Tables], sound: History, values: dict[str, int | None]
) -> None:
    """On both pods alike, and nobody was told anything about k3."""
    rows = sound.final["history"].copy()
    rows.loc[rows["id"] == "k3", list(values)] = list(values.values())
    verdict = tpcb(tables.with_table(sound, "history", rows))
    assert verdict.verdict == "fail"
    assert verdict.measured["altered"] or verdict.measured["unreadable"]


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda keys: keys[keys["key"] != "k2"], 2),
        (lambda keys: keys.replace({"key": {"k2": "k9"}}), 4),
        (lambda keys: pd.concat([keys, keys[keys["key"] == "k2"]]), 2),
        (lambda keys: keys, 0),
    ],
)
def test_keys_and_history_are_the_same_keys_once_each(
    tables: type[Tables], sound: History, edit: Callable[[pd.DataFrame], pd.DataFrame], found: int
) -> None:
    keys = edit(tables.frame("key", ("k1",), ("k2",), ("k3",)))
    verdict = tpcb(tables.with_table(sound, "keys", keys))
    assert (verdict.verdict, verdict.measured["keys"]) == ("fail" if found else "pass", found)


@pytest.mark.parametrize("table", ["accounts", "tellers", "branches", "history"])
def test_a_row_that_a_pod_has_twice_fails(tables: type[Tables], sound: History, table: str) -> None:
    rows = sound.final[table]
    verdict = tpcb(tables.with_table(sound, table, pd.concat([rows, rows[-1:]], ignore_index=True)))
    assert (verdict.verdict, verdict.measured["twice"]) == ("fail", 1)


def test_sums_are_exact_beyond_what_a_double_or_int64_holds(tables: type[Tables], sound: History) -> None:
    big = 2**62
    value = UNKNOWN | {"delta": big}
    final = {
        "branches": tables.frame("id balance", (2, 4 * big)),
        "tellers": tables.frame("id branch balance", (11, 2, 4 * big)),
        "accounts": tables.frame("id branch balance", (3, 2, 4 * big)),
        "history": tables.frame("id account teller branch delta", *((f"k{n}", 3, 11, 2, big) for n in range(4))),
    }
    asked = tables.ops(*((f"k{n}", "deposit", "ok", value) for n in range(4)))
    assert tpcb(History(ops=asked, final=final)).verdict == "pass"
    for table in ("branches", "tellers", "accounts"):
        spoilt = tables.with_table(History(ops=asked, final=final), table, final[table].replace({4 * big: 4 * big + 1}))
        assert tpcb(spoilt).verdict == "fail"
        wrapped = tables.with_table(History(ops=asked, final=final), table, final[table].replace({4 * big: 0}))
        assert tpcb(wrapped).verdict == "fail"


def test_missing_evidence_is_unknown(tables: type[Tables], sound: History) -> None:
    assert tpcb(History(ops=sound.ops)).verdict == "unknown"
    assert tpcb(tables.with_table(sound, "branches", sound.final["branches"][:0])).verdict == "unknown"
