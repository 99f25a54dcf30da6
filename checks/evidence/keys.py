"""Which operations should have left a key behind, and which keys are there: the evidence of durability and duplicates.

Two shapes. The workload ``transfer`` leaves ``final/transfers``, whose rows can be held against what was acknowledged.
Every other workload leaves ``final/keys`` (node, key): one row for each operation that took effect, written in that
operation's own transaction, under the key the client had chosen. Rows of quarantined pods are left out. Judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from checks.evidence.ledger import TABLES, MissingError, require_columns, require_tables
from checks.evidence.operations import transfers, writes
from checks.evidence.quarantine import final_tables
from checks.evidence.tables import Tables, apart
from checks.evidence.unread import unread
from history.history import History


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """asked: the op rows that should leave a key, in order of their end, index 0..n-1. stored: rows with ``node`` and
    ``id``, in transfers also src, dst, amount. transfers: whether they are. what: the plural for messages."""

    asked: pd.DataFrame
    stored: pd.DataFrame
    transfers: bool

    @property
    def what(self) -> str:
        return "transfers" if self.transfers else "transactions"


def keyed(history: History) -> Keyed:
    """The evidence. Raises MissingError."""
    if history.nodes == {} and not history.final:
        raise MissingError("no node was left at the end, so none could be read")
    history = _with_tables_gone(history)
    if "keys" in history.final and "transfers" not in history.final:
        table = require_columns(final_tables(history), "keys", ("node", "key"))
        asked = writes(history.ops, history.workload).sort_values("end_ns", kind="stable", ignore_index=True)
        return Keyed(asked=asked, stored=table.rename(columns={"key": "id"}), transfers=False)
    if "transfers" not in history.final:
        raise MissingError("neither final/transfers.parquet nor final/keys.parquet is there")
    require_tables(history, "transfers")
    return Keyed(asked=transfers(history.ops), stored=final_tables(history)["transfers"], transfers=True)


def _with_tables_gone(history: History) -> History:
    """A table that no pod has any more is there without rows: its rows are gone, and not the evidence."""
    gone = {one.table for one in unread(history.nodes) if one.gone}
    if {"transfers", "keys"} & history.final.keys():
        return history
    name = "transfers" if "transfers" in gone else "keys" if "keys" in gone else None
    if name is None and None in gone:  # the whole database
        name = "transfers" if history.run.workload_name == "transfer" else "keys"
    if name is None:
        return history
    columns = TABLES["transfers"] if name == "transfers" else ("node", "key")
    empty = pd.DataFrame({column: pd.Series([], dtype="str") for column in columns})
    return replace(history, final={**history.final, name: empty})


def keys_apart(tables: Tables, *booked: pd.DataFrame) -> pd.DataFrame:
    """Rows (node, key, found) where ``final/keys`` and the tables that a transaction books itself in do not hold the
    same keys, each once. booked: frames with node and key."""
    if not tables.has("keys", "node", "key"):
        return pd.DataFrame()
    keys = tables.table("keys", numbers={}, words=["key"])
    rows = pd.concat([one[["node", "key"]] for one in booked], ignore_index=True)
    return apart(keys, rows, sides=("in keys alone", "not in keys"))
