"""TPC-B: a sound bank of two branches, and each of its sums broken once, on one pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from checks.history import History
from checks.tpcb import tpcb

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


def test_missing_evidence_is_unknown(tables: type[Tables], sound: History) -> None:
    assert tpcb(History(ops=sound.ops)).verdict == "unknown"
    assert tpcb(tables.with_table(sound, "branches", sound.final["branches"][:0])).verdict == "unknown"
