"""What clients are said to have done: operations cut away, told otherwise, or in words that no workload has."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.checks.altered.bases import TOPOLOGIES, WORKLOADS, base
from tests.checks.altered.cases import ANY, DOUBTFUL, UNREADABLE, Case, Cases
from tests.checks.altered.folders import MANIFEST, OPS, Folder, Row
from tests.checks.altered.refit import BOOKS

READS = ("read", "balance", "order-status")
Change = Callable[[Row], Row | list[Row]]


def _op(folder: Folder, *, key: str, change: Change) -> None:
    assert folder.edit(OPS, lambda row: bool(row["key"] == key), change) == 1


def told_otherwise(workload: str, topology: str) -> Cases:
    """One acknowledged write with another value, outcome, key or f; and one that failed, acknowledged."""
    made = base(workload, topology).made
    ways: dict[str, tuple[str, Change, frozenset[str]]] = {
        "f payment": ("acked", lambda row: row | {"f": "payment" if workload != "tpcc" else "pay"}, UNREADABLE),
        "f empty": ("acked", lambda row: row | {"f": ""}, UNREADABLE),
        "f read": ("acked", lambda row: row | {"f": "read"}, DOUBTFUL),
        "outcome OK": ("acked", lambda row: row | {"outcome": "OK"}, UNREADABLE),
        "outcome info": ("acked", lambda row: row | {"outcome": "info"}, UNREADABLE),
        "outcome empty": ("acked", lambda row: row | {"outcome": ""}, UNREADABLE),
        "outcome fail": ("acked", lambda row: row | {"outcome": "fail", "error": "deadlock"}, DOUBTFUL),
        "outcome unknown": ("acked", lambda row: row | {"outcome": "unknown"}, DOUBTFUL),
        "a failed one acknowledged": ("failed", lambda row: row | {"outcome": "ok", "error": None}, DOUBTFUL),
        "acknowledged twice": ("acked", lambda row: [row, row], DOUBTFUL),
        "acknowledged again under another key": ("acked", lambda row: [row, row | {"key": "7-0-9999"}], DOUBTFUL),
        "another key": ("acked", lambda row: row | {"key": "7-0-9999"}, DOUBTFUL),
        "key empty": ("acked", lambda row: row | {"key": ""}, DOUBTFUL),
        "attempt 0": ("acked", lambda row: row | {"attempt": 0}, DOUBTFUL),
        "attempt negative": ("acked", lambda row: row | {"attempt": -1}, DOUBTFUL),
        "process negative": ("acked", lambda row: row | {"process": -1}, ANY),
        "server unknown": ("acked", lambda row: row | {"server": "node9"}, ANY),
        "value no JSON": ("acked", lambda row: row | {"value": "}{"}, DOUBTFUL),
        "value empty": ("acked", lambda row: row | {"value": ""}, DOUBTFUL),
        "value null": ("acked", lambda row: row | {"value": "null"}, DOUBTFUL),
        "value a list": ("acked", lambda row: row | {"value": "[1,2]"}, DOUBTFUL),
        "value NaN": ("acked", lambda row: row | {"value": '{"amount":NaN}'}, DOUBTFUL),
        "value nested": ("acked", lambda row: row | {"value": "[" * 5000}, DOUBTFUL),
    }
    for how, (fate, change, allowed) in ways.items():
        if workload == "keyed" and how.startswith(("f ", "value ")):
            allowed = ANY  # of a user's own workload nobody knows what its values mean, nor its words
        if workload == "append" and how == "f read":
            allowed = DOUBTFUL
        yield Case(
            kind=f"an operation: {how.partition(' ')[0]}",
            place=how,
            workload=workload,
            topology=topology,
            alter=partial(_op, key=made[fate][1 if fate == "acked" else 0], change=change),
            allowed=allowed,
            files=(OPS,),
        )


def members(workload: str, topology: str) -> Cases:
    """Every member of an acknowledged value told otherwise."""
    folder = base(workload, topology)
    operations = {row["key"]: row for row in folder.rows(OPS)}
    seen: set[str] = set()
    for key in [*folder.made["acked"], *folder.made["reads"]]:
        row = operations[key]
        value = json.loads(row["value"])
        if row["f"] in seen or not isinstance(value, dict) or row["outcome"] != "ok":
            continue
        seen.add(row["f"])
        for name, found in value.items():
            for how, other in (("another", _other(found)), ("text", "many"), ("null", None), ("missing", KeyError)):
                told = (
                    {**value, name: other} if other is not KeyError else {k: v for k, v in value.items() if k != name}
                )
                certain = how == "another" and row["f"] not in READS and (workload, name) not in UNHELD
                yield Case(
                    kind=f"an acknowledged value: {how}",
                    place=f"{row['f']}.{name}",
                    workload=workload,
                    topology=topology,
                    alter=partial(_op, key=key, change=partial(_with_value, value=json.dumps(told))),
                    allowed=DOUBTFUL if certain else ANY,
                    files=(OPS,),
                )


#: Members that nothing else in the folder speaks of.
UNHELD = {("tpcb", "balance"), ("tpcc", "balance"), ("tpcc", "total"), ("keyed", "inbox"), ("smallbank", "amount")} | {
    ("smallbank", "to"),
    ("smallbank", "customer"),
    ("tpcc", "carrier"),
    ("mixed-read", "probe"),
}


def _with_value(row: Row, *, value: str) -> Row:
    return row | {"value": value}


def _other(found: Any) -> Any:
    if isinstance(found, int):
        return found + 1
    return [[inner + 1 for inner in one] if isinstance(one, list) else one for one in found]


def versions_told(topology: str) -> Cases:
    """Of mixed-read: what was acknowledged or read does not go together."""
    made = base("mixed-read", topology).made
    for how, fate, version in (
        ("two acknowledged writes of one version", "acked", 1),
        ("a write of version 0", "acked", 0),
        ("a read of a version that nobody wrote", "reads", 4711),
        ("a read of a negative version", "reads", -1),
    ):
        yield Case(
            kind="versions",
            place=how,
            workload="mixed-read",
            topology=topology,
            alter=partial(_op, key=made[fate][-1], change=partial(_with_version, version=version)),
            allowed=DOUBTFUL,
            files=(OPS,),
        )


def _with_version(row: Row, *, version: int) -> Row:
    return row | {"value": json.dumps(json.loads(row["value"]) | {"version": version})}


def cut(workload: str, topology: str) -> Cases:
    """Operations gone at the head, at the tail, in the middle; with their rows, so that the books agree, and without."""
    for where in ("head", "tail", "middle"):
        for share in (0.05, 0.3):
            for with_rows in (False, True):
                if with_rows and workload not in BOOKS:
                    continue
                yield Case(
                    kind="operations cut away",
                    place=f"{where}, {share:.0%}, {'with their rows' if with_rows else 'the rows stay'}",
                    workload=workload,
                    topology=topology,
                    alter=partial(_cut, where=where, share=share, with_rows=with_rows),
                    allowed=DOUBTFUL,
                    files=(OPS, MANIFEST),
                )
    yield Case(
        kind="operations cut away",
        place="all",
        workload=workload,
        topology=topology,
        alter=lambda folder: folder.put(OPS, []),
        allowed=DOUBTFUL,
        files=(OPS, MANIFEST),
    )


def _cut(folder: Folder, *, where: str, share: float, with_rows: bool) -> None:
    rows = folder.rows(OPS)
    count = max(1, round(len(rows) * share))
    first = {"head": 0, "tail": len(rows) - count, "middle": len(rows) // 2}[where]
    gone = {row["key"] for row in rows[first : first + count]}
    folder.put(OPS, [row for row in rows if row["key"] not in gone])
    if with_rows:
        table, column, refit = BOOKS[folder.workload]
        folder.edit(f"final/{table}.parquet", lambda row: row[column] in gone, lambda row: [])
        refit(folder, folder.pods)


def counts(topology: str) -> Cases:
    """The manifest counts other operations than there are."""
    for name in ("offered", "ok", "fail", "unknown", "refused", "overflow", "expired", "in_flight"):
        for how, change in (("one more", 1), ("503 more", 503), ("one less", -1)):
            less = base("transfer", topology).manifest["load"][name] + change
            yield Case(
                kind="counts in the manifest",
                place=f"load.{name} {how}",
                workload="transfer",
                topology=topology,
                alter=partial(_count, name=name, value=less),
                allowed=ANY if name in ("refused", "overflow", "expired", "in_flight") and less >= 0 else DOUBTFUL,
                files=(MANIFEST, OPS),
            )


def _count(folder: Folder, *, name: str, value: int) -> None:
    folder.manifest["load"][name] = value


def gtids(workload: str, topology: str) -> Cases:
    """Acknowledged GTIDs against the sets of the pods, and against each other."""
    acked = base(workload, topology).made["acked"]
    uuid = "00000000-0000-0000-0000-000000000001"
    ways: dict[str, Change] = {
        "of a source that no pod knows": lambda row: row | {"gtid": f"{uuid}:7"},
        "in no pod's set": lambda row: row | {"gtid": row["gtid"].partition(":")[0] + ":99999"},
        "unreadable": lambda row: row | {"gtid": "yesterday"},
        "without a number": lambda row: row | {"gtid": row["gtid"].partition(":")[0]},
        "number 0": lambda row: row | {"gtid": row["gtid"].partition(":")[0] + ":0"},
        "number past 2^63": lambda row: row | {"gtid": row["gtid"].partition(":")[0] + f":{2**64}"},
        "empty": lambda row: row | {"gtid": ""},
    }
    for how, change in ways.items():
        yield Case(
            kind="an acknowledged GTID",
            place=how,
            workload=workload,
            topology=topology,
            alter=partial(_op, key=acked[3], change=change),
            allowed=DOUBTFUL,
            files=(OPS,),
        )
    yield Case(
        kind="an acknowledged GTID",
        place="one for two keys",
        workload=workload,
        topology=topology,
        alter=partial(_same_gtid, keys=acked[3:5]),
        allowed=DOUBTFUL,
        files=(OPS,),
    )


def _same_gtid(folder: Folder, *, keys: list[str]) -> None:
    gtid = next(row["gtid"] for row in folder.rows(OPS) if row["key"] == keys[0])
    _op(folder, key=keys[1], change=lambda row: row | {"gtid": gtid})


def cases() -> Cases:
    for workload in WORKLOADS:
        yield from told_otherwise(workload, "group")
        yield from members(workload, "async")
        yield from cut(workload, "group")
        yield from gtids(workload, "group")
    for topology in TOPOLOGIES:
        yield from counts(topology)
    for topology in ("single", "async"):
        yield from cut("transfer", topology)
        yield from gtids("transfer", topology)
        yield from versions_told(topology)
