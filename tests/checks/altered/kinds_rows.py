"""Stored rows lost, altered, booked twice or invented: on one pod, two or all, with books that fit or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from tests.checks.altered.bases import TOPOLOGIES, base
from tests.checks.altered.cases import KEYED, LOST, SAME, Case, Cases, is_all, pods_of, several
from tests.checks.altered.folders import OPS, Folder, Row
from tests.checks.altered.refit import BOOKS

Change = Callable[[Row], Row | list[Row]]

#: How a stored transaction is changed, by the columns of its workload's table.
CHANGES: dict[str, dict[str, Change]] = {
    "transfer": {
        "ten times the amount": lambda row: row | {"amount": 10 * row["amount"]},
        "one unit more": lambda row: row | {"amount": row["amount"] + 1},
        "source and destination exchanged": lambda row: row | {"src": row["dst"], "dst": row["src"]},
        "another source": lambda row: row | {"src": 7},
        "another destination": lambda row: row | {"dst": 8},
    },
    "tpcb": {
        "ten times the amount": lambda row: row | {"delta": 10 * row["delta"]},
        "one unit more": lambda row: row | {"delta": row["delta"] + 1},
        "sign exchanged": lambda row: row | {"delta": -row["delta"]},
        "another account": lambda row: row | {"account": 8},
        "another teller": lambda row: row | {"teller": row["teller"] % 10 + 1 + 10 * (row["branch"] - 1)},
    },
    "smallbank": {
        "ten times the amount": lambda row: row | {"savings": 10 * row["savings"], "checking": 10 * row["checking"]},
        "sign exchanged": lambda row: row | {"savings": -row["savings"], "checking": -row["checking"]},
        "another customer": lambda row: row | {"customer": 6},
    },
    "mixed-read": {
        "another register": lambda row: row | {"k": 5, "version": 1},
        "a later version": lambda row: row | {"version": row["version"] + 100},
        "version 0": lambda row: row | {"version": 0},
    },
}
ALWAYS: dict[str, Change] = {
    "lost": lambda row: [],
    "booked twice": lambda row: [row, row],
    "booked twice, under a key that nobody asked for": lambda row: [row, row | {"id": "7-0-9999"}],
    "under another key": lambda row: row | {"id": "7-0-9999"},
}


def stored(workload: str, topology: str) -> Cases:
    table, _, refit = BOOKS[workload]
    path = f"final/{table}.parquet"
    changes = CHANGES[workload] | ALWAYS
    for how, change in changes.items():
        for fate in ("acked", "present"):
            key = base(workload, topology).made[fate][0 if fate == "present" else 7]
            for pods in pods_of(topology):
                for fitted in (True, False):
                    gone = how == "lost" and fate == "present" and fitted and is_all(topology, pods)
                    yield Case(
                        kind=f"a stored row of {'an acknowledged write' if fate == 'acked' else 'unknown outcome'}",
                        place=f"{table}: {how}, {several(pods)}, books {'fitted' if fitted else 'as they were'}",
                        workload=workload,
                        topology=topology,
                        alter=partial(
                            _alter_row, path=path, key=key, pods=pods, change=change, refit=refit if fitted else None
                        ),
                        allowed=SAME if gone else LOST,  # unknown may mean that it did not happen
                        files=(path, "final/keys.parquet"),
                    )


def _alter_row(
    folder: Folder,
    *,
    path: str,
    key: str,
    pods: tuple[str, ...],
    change: Change,
    refit: Callable[[Folder, tuple[str, ...]], None] | None,
) -> None:
    chosen = folder.edit(path, lambda row: row["node"] in pods and row["id"] == key, change)
    assert chosen >= len(pods), f"{path} has no row of {key}"
    if refit:
        refit(folder, pods)


MORE = {
    "absent": "of unknown outcome",
    "failed": "of a write that failed",
    "refused": "of a write that the business refused",
    "nobody": "that nobody asked for",
}


def came_after_all(topology: str) -> Cases:
    """Transfers that the client was not told of: of unknown outcome, failed, refused, never asked for."""
    for fate in MORE:
        for tenfold in (False, True):
            for pods in pods_of(topology):
                whole = fate == "absent" and not tenfold and is_all(topology, pods)
                yield Case(
                    kind=f"a row more: {MORE[fate]}",
                    place=f"transfers: {'ten times the amount, ' * tenfold}{several(pods)}, books fitted",
                    workload="transfer",
                    topology=topology,
                    alter=partial(_add_transfer, fate=fate, factor=10 if tenfold else 1, pods=pods),
                    allowed=SAME if whole else LOST,
                    files=("final/transfers.parquet",),
                )


def _add_transfer(folder: Folder, *, fate: str, factor: int, pods: tuple[str, ...]) -> None:
    key = "7-0-9999" if fate == "nobody" else folder.made[fate][0]
    asked = {row["key"]: json.loads(row["value"]) for row in folder.rows(OPS)}
    move = asked.get(key, {"src": 1, "dst": 2, "amount": 77})
    row = {"id": key, **move, "amount": move["amount"] * factor}
    rows = folder.rows("final/transfers.parquet")
    folder.put("final/transfers.parquet", rows + [{"node": pod, **row} for pod in pods])
    BOOKS["transfer"][2](folder, pods)


def key_rows(workload: str, topology: str) -> Cases:
    """final/keys alone: it no longer agrees with history, log or writes, nor with what was acknowledged."""
    path = "final/keys.parquet"
    made = base(workload, topology).made
    for pods in pods_of(topology):
        more: dict[str, str] = {"nobody": "7-0-9999", "failed": made["failed"][0]}
        if made["refused"]:
            more["refused"] = made["refused"][0]
        for fate, key in more.items():
            yield Case(
                kind="keys: one more",
                place=f"{fate}, {several(pods)}",
                workload=workload,
                topology=topology,
                alter=partial(_add_keys, pods=pods, key=key),
                allowed=LOST,
                files=(path,),
            )
        for how, change in ALWAYS.items():
            if "under" in how and how != "under another key":
                continue
            for nth in (0, -1):
                yield Case(
                    kind=f"keys: one {how}",
                    place=f"acknowledged write {nth}, {several(pods)}",
                    workload=workload,
                    topology=topology,
                    alter=partial(
                        _alter_key, pods=pods, key=made["acked"][nth], change=_renamed if "under" in how else change
                    ),
                    allowed=LOST,
                    files=(path,),
                )


def _renamed(row: Row) -> Row:
    return row | {"key": "7-0-9999"}


def _add_keys(folder: Folder, *, pods: tuple[str, ...], key: str) -> None:
    path = "final/keys.parquet"
    folder.put(path, folder.rows(path) + [{"node": pod, "key": key} for pod in pods])


def _alter_key(folder: Folder, *, pods: tuple[str, ...], key: str, change: Change) -> None:
    chosen = folder.edit("final/keys.parquet", lambda row: row["node"] in pods and row["key"] == key, change)
    assert chosen == len(pods)


def cases() -> Cases:
    for topology in TOPOLOGIES:
        for workload in BOOKS:
            yield from stored(workload, topology)
        yield from came_after_all(topology)
        for workload in KEYED:
            yield from key_rows(workload, topology)
