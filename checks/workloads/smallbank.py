"""SmallBank: every balance is its opening plus what the log booked on it, and the log is what clients asked for.

The log has a row for each customer that a transaction changed, written in that transaction. So on every pod: each
savings and each checking balance is accounted for; no savings balance is negative; the rows under a key are, all of
them, what was acknowledged, or where it was not what that transaction can have done; payments and amalgamations move
money and neither make nor destroy it; the customers are those that set-up made, each once, with their openings. What
entered and left the bank (deposits, checks) is measured: the total is the openings plus that. Whether acknowledged
transactions are there at all is durability's question.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from checks.check import Check
from checks.evidence.amounts import whole
from checks.evidence.keys import keys_apart
from checks.evidence.ledger import MissingError
from checks.evidence.openings import rows_of_setup
from checks.evidence.ops_values import Cells, asked, matches, members
from checks.evidence.tables import Tables, absent_pods, added, total, unequal, verdict_of
from checks.verdict import Verdict, unknown
from history.history import History

NAME = "smallbank"
EXPECTED = (
    "on every node each balance is its opening plus the log, no savings are negative, and the log is as requested"
)
#: Transactions that only move money from one account to another.
MOVES = ("amalgamate", "send-payment")
CHANGES = ["key", "customer", "savings", "checking"]
#: What a check costs that the customer's accounts do not cover: whether they did is not on record.
PENALTY = 100

#: Rows of the log of one transaction: (customer, change of savings, change of checking), in order of the customer.
Log = tuple[Cells, ...]


def smallbank(history: History) -> Verdict:
    """measured: log (rows judged), net_inflow (minor units, of the first pod), and the rows that break savings,
    checking, negative_savings, altered, unbalanced_moves, pods_without_rows, keys, missing_rows, extra_rows, openings,
    unreadable, twice."""
    tables = Tables(history)
    try:
        columns = {"customer": "customer", "opening": "opening", "balance": "balance"}
        balances = {name: tables.table(name, numbers=columns, unique=["customer"]) for name in ("savings", "checking")}
        log = tables.table("log", numbers={name: name for name in CHANGES[1:]}, words=["id"], unique=["id", "customer"])
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    set_up = rows_of_setup(history, "smallbank")
    if history.final["savings"].empty and not any(map(len, set_up.values())):
        return unknown(NAME, expected=EXPECTED, reason="final/savings.parquet holds no customer")
    log = log.rename(columns={"id": "key"})
    broken: dict[str, pd.DataFrame] = {}
    for name, rows in balances.items():
        by = ["node", "customer"]
        moved = added(total(rows, by, "balance"), total(rows, by, "opening"), sign=-1)
        broken[name] = unequal(total(log, by, name), moved)
    savings = balances["savings"]
    broken["negative_savings"] = savings[(savings["balance"] < 0).astype(bool)][["node", "customer", "balance"]]
    broken["altered"] = _altered(history, log)
    broken["unbalanced_moves"] = _unbalanced(history, log)
    broken["pods_without_rows"] = absent_pods(history, savings)
    broken["keys"] = keys_apart(tables, log[["node", "key"]].drop_duplicates())
    broken |= set_up | tables.broken
    first = log[log["node"] == next(iter(savings["node"]), None)]
    inflow = sum(map(int, first["savings"])) + sum(map(int, first["checking"]))
    return verdict_of(NAME, EXPECTED, broken, {"log": len(log), "net_inflow": inflow})


def _altered(history: History, log: pd.DataFrame) -> pd.DataFrame:
    """Rows of the log under a key that somebody asked for, which together are not what its transaction can have done.
    A key of which a pod has no row is not there; that is durability's question."""
    may_be = asked(history.ops, _possible)
    rows = log[log["key"].isin(list(may_be))].sort_values(["node", "key", "customer"], kind="stable")
    stored: dict[tuple[str, str], list[Cells]] = {}
    for node, key, *cells in rows[["node", *CHANGES]].itertuples(index=False, name=None):
        stored.setdefault((node, key), []).append(tuple(cells))
    odd = [
        {"node": node, "key": key, "found": json.dumps(found), "asked": json.dumps(may_be[key])}
        for (node, key), found in stored.items()
        if not any(_is(found, told) for alternatives in may_be[key] for told in alternatives)
    ]
    return pd.DataFrame(odd)


def _possible(f: str, value: Any) -> list[Log] | None:
    """What the log may have of a transaction: what it is known to have changed, else what it was to change."""
    if not isinstance(value, dict) or f not in CHANGE_OF:
        return None
    changes = value.get("changes")
    if changes is None:
        told = members(value, "customer", "to", "amount", optional=("customer", "to", "amount"))
        return None if told is None else CHANGE_OF[f](*told)
    if not isinstance(changes, list) or not all(isinstance(row, list) and len(row) == 3 for row in changes):
        return None
    rows = tuple(tuple(whole(cell) for cell in row) for row in changes)
    return None if any(None in row for row in rows) else [rows]


def _check(customer: int | None, _: int | None, amount: int | None) -> list[Log]:
    """The penalty applies where the accounts did not cover the amount, which is not on record."""
    return [((customer, 0, _less(charged)),) for charged in (amount, None if amount is None else amount + PENALTY)]


def _less(amount: int | None) -> int | None:
    return None if amount is None else -amount


#: f -> (customer, to, amount) -> what it may change; None is what nobody said. How much an amalgamation moves is what
#: the accounts held; that it moves all of it from one to the other is ``unbalanced_moves``.
CHANGE_OF: Mapping[str, Callable[[int | None, int | None, int | None], list[Log]]] = {
    "deposit-checking": lambda customer, _, amount: [((customer, 0, amount),)],
    "transact-savings": lambda customer, _, amount: [((customer, amount, 0),)],
    "write-check": _check,
    "send-payment": lambda customer, to, amount: [((customer, 0, _less(amount)), (to, 0, amount))],
    "amalgamate": lambda customer, to, _: [((customer, None, None), (to, 0, None))],
}


def _is(found: Sequence[Cells], told: Log) -> bool:
    """Whether these rows are those, in whatever order."""
    orders = itertools.permutations(found) if len(found) == len(told) else ()
    return any(all(map(matches, order, told)) for order in itertools.islice(orders, 2))


def _unbalanced(history: History, log: pd.DataFrame) -> pd.DataFrame:
    """Payments and amalgamations whose rows on a pod do not sum to nothing."""
    keys = {str(key) for key in history.ops["key"][history.ops["f"].isin(list(MOVES))]}
    moves, by = log[log["key"].isin(keys)], ["node", "key"]
    sums = added(total(moves, by, "savings"), total(moves, by, "checking"))
    return sums[sums != 0].rename("sum").reset_index()


CHECK = Check(
    name=NAME,
    question="is each balance its opening plus the log, are no savings negative, and is the log as asked for?",
    run=smallbank,
    safety=True,
    workload="smallbank",
)
