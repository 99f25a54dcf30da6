"""Books brought into line with altered rows on chosen pods, as a forger would, so that nothing but the row is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from tests.checks.altered.folders import Folder, Row

Pods = Collection[str]


def _path(name: str) -> str:
    return f"final/{name}.parquet"


def _balance(folder: Folder, name: str, moved: Counter[tuple[str, int]], pods: Pods, key: str, column: str) -> None:
    """Set a balance to the row's opening, where there is one, plus what was booked on it."""

    def change(row: Row) -> Row:
        return row | {column: row.get("opening", 0) + moved[row["node"], row[key]]}

    folder.edit(_path(name), lambda row: row["node"] in pods, change)


def transfers(folder: Folder, pods: Pods) -> None:
    moved: Counter[tuple[str, int]] = Counter()
    entries = [row for row in folder.rows(_path("entries")) if row["node"] not in pods]
    for row in folder.rows(_path("transfers")):
        if row["node"] in pods:
            for side, sign in (("src", -1), ("dst", 1)):
                amount = sign * row["amount"]
                moved[row["node"], row[side]] += amount
                entries.append({"node": row["node"], "transfer": row["id"], "account": row[side], "amount": amount})
    folder.put(_path("entries"), entries)
    _balance(folder, "accounts", moved, pods, "id", "balance")


def tpcb(folder: Folder, pods: Pods) -> None:
    history = folder.rows(_path("history"))
    for table, column in (("accounts", "account"), ("tellers", "teller"), ("branches", "branch")):
        moved: Counter[tuple[str, int]] = Counter()
        for row in history:
            moved[row["node"], row[column]] += row["delta"]
        _balance(folder, table, moved, pods, "id", "balance")
    keys(folder, pods, "history", "id")


def smallbank(folder: Folder, pods: Pods) -> None:
    for table in ("savings", "checking"):
        moved: Counter[tuple[str, int]] = Counter()
        for row in folder.rows(_path("log")):
            moved[row["node"], row["customer"]] += row[table]
        _balance(folder, table, moved, pods, "customer", "balance")
    keys(folder, pods, "log", "id")


def registers(folder: Folder, pods: Pods) -> None:
    newest: Counter[tuple[str, int]] = Counter()
    for row in folder.rows(_path("writes")):
        place = row["node"], row["k"]
        newest[place] = max(newest[place], row["version"])
    _balance(folder, "registers", newest, pods, "k", "version")
    keys(folder, pods, "writes", "id")


def keys(folder: Folder, pods: Pods, table: str, column: str) -> None:
    """final/keys as that table has them."""
    rows = [row for row in folder.rows(_path("keys")) if row["node"] not in pods]
    found = {(row["node"], row[column]): None for row in folder.rows(_path(table)) if row["node"] in pods}
    folder.put(_path("keys"), rows + [{"node": node, "key": key} for node, key in found])


#: Workload -> the table with a row for each transaction, its column of keys, and how the rest is made to fit.
BOOKS: dict[str, tuple[str, str, Callable[[Folder, Pods], None]]] = {
    "transfer": ("transfers", "id", transfers),
    "tpcb": ("history", "id", tpcb),
    "smallbank": ("log", "id", smallbank),
    "mixed-read": ("writes", "id", registers),
}
