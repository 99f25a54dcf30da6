"""Every value of the manifest replaced by one of another kind; and gates that say nothing, or what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.checks.altered.bases import base
from tests.checks.altered.cases import ANY, DOUBTFUL, UNREADABLE, Case, Cases
from tests.checks.altered.folders import MANIFEST, Folder

Path = tuple[str, ...]
OTHERS: dict[str, Any] = {
    "null": None,
    "list": [1, ["x"]],
    "text": "many",
    "object": {"a": {"b": 1}},
    "NaN": float("nan"),
    "negative": -7,
    "past 2^63": 2**70,
    "true": True,
}
#: Parts that are shown at most: whatever stands there, the run is judged or the file refused.
GATE_UNKNOWN = ("wrte_outage_ms", "write_outage", "Lost", "los", "response_p99", "max_lag", "", "durability")


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Of every object and value, but those of lists."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*at, key))


def replaced(topology: str) -> Cases:
    manifest = base("transfer", topology).manifest
    for path in paths(manifest):
        if path[0] in ("variables", "versions", "images") and len(path) > 2:
            continue
        for how, other in OTHERS.items():
            gate = path[0] == "gates" and len(path) > 1
            yield Case(
                kind=f"a value of the manifest: {how}",
                place=".".join(path),
                workload="transfer",
                topology=topology,
                alter=partial(_replace, path=path, other=other),
                allowed=_allowed(path, how, gate=gate),
                files=(MANIFEST,),
            )
        yield Case(
            kind="a value of the manifest: gone",
            place=".".join(path),
            workload="transfer",
            topology=topology,
            alter=partial(_remove, path=path),
            allowed=ANY,
            files=(MANIFEST,),
        )


def _allowed(path: Path, how: str, *, gate: bool) -> frozenset[str]:
    if gate and how in ("list", "text", "object", "NaN", "true", "negative"):
        return UNREADABLE
    if path == ("gates",) and how != "null":
        return UNREADABLE
    if path in (("topology", "kind"), ("mesh", "mode")) and how in ("text", "list", "object"):
        return DOUBTFUL
    return ANY


def _replace(folder: Folder, *, path: Path, other: Any) -> None:
    _at(folder, path[:-1])[path[-1]] = other


def _remove(folder: Folder, *, path: Path) -> None:
    del _at(folder, path[:-1])[path[-1]]


def _only_gate(folder: Folder, *, name: str, limit: float) -> None:
    """Of a folder whose scenario does not say which gates it had."""
    folder.manifest["gates"][name] = limit
    del folder.manifest["scenario"]["gates"]


def _at(folder: Folder, path: Path) -> dict[str, Any]:
    place = folder.manifest
    for key in path:
        place = place[key]
    return place


def gates(topology: str) -> Cases:
    for name in GATE_UNKNOWN:
        yield Case(
            kind="a gate that nobody knows",
            place=name or "(empty)",
            workload="transfer",
            topology=topology,
            alter=partial(_replace, path=("gates", name), other=1000),
            allowed=UNREADABLE,
            files=(MANIFEST,),
        )
    required: tuple[Any, ...] = (
        ["durabilty"],
        [""],
        [7],
        [None],
        [["durability"]],
        "durability",
        {"durability": True},
        1,
    )
    for words in required:
        yield Case(
            kind="gate require: words nobody knows",
            place=str(words),
            workload="transfer",
            topology=topology,
            alter=partial(_replace, path=("gates", "require"), other=words),
            allowed=DOUBTFUL,
            files=(MANIFEST,),
        )
    for name in ("tpcb", "smallbank", "tpcc", "append", "staleness"):
        yield Case(
            kind="a gate without evidence",
            place=f"require {name}, of another workload",
            workload="transfer",
            topology=topology,
            alter=partial(_replace, path=("gates", "require"), other=[name]),
            allowed=DOUBTFUL,
            files=(MANIFEST,),
        )
    yield Case(
        kind="a gate without evidence",
        place="stale_reads of transfers",
        workload="transfer",
        topology=topology,
        alter=partial(_replace, path=("gates", "stale_reads"), other=0),
        allowed=DOUBTFUL,
        files=(MANIFEST,),
    )
    for name, limit in (("min_acked", 10_000), ("write_outage_ms", 1), ("response_p99_ms", 0.001)):
        yield Case(
            kind="a gate that is not held",
            place=f"{name}: {limit}",
            workload="transfer",
            topology=topology,
            alter=partial(_only_gate, name=name, limit=limit),
            allowed=frozenset({"fail"}),
            files=(MANIFEST,),
        )
    yield Case(
        kind="gates: all gone",
        place="null",
        workload="transfer",
        topology=topology,
        alter=partial(_replace, path=("gates",), other=None),
        allowed=UNREADABLE,
        files=(MANIFEST,),
    )


def noise(topology: str) -> Cases:
    bad: tuple[tuple[Path, Any], ...] = (
        (("load", "complete"), False),
        (("load", "lateness_ms", "p99"), 5000.0),
        (("host", "steal_percent"), 90.0),
    )
    for path, value in bad:
        yield Case(
            kind="the load ran late, ended early, or the host was busy",
            place=".".join(path),
            workload="transfer",
            topology=topology,
            alter=partial(_replace, path=path, other=value),
            allowed=DOUBTFUL,
            files=(MANIFEST,),
        )
    other: tuple[tuple[Path, Any], ...] = (
        (("topology", "pods"), 5),
        (("topology", "pods_at_end"), 9),
        (("topology", "kind"), "ring"),
        (("mesh", "mode"), "none"),
        (("scenario", "workload", "name"), "transfers"),
    )
    for path, value in other:
        yield Case(
            kind="the manifest speaks of another system",
            place=f"{'.'.join(path)}: {value}",
            workload="transfer",
            topology=topology,
            alter=partial(_replace, path=path, other=value),
            allowed=DOUBTFUL,
            files=(MANIFEST, "final/nodes.json"),
        )


def cases() -> Cases:
    yield from replaced("group")
    for topology in ("single", "async", "group"):
        yield from gates(topology)
        yield from noise(topology)
