"""TPC-B's consistency (revision 2.0, clause 2.3): what the history booked is what branches, tellers and accounts hold.

Row by row, which implies the sums: each account, teller and branch is the sum of its rows in the history, and each
branch the sum of its tellers. Also whether what the history has under a key is what was asked for under it, whether it
has the same keys as the table ``keys``, and whether set-up's rows are all there, once. Needs the final tables; whether
acknowledged rows are there at all is durability's question.
"""

from __future__ import annotations

from typing import Any

from checks.check import Check
from checks.evidence.keys import keys_apart
from checks.evidence.ledger import MissingError
from checks.evidence.openings import rows_of_setup
from checks.evidence.ops_values import Cells, altered, asked, members
from checks.evidence.tables import Tables, absent_pods, total, unequal, verdict_of
from checks.verdict import Verdict, unknown
from history.history import History

NAME = "tpcb"
EXPECTED = "on every node each account, teller and branch is the sum of its history, a branch also that of its tellers"


COLUMNS = ("account", "teller", "branch", "delta")


def tpcb(history: History) -> Verdict:
    """measured: history (rows judged), and the rows that break accounts, tellers, branches, branch_of_tellers, sums,
    altered, keys, missing_rows, extra_rows, openings, unreadable, twice."""
    tables = Tables(history)
    try:
        branches = tables.table("branches", numbers={"id": "branch", "balance": "balance"}, unique=["branch"])
        held_by = {"branch": "branch", "balance": "balance"}
        tellers = tables.table("tellers", numbers={"id": "teller", **held_by}, unique=["teller"])
        accounts = tables.table("accounts", numbers={"id": "account", **held_by}, unique=["account"])
        booked = tables.table("history", numbers={name: name for name in COLUMNS}, words=["id"], unique=["id"])
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    set_up = rows_of_setup(history, "tpcb")
    if history.final["branches"].empty and not any(map(len, set_up.values())):
        return unknown(NAME, expected=EXPECTED, reason="final/branches.parquet holds no branch")
    booked = booked.rename(columns={"id": "key"})
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
    broken["altered"] = altered(booked, COLUMNS, asked(history.ops, _deposit))
    broken["keys"] = keys_apart(tables, booked)
    broken |= set_up | tables.broken
    return verdict_of(NAME, EXPECTED, broken, {"history": len(booked)})


def _deposit(f: str, value: Any) -> Cells | None:
    return members(value, *COLUMNS) if f == "deposit" else None


CHECK = Check(
    name=NAME,
    question="is each account, teller and branch the sum of its history, and each branch that of its tellers?",
    run=tpcb,
    safety=True,
    workload="tpcb",
)
