"""TPC-B's consistency (revision 2.0, clause 2.3): what the history booked is what branches, tellers and accounts hold.

Row by row, which implies the sums: each account, teller and branch is the sum of its rows in the history, and each
branch the sum of its tellers. Also whether what was acknowledged is what the history has under that key. Needs the
final tables; whether acknowledged rows are there at all is durability's question.
"""

from __future__ import annotations

from checks.history import History
from checks.ops_values import acknowledged
from checks.tables import MissingError, absent_pods, table, total, unequal, verdict_of
from checks.verdict import Verdict, unknown

NAME = "tpcb"
EXPECTED = "on every pod each account, teller and branch is the sum of its history, and each branch that of its tellers"


def tpcb(history: History) -> Verdict:
    """measured: history (rows judged), and the rows that break accounts, tellers, branches, branch_of_tellers, sums,
    altered."""
    try:
        branches = table(history, "branches", numbers={"id": "branch", "balance": "balance"})
        tellers = table(history, "tellers", numbers={"id": "teller", "branch": "branch", "balance": "balance"})
        accounts = table(history, "accounts", numbers={"id": "account", "branch": "branch", "balance": "balance"})
        columns = ("account", "teller", "branch", "delta")
        booked = table(history, "history", numbers={name: name for name in columns}, words=["id"])
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    if branches.empty:
        return unknown(NAME, expected=EXPECTED, reason="final/branches.parquet holds no branch")
    held = {"account": accounts, "teller": tellers, "branch": branches}
    broken = {
        f"{name}s" if name != "branch" else "branches": unequal(
            total(booked, ["node", name], "delta"), total(rows, ["node", name], "balance")
        )
        for name, rows in held.items()
    }
    broken["branch_of_tellers"] = unequal(
        total(tellers, ["node", "branch"], "balance"), total(branches, ["node", "branch"], "balance")
    )
    broken["sums"] = unequal(total(accounts, ["node"], "balance"), total(branches, ["node"], "balance"))
    broken["pods_without_rows"] = absent_pods(history, branches)
    told = acknowledged(history, f={"deposit"}, columns=columns)
    stored = booked.merge(told, left_on="id", right_on="key", suffixes=("", "_told"))
    differs = stored[list(columns)].to_numpy() != stored[[f"{name}_told" for name in columns]].to_numpy()
    broken["altered"] = stored[differs.any(axis=1)][["node", "key", *columns]]
    return verdict_of(NAME, EXPECTED, broken, {"history": len(booked)})
