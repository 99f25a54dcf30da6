"""SmallBank: every balance is its opening plus what the log booked on it, and the log is what clients were told.

The log has a row for each customer that a transaction changed, written in that transaction. So on every pod: each
savings and each checking balance is accounted for; no savings balance is negative; a row under an acknowledged key is
what was acknowledged, all rows of it; payments and amalgamations move money and neither make nor destroy it. What
entered and left the bank (deposits, checks) is measured: the total is the openings plus that. Transactions of unknown
outcome count as what the log shows. Whether acknowledged ones are there at all is durability's question.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from checks.history import History
from checks.ops_values import parsed
from checks.tables import MissingError, absent_pods, table, total, unequal, verdict_of
from checks.verdict import Verdict, unknown

NAME = "smallbank"
EXPECTED = (
    "on every pod each balance is its opening plus the log, no savings are negative, and the log is as acknowledged"
)
#: Transactions that only move money from one account to another.
MOVES = ("amalgamate", "send-payment")
CHANGES = ["key", "customer", "savings", "checking"]


def smallbank(history: History) -> Verdict:
    """measured: log (rows judged), net_inflow (minor units, of the first pod), and the rows that break savings,
    checking, negative_savings, altered, unbalanced_moves, pods_without_rows."""
    try:
        balances = {
            name: table(history, name, numbers={"customer": "customer", "opening": "opening", "balance": "balance"})
            for name in ("savings", "checking")
        }
        log = table(history, "log", numbers={name: name for name in CHANGES[1:]}, words=["id"])
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    if balances["savings"].empty:
        return unknown(NAME, expected=EXPECTED, reason="final/savings.parquet holds no customer")
    log = log.rename(columns={"id": "key"})
    broken: dict[str, pd.DataFrame] = {}
    for name, rows in balances.items():
        moved = rows.assign(moved=rows["balance"] - rows["opening"])
        broken[name] = unequal(total(log, ["node", "customer"], name), total(moved, ["node", "customer"], "moved"))
    savings = balances["savings"]
    broken["negative_savings"] = savings[savings["balance"] < 0][["node", "customer", "balance"]]
    broken["altered"] = _altered(history, log)
    broken["unbalanced_moves"] = _unbalanced(history, log)
    broken["pods_without_rows"] = absent_pods(history, savings)
    first = log[log["node"] == savings["node"].iloc[0]]
    inflow = float(first["savings"].sum() + first["checking"].sum())
    return verdict_of(NAME, EXPECTED, broken, {"log": len(log), "net_inflow": int(inflow)})


def _altered(history: History, log: pd.DataFrame) -> pd.DataFrame:
    """Log rows under an acknowledged key that were not acknowledged, or that are not there beside others that are."""
    told = _told(history)
    stored = log[log["key"].isin(told["key"])]
    present = stored[["node", "key"]].drop_duplicates()
    expected = present.merge(told, on="key")
    both = expected.merge(stored, on=["node", *CHANGES], how="outer", indicator="side")
    sides = {"left_only": "acknowledged, not in the log", "right_only": "in the log, not acknowledged"}
    odd = both[both["side"] != "both"]
    return odd[["node", *CHANGES]].assign(found=odd["side"].astype("str").map(sides))


def _told(history: History) -> pd.DataFrame:
    ops = history.ops[history.ops["outcome"] == "ok"].drop_duplicates("key")
    rows: list[tuple[Any, ...]] = []
    for key, value in zip(ops["key"], ops["value"], strict=True):
        content = parsed(value)
        changes = content.get("changes") if isinstance(content, dict) else None
        for change in changes if isinstance(changes, list) else []:
            if isinstance(change, list) and len(change) == 3 and all(isinstance(part, int) for part in change):
                rows.append((str(key), *map(float, change)))
    frame = pd.DataFrame(rows, columns=CHANGES)
    return frame.astype({"key": "str", **dict.fromkeys(CHANGES[1:], "float64")})


def _unbalanced(history: History, log: pd.DataFrame) -> pd.DataFrame:
    """Payments and amalgamations whose rows on a pod do not sum to nothing."""
    keys = {str(key) for key in history.ops["key"][history.ops["f"].isin(list(MOVES))]}
    moves = log[log["key"].isin(keys)]
    sums = total(moves.assign(sum=moves["savings"] + moves["checking"]), ["node", "key"], "sum")
    return sums[~(sums == 0)].reset_index()
