"""Every column of every final table with one cell altered, and every table with a row dropped, doubled or invented."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa

from tests.checks.altered.bases import WORKLOADS, base
from tests.checks.altered.cases import ANY, DOUBTFUL, LOST, WRONG, Case, Cases, is_all, several, some_pods
from tests.checks.altered.folders import Folder, Row

NUMBERS: dict[str, Callable[[Any], Any]] = {
    "one more": lambda cell: cell + 1,
    "ten times": lambda cell: 10 * (cell or 7),
    "negative": lambda cell: -(cell or 7) - 1,
    "null": lambda cell: None,
    "past 2^53": lambda cell: 2**53 + 1 + abs(cell),
    "at 2^63": lambda cell: 2**63 - 1,
}
WORDS: dict[str, Callable[[Any], Any]] = {
    "another": lambda cell: "77" if cell.isdigit() else f"{cell}7",
    "empty": lambda cell: "",
    "null": lambda cell: None,
}
#: What nothing else in the folder speaks of, so that one value on all pods is as good as another.
UNTOLD = {
    "orders.o_carrier_id",  # of an order that setup delivered
    "order_line.ol_number",
    "customer.c_payment_cnt",
    "history.h_key",  # of a payment that setup made
}
#: Any opening between half and one and a half of the mean may have been drawn.
ROWS: dict[str, Callable[[Row], Row | list[Row]]] = {
    "dropped": lambda row: [],
    "doubled": lambda row: [row, row],
}


def cells(workload: str, topology: str) -> Cases:
    folder = base(workload, topology)
    for path in folder.final:
        schema = folder.tables[path].schema
        for field in schema:
            if field.name == "node":
                continue
            name = f"{path.removeprefix('final/').removesuffix('.parquet')}.{field.name}"
            for how, change in (NUMBERS if pa.types.is_integer(field.type) else WORDS).items():
                for pods in some_pods(topology):
                    unseen = name in UNTOLD and is_all(topology, pods)
                    yield Case(
                        kind=f"a cell of the final tables: {how}",
                        place=f"{name}, {several(pods)}",
                        workload=workload,
                        topology=topology,
                        alter=partial(_alter_cell, path=path, column=field.name, pods=pods, change=change),
                        allowed=ANY if unseen else WRONG,
                        files=(path,),
                    )


def _place(folder: Folder, path: str) -> int:
    """The row of a pod that is altered: one in the first half, that has been booked on."""
    return (folder.tables[path].num_rows // len(folder.pods)) // 3


def _alter_cell(folder: Folder, *, path: str, column: str, pods: tuple[str, ...], change: Callable[[Any], Any]) -> None:
    _alter_row(folder, path=path, pods=pods, change=lambda row: row | {column: change(row[column])})


def _alter_row(
    folder: Folder,
    *,
    path: str,
    pods: tuple[str, ...],
    change: Callable[[Row], Row | list[Row]],
    place: int | None = None,
) -> None:
    nth = dict.fromkeys(pods, -1)
    wanted = _place(folder, path) if place is None else place % (folder.tables[path].num_rows // len(folder.pods))

    def chosen(row: Row) -> bool:
        if row["node"] not in nth:
            return False
        nth[row["node"]] += 1
        return nth[row["node"]] == wanted

    assert folder.edit(path, chosen, change) == len(pods)


def rows(workload: str, topology: str) -> Cases:
    for path in base(workload, topology).final:
        for pods in some_pods(topology):
            for how, change in ROWS.items():
                for place in (0, None, -1):
                    yield Case(
                        kind=f"a row of the final tables: {how}",
                        place=f"{path}, row {'in the middle' if place is None else place}, {several(pods)}",
                        workload=workload,
                        topology=topology,
                        alter=partial(_alter_row, path=path, pods=pods, change=change, place=place),
                        allowed=WRONG,
                        files=(path,),
                    )
            yield Case(
                kind="a row of the final tables: invented",
                place=f"{path}, {several(pods)}",
                workload=workload,
                topology=topology,
                alter=partial(_invent, path=path, pods=pods),
                allowed=WRONG,
                files=(path,),
            )
        yield Case(
            kind="a final table: empty",
            place=path,
            workload=workload,
            topology=topology,
            alter=partial(_empty, path=path),
            allowed=WRONG,
            files=(path,),
        )
        if topology != "single":
            yield Case(
                kind="a final table: without one pod",
                place=path,
                workload=workload,
                topology=topology,
                alter=partial(_without_pod, path=path),
                allowed=WRONG,
                files=(path,),
            )
            yield Case(
                kind="a final table: rows of a pod that is not there",
                place=path,
                workload=workload,
                topology=topology,
                alter=partial(_stranger, path=path),
                allowed=WRONG,
                files=(path,),
            )


def _invent(folder: Folder, *, path: str, pods: tuple[str, ...]) -> None:
    """Like the last row of each pod, but with an id that nobody has."""
    own = [name for name in folder.tables[path].schema.names if name != "node"]
    for pod in pods:
        rows = folder.rows(path)
        last = [row for row in rows if row["node"] == pod][-1]
        changed = {own[0]: "7-0-9998" if isinstance(last[own[0]], str) else 9998}
        folder.put(path, [*rows, last | changed])


def _empty(folder: Folder, *, path: str) -> None:
    folder.put(path, [])


def _without_pod(folder: Folder, *, path: str) -> None:
    folder.edit(path, lambda row: bool(row["node"] == "node3"), lambda row: [])


def _stranger(folder: Folder, *, path: str) -> None:
    own = [row | {"node": "node9"} for row in folder.rows(path) if row["node"] == "node2"]
    folder.put(path, folder.rows(path) + own)


def accounts(topology: str) -> Cases:
    """Accounts that no transfer touched, and openings with balances that fit them."""
    path = "final/accounts.parquet"
    ways: dict[str, tuple[Callable[[Row], Row | list[Row]], frozenset[str]]] = {
        "removed": (lambda row: [], LOST),
        "twice": (lambda row: [row, row], WRONG),
        "opening and balance ten times": (
            lambda row: row | {"opening": 10 * row["opening"], "balance": row["balance"] + 9 * row["opening"]},
            WRONG,
        ),
        "opening and balance null": (lambda row: row | {"opening": None, "balance": None}, WRONG),
        "another number": (lambda row: row | {"id": 99}, WRONG),
        "one more, with a balance": (lambda row: [row, row | {"id": 99}], WRONG),
        "one more, with nothing": (lambda row: [row, row | {"id": 99, "opening": 0, "balance": 0}], WRONG),
        "money moved to the next": (lambda row: row | {"opening": row["opening"] + 5}, WRONG),
    }
    for how, (change, allowed) in ways.items():
        for pods in some_pods(topology):
            yield Case(
                kind="an account without movement",
                place=f"{how}, {several(pods)}",
                workload="transfer",
                topology=topology,
                alter=partial(_alter_row, path=path, pods=pods, change=change, place=6),
                allowed=allowed,
                files=(path,),
            )


def versions() -> Cases:
    """Registers against the versions that were written, acknowledged and read."""
    path, booked = "final/registers.parquet", "final/writes.parquet"
    for topology in ("single", "group"):
        for pods in some_pods(topology):
            for how, change in (("0", lambda row: row | {"version": 0}), ("gone", lambda row: [])):
                yield Case(
                    kind="registers",
                    place=f"all {how}, {several(pods)}",
                    workload="mixed-read",
                    topology=topology,
                    alter=partial(_alter_all, path=path, pods=pods, change=change),
                    allowed=DOUBTFUL,
                    files=(path,),
                )
            yield Case(
                kind="registers",
                place=f"versions of writes all 1, {several(pods)}",
                workload="mixed-read",
                topology=topology,
                alter=partial(_alter_all, path=booked, pods=pods, change=lambda row: row | {"version": 1}),
                allowed=DOUBTFUL,
                files=(booked,),
            )


def _alter_all(folder: Folder, *, path: str, pods: tuple[str, ...], change: Callable[[Row], Row | list[Row]]) -> None:
    folder.edit(path, lambda row: row["node"] in pods, change)


def cases() -> Cases:
    for workload in WORKLOADS:
        topologies = ("single", "async", "group") if workload == "transfer" else ("group",)
        for topology in topologies:
            if topology != "single":
                yield from cells(workload, topology)
            yield from rows(workload, topology)
    for topology in ("single", "async", "group"):
        yield from accounts(topology)
    yield from versions()
