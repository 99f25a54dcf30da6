"""Torn transactions: a transfer and its two entries are there together, or not at all, on every pod.

Each transfer has exactly two entries, -amount on src and +amount on dst, and each entry has its transfer. A half of
one is what atomicity forbids. It does not look at balances (conservation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.check import Check
from checks.evidence.amounts import Amounts, equal_cells, minor_units, shown
from checks.evidence.ledger import Codes, MissingError, coded, require_tables
from checks.evidence.quarantine import final_tables
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
from history.history import History

NAME = "torn"
EXPECTED = "every transfer has exactly its two entries on every node, and every entry its transfer"


@dataclass(frozen=True, kw_only=True)
class _Books:
    """The rows of final/transfers and final/entries, shape (transfers,) and (entries,), with ids as codes.

    row_slot, entry_slot: one place for each key on each pod; slots: how many there are. A key stored twice has one slot
    (the last row's) and is the duplicates check's find.
    """

    nodes: list[str]
    keys: list[str]
    accounts: list[str]
    row_slot: Codes
    src: Codes
    dst: Codes
    amount: Amounts
    entry_slot: Codes
    account: Codes
    entered: Amounts

    @property
    def slots(self) -> int:
        return len(self.nodes) * len(self.keys)

    def place(self, slot: int) -> dict[str, Any]:
        node, key = divmod(slot, len(self.keys))
        return {"node": self.nodes[node], "key": self.keys[key]}

    def entries(self, chosen: Codes) -> list[list[Any]]:
        """Entries as [account, amount]."""
        return [[self.accounts[self.account[at]], shown(self.entered[at])] for at in chosen]


@dataclass(frozen=True, kw_only=True)
class _Torn:
    """rows: transfers that are not whole. orphans: entries without a transfer."""

    rows: Codes
    orphans: Codes


def torn(history: History) -> Verdict:
    """Judge final/transfers against final/entries.

    measured: transfers (rows judged), torn (transfers that are torn on some pod), orphan_entries (rows).
    """
    try:
        books = _evidence(history)
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    return _verdict(books, _findings(books))


def _evidence(history: History) -> _Books:
    """Raises MissingError."""
    require_tables(history, "transfers", "entries")
    if history.final["transfers"].empty and history.final["entries"].empty:
        raise MissingError("final/transfers.parquet and final/entries.parquet hold no row")
    tables = final_tables(history)
    rows, entries = tables["transfers"], tables["entries"]
    (row_node, entry_node), nodes = coded(rows["node"], entries["node"])
    (row_key, entry_key), keys = coded(rows["id"], entries["transfer"])
    (src, dst, account), accounts = coded(rows["src"], rows["dst"], entries["account"])
    return _Books(
        nodes=nodes,
        keys=keys,
        accounts=accounts,
        row_slot=row_node * len(keys) + row_key,
        src=src,
        dst=dst,
        amount=minor_units(rows["amount"]),
        entry_slot=entry_node * len(keys) + entry_key,
        account=account,
        entered=minor_units(entries["amount"]),
    )


def _findings(books: _Books) -> _Torn:
    row_at = np.full(books.slots, -1, dtype=np.int64)
    row_at[books.row_slot] = np.arange(len(books.row_slot))
    parent = row_at[books.entry_slot]
    orphan = parent < 0
    paired, at = np.flatnonzero(~orphan), parent[~orphan]
    account, entered = books.account[paired], books.entered[paired]
    debit = (account == books.src[at]) & equal_cells(entered, -books.amount[at])
    credit = (account == books.dst[at]) & equal_cells(entered, books.amount[at])

    def per_row(chosen: Any) -> Any:
        return np.bincount(books.entry_slot[paired][chosen], minlength=books.slots)[books.row_slot]

    whole = (
        (per_row(np.ones(len(paired), dtype=bool)) == 2)
        & (per_row(debit | credit) == 2)
        & (per_row(debit) >= 1)
        & (per_row(credit) >= 1)
    )
    return _Torn(rows=np.flatnonzero(~whole), orphans=np.flatnonzero(orphan))


def _verdict(books: _Books, found: _Torn) -> Verdict:
    measured = {
        "transfers": len(books.row_slot),
        "torn": len(np.unique(books.row_slot[found.rows] % max(1, len(books.keys)))),
        "orphan_entries": len(found.orphans),
    }
    witness: list[dict[str, Any]] = []
    for i in found.rows[:WITNESS_LIMIT]:
        slot, amount = books.row_slot[i], books.amount[i]
        halves = [[books.accounts[books.src[i]], shown(-amount)], [books.accounts[books.dst[i]], shown(amount)]]
        entries = books.entries(np.flatnonzero(books.entry_slot == slot)[:WITNESS_LIMIT])
        witness.append({**books.place(slot), "expected": halves, "found": entries})
    for at in found.orphans[: WITNESS_LIMIT - len(witness)]:
        place = books.place(books.entry_slot[at])
        witness.append({**place, "expected": "its transfer", "found": books.entries(np.array([at]))})
    verdict: Outcome = "fail" if witness else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=EXPECTED, measured=measured, witness=witness)


CHECK = Check(
    name=NAME,
    question="did any transfer happen only in half?",
    run=torn,
    safety=True,
    workload="transfer",
)
