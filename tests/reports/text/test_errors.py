"""What operations failed with: MySQL's number and words, and the share of each, in the first lines of a FAIL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from checks.judge import judge
from history.history import History
from history.server_log.read import ServerLog
from history.server_log.words import Said
from reports.summary import summarise
from reports.text.errors import error_words, what_did_not_succeed

MakeHistory = Callable[..., History]
SERIALIZABLE = "The table does not comply with the requirements by an external plugin."
STATEMENT = "Cannot execute statement: impossible to write to binary log since BINLOG_FORMAT = STATEMENT"


def died_of(history: History, *kinds: tuple[int | None, str, int], outcome: str = "fail") -> History:
    """The history with so many of its operations of each error, the rest acknowledged."""
    ops = history.ops.assign(outcome="ok", error=None, errno=pd.array([None] * len(history.ops), dtype="Int32"))
    ops["error"] = ops["error"].astype(object)
    begin = 0
    for errno, error, number in kinds:
        chosen = ops.index[begin : begin + number]
        ops.loc[chosen, "outcome"], ops.loc[chosen, "error"] = outcome, error
        ops.loc[chosen, "errno"] = errno
        begin += number
    return replace(history, ops=ops)


@pytest.mark.parametrize(("errno", "words"), [(3098, SERIALIZABLE), (1665, STATEMENT)])
def test_a_run_in_which_everything_failed_says_with_what_first(
    make_history: MakeHistory, errno: int, words: str
) -> None:
    history = died_of(make_history(outage_s=0), (errno, words, 1200))
    summary = summarise(history, judge(history))
    assert summary["verdict"] == "fail"
    first = (
        f"1,200 of 1,200 operations (100 %) did not succeed: MySQL error {errno}, {words.rstrip('.')} (1,200, 100 %)."
    )
    assert summary["headline"]["service"].startswith(first)


def test_mysql_s_own_reason_stands_beside_its_error(make_history: MakeHistory) -> None:
    history = died_of(make_history(outage_s=0), (3098, SERIALIZABLE, 1200))
    text = "Transaction isolation level (tx_isolation) is set to SERIALIZABLE, which is not compatible"
    said = [
        Said(at_ns=5_000_000_000_000 + 10**9, pod=pod, code="MY-011598", text=text, times=number)
        for pod, number in (("node1", 7), ("node2", 4))
    ]
    history = replace(history, server_log=ServerLog(said=tuple(said)))
    summary = summarise(history, judge(history))
    why = "MySQL says why: writes are refused: SERIALIZABLE does not go with several primaries (MY-011598)."
    assert why in summary["headline"]["service"]
    (row,) = summary["server_log"]["said"]
    assert (row["pods"], row["times"]) == (["node1", "node2"], 7)


def test_a_run_that_did_well_names_no_error(make_history: MakeHistory) -> None:
    history = died_of(make_history(outage_s=0), (1213, "Deadlock found", 5))
    assert what_did_not_succeed(history, all_told=False) == []


def test_a_gate_on_success_that_a_few_errors_broke_names_them(make_history: MakeHistory) -> None:
    history = died_of(make_history(outage_s=0), (1213, "Deadlock found", 5))
    history = replace(history, manifest=history.manifest | {"gates": {"success_ratio": 0.9999}})
    assert "MySQL error 1213, Deadlock found (5, 100 %)" in summarise(history, judge(history))["headline"]["service"]


def test_kinds_are_told_by_their_share_the_largest_first_and_the_rest_counted(make_history: MakeHistory) -> None:
    kinds = [(1290, "read only", 100), (2013, "lost", 60), (None, "overflow", 30), (1213, "a", 6), (1205, "b", 4)]
    (told,) = what_did_not_succeed(died_of(make_history(outage_s=0), *kinds), all_told=False)
    assert told == (
        "200 of 1,200 operations (17 %) did not succeed: MySQL error 1290, read only (100, 50 %); MySQL error 2013, "
        "lost (60, 30 %); not sent, as the backlog was full (30, 15 %); and 2 more kinds."
    )


def test_nobody_has_to_know_the_address_of_a_proxy(make_history: MakeHistory) -> None:
    closed = "{}:3306: closed before the greeting (MySQL error 2013)"
    kinds = [(2013, closed.format("198.19.98.31"), 20), (2013, closed.format("198.19.98.32"), 20)]
    history = died_of(make_history(outage_s=0), *kinds)
    (told,) = what_did_not_succeed(history, all_told=False)
    assert "198.19" not in told
    assert "closed at once by the proxy, as it does when it has no node to send it to (40, 100 %)" in told
    direct = replace(history, manifest=history.manifest | {"mesh": {"mode": "direct"}})
    assert "closed at once by the node (40, 100 %)" in what_did_not_succeed(direct, all_told=False)[0]


@pytest.mark.parametrize(
    ("errno", "error", "words"),
    [
        (None, None, "no reason given"),
        (1290, None, "MySQL error 1290, no reason given"),
        (None, "drain-timeout", "not answered when the drain was over"),
        (2003, "198.18.0.2:3306: timed out; 198.18.0.3:3306: timed out", "MySQL error 2003, timed out"),
        (None, "[2001:db8::1]:3306: read-only", "read-only"),
        (1062, "Duplicate entry '12:30: x' for key", "MySQL error 1062, Duplicate entry '12:30: x' for key"),
    ],
)
def test_an_error_in_plain_words(errno: int | None, error: Any, words: str) -> None:
    assert error_words(errno, error) == words
