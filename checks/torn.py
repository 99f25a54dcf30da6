"""Torn transactions: a transfer and its two entries are there together, or not at all, on every pod.

Each transfer has exactly two entries, -amount on src and +amount on dst, and each entry has its transfer. A half of
one is what atomicity forbids. It does not look at balances (conservation).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.check import Check
from checks.evidence.amounts import equal_cells, minor_units, shown
from checks.evidence.ledger import MissingError, coded, require_tables
from checks.evidence.quarantine import final_tables
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
from history.history import History

NAME = "torn"
EXPECTED = "every transfer has exactly its two entries on every node, and every entry its transfer"


def torn(history: History) -> Verdict:
    """Judge final/transfers against final/entries.

    measured: transfers (rows judged), torn (transfers that are torn on some pod), orphan_entries (rows).
    """
    try:
        require_tables(history, "transfers", "entries")
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    if history.final["transfers"].empty and history.final["entries"].empty:
        reason = "final/transfers.parquet and final/entries.parquet hold no row"
        return unknown(NAME, expected=EXPECTED, reason=reason)
    tables = final_tables(history)
    rows, entries = tables["transfers"], tables["entries"]
    (row_node, entry_node), nodes = coded(rows["node"], entries["node"])
    (row_key, entry_key), keys = coded(rows["id"], entries["transfer"])
    (src, dst, account), accounts = coded(rows["src"], rows["dst"], entries["account"])
    amount, entered = minor_units(rows["amount"]), minor_units(entries["amount"])

    # One slot per key and pod. A key stored twice has one slot (the last row's) and is the duplicates check's find.
    slot, entry_slot = row_node * len(keys) + row_key, entry_node * len(keys) + entry_key
    slots = len(nodes) * len(keys)
    row_at = np.full(slots, -1, dtype=np.int64)
    row_at[slot] = np.arange(len(rows))
    parent = row_at[entry_slot]
    orphan = parent < 0
    own, at = np.flatnonzero(~orphan), parent[~orphan]
    debit = (account[own] == src[at]) & equal_cells(entered[own], -amount[at])
    credit = (account[own] == dst[at]) & equal_cells(entered[own], amount[at])

    def per_slot(chosen: Any) -> Any:
        return np.bincount(entry_slot[own][chosen], minlength=slots)[slot]

    whole = (
        (per_slot(np.ones(len(own), dtype=bool)) == 2)
        & (per_slot(debit | credit) == 2)
        & (per_slot(debit) >= 1)
        & (per_slot(credit) >= 1)
    )
    broken, orphans = np.flatnonzero(~whole), np.flatnonzero(orphan)
    measured = {
        "transfers": len(rows),
        "torn": len(np.unique(row_key[broken])),
        "orphan_entries": len(orphans),
    }
    witness: list[dict[str, Any]] = []
    for i in broken[:WITNESS_LIMIT]:
        found = np.flatnonzero(entry_slot == slot[i])
        witness.append(
            {
                "node": nodes[row_node[i]],
                "key": keys[row_key[i]],
                "expected": [[accounts[src[i]], shown(-amount[i])], [accounts[dst[i]], shown(amount[i])]],
                "found": [[accounts[account[j]], shown(entered[j])] for j in found[:WITNESS_LIMIT]],
            }
        )
    for j in orphans[: WITNESS_LIMIT - len(witness)]:
        row = {"node": nodes[entry_node[j]], "key": keys[entry_key[j]], "expected": "its transfer"}
        witness.append(row | {"found": [[accounts[account[j]], shown(entered[j])]]})
    verdict: Outcome = "fail" if witness else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=EXPECTED, measured=measured, witness=witness)


CHECK = Check(
    name=NAME,
    question="did any transfer happen only in half?",
    run=torn,
    safety=True,
    workload="transfer",
)
