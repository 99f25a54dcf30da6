"""The ledger as the pods hold it: the final tables, which pods count, and ids that compare as what they mean.

Shared by the checks that hold money against what clients were told. Judges nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.evidence.unread import unasked, unread
from history.history import History

#: int64 codes or positions, shape (n,).
Codes = npt.NDArray[np.int64]

#: The columns a check relies on, by table.
TABLES: Mapping[str, Sequence[str]] = {
    "accounts": ("node", "id", "opening", "balance"),
    "transfers": ("node", "id", "src", "dst", "amount"),
    "entries": ("node", "transfer", "account", "amount"),
}


class MissingError(Exception):
    """Evidence that a check rests on, such as a final table or a column of one, is not there; the message says which.

    Every check says it in this one way: it is ``unknown``, with the message as its reason.
    """


def require_tables(history: History, *tables: str) -> None:
    """Raise MissingError unless these final tables are there with the columns in TABLES."""
    for name in tables:
        require_columns(history.final, name, TABLES[name])


def has_tables(history: History, *tables: str) -> bool:
    """Whether these final tables are there with the columns in TABLES."""
    try:
        require_tables(history, *tables)
    except MissingError:
        return False
    return True


def require_columns(final: Mapping[str, pd.DataFrame], table: str, columns: Sequence[str]) -> pd.DataFrame:
    """The table. Raises MissingError unless it is there with these columns."""
    if table not in final:
        raise MissingError(f"final/{table}.parquet is missing")
    for column in columns:
        if column not in final[table].columns:
            raise MissingError(f"final/{table}.parquet has no column {column!r}")
    return final[table]


def in_service(history: History) -> list[str] | None:
    """The pods that must hold the whole ledger, sorted.

    With nodes.json: those in state ONLINE (a pod outside a group has no member state: it counts if it answered at
    all), whether or not the tables have rows of them, but for those that could not be asked for their rows
    (`checks.evidence.unread`); None when there is no such pod. Without: all pods in any table.
    """
    if history.nodes:
        return sorted(name for name, node in history.nodes.items() if serves(node) and not unasked(node)) or None
    return tabled_nodes(history)


def readable(history: History) -> list[str]:
    """The pods whose rows were read, in service or not, but for those in quarantine, sorted."""
    nodes = (history.nodes or {}).items()
    return sorted(name for name, node in nodes if _was_read(node) and not _aside(node))


def not_read(history: History) -> dict[str, str]:
    """Pods whose rows could not be read, but for those in quarantine -> why."""
    why = {one.node: one.words for one in unread(history.nodes) if not one.gone}
    return {
        name: why.get(name, "it did not answer")
        for name, node in sorted((history.nodes or {}).items())
        if not _was_read(node) and not _aside(node)
    }


def _was_read(node: object) -> bool:
    return isinstance(node, Mapping) and node.get("gtid_executed") is not None and not unasked(node)


def _aside(node: object) -> bool:
    return isinstance(node, Mapping) and node.get("state") == "QUARANTINED"


def serves(node: object) -> bool:
    """Whether a record of nodes.json says that the pod is in service."""
    if not isinstance(node, Mapping):
        return False
    if node.get("state") is None:
        return node.get("role") is not None or node.get("gtid_executed") is not None
    return bool(node["state"] == "ONLINE")


def tabled_nodes(history: History) -> list[str]:
    """All pods named in any final table, sorted."""
    columns = [frame["node"] for frame in history.final.values() if "node" in frame.columns]
    return sorted({name for column in columns for name in coded(column)[1]})


def coded(*columns: pd.Series[Any]) -> tuple[list[Codes], list[str]]:
    """Give equal ids equal small integers over all the columns, so that joins become array look-ups.

    Ids are equal when they read the same: 7, 7.0, "7" and b"7" are one id, as drivers and file formats disagree on
    the type. Returns one code array per column, and the text of each code.
    """
    texts: list[pd.Series[Any]] = []
    places: list[Codes | None] = []
    for column in columns:
        if column.dtype == "str":
            texts.append(column.fillna(text(None)))
            places.append(None)
        else:
            place, values = _factorized(column)
            texts.append(pd.Series([text(value) for value in values], dtype="str"))
            places.append(place)
    joint, names = pd.factorize(pd.concat(texts, ignore_index=True))
    bounds = np.cumsum([0, *map(len, texts)])
    parts = [joint[start:end] for start, end in pairwise(bounds)]
    codes = [part if place is None else part[place] for part, place in zip(parts, places, strict=True)]
    return codes, names.to_list()


def _factorized(column: pd.Series[Any]) -> tuple[Codes, Any]:
    try:
        return pd.factorize(column, use_na_sentinel=False)
    except TypeError:  # a list or an object in a cell, which is an id of nothing, but has a text
        return pd.factorize(column.map(text), use_na_sentinel=False)


def text(value: object) -> str:
    """An id as text."""
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, float | Decimal):
        if value != value:
            return "(null)"
        if math.isfinite(value) and value == value // 1:
            return str(int(value))
    return "(null)" if value is None or value is pd.NA else str(value)
