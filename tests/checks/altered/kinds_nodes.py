"""What pods showed at the end and while the run went on: nodes.json and observed.parquet."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.checks.altered.bases import TOPOLOGIES, at_ns, base
from tests.checks.altered.cases import ANY, DOUBTFUL, LOST, Case, Cases
from tests.checks.altered.folders import NODES, OBSERVED, Folder, Row
from tests.checks.altered.observed import KILL_MS


def _case(
    kind: str, place: str, topology: str, alter: Callable[[Folder], None], allowed: frozenset[str], file: str
) -> Case:
    return Case(
        kind=kind, place=place, workload="transfer", topology=topology, alter=alter, allowed=allowed, files=(file,)
    )


def _node(folder: Folder, *, pods: tuple[str, ...], changes: Row) -> None:
    for pod in pods:
        folder.objects[NODES][pod].update(changes)


def _put(folder: Folder, *, pod: str, value: Any) -> None:
    if value is KeyError:
        del folder.objects[NODES][pod]
    else:
        folder.objects[NODES][pod] = value


def records(topology: str) -> Cases:
    """Each key of a record, of one pod and of all."""
    pods = tuple(base("transfer", topology).pods)
    ways: dict[str, tuple[Row, frozenset[str]]] = {
        "checksums null": ({"checksums": None}, DOUBTFUL),
        "checksums a list": ({"checksums": [1]}, DOUBTFUL),
        "checksums text": ({"checksums": "7"}, DOUBTFUL),
        "a checksum null": ({"checksums": {"accounts": None, "transfers": None, "entries": None}}, DOUBTFUL),
        "state null": ({"state": None}, ANY),
        "state OFFLINE": ({"state": "OFFLINE"}, DOUBTFUL),
        "state RECOVERING": ({"state": "RECOVERING"}, DOUBTFUL),
        "state UNREACHABLE": ({"state": "UNREACHABLE"}, DOUBTFUL),
        "state QUARANTINED": ({"state": "QUARANTINED"}, DOUBTFUL),
        "state online": ({"state": "online"}, DOUBTFUL),
        "state fine": ({"state": "fine"}, DOUBTFUL),
        "state a number": ({"state": 7}, DOUBTFUL),
        "role master": ({"role": "master"}, DOUBTFUL),
        "role a list": ({"role": ["primary"]}, DOUBTFUL),
        "gtid_executed null": ({"gtid_executed": None}, DOUBTFUL),
        "gtid_executed empty": ({"gtid_executed": ""}, DOUBTFUL),
        "gtid_executed unreadable": ({"gtid_executed": "all of them"}, DOUBTFUL),
        "gtid_executed a number": ({"gtid_executed": 7}, DOUBTFUL),
        "gtid_executed past 2^63": ({"gtid_executed": f"55a71968-15fa-4724-8787-7aa8d8181dfb:1-{2**70}"}, DOUBTFUL),
        "gtid_executed of a few": ({"gtid_executed": "55a71968-15fa-4724-8787-7aa8d8181dfb:1-7"}, DOUBTFUL),
    }
    said: dict[str, Any] = {
        "a table gone": [{"table": "entries", "errno": 1146, "error": "Table 'meshbench.entries' doesn't exist"}],
        "the database gone": [{"table": None, "errno": 1049, "error": "Unknown database 'meshbench'"}],
        "not asked": [{"table": None, "errno": 2013, "error": "Lost connection"}],
        "not asked without a number": [{"table": "entries", "errno": None, "error": "it did not answer"}],
        "without words": [{}],
        "text": "entries",
        "numbers": [1146],
    }
    ways |= {f"unread: {how}": ({"unread": entries}, DOUBTFUL) for how, entries in said.items()}
    for how, (changes, allowed) in ways.items():
        for own in {pods[-1:], pods}:
            place = f"{how}, {'all pods' if own == pods else 'one pod'}"
            yield _case(
                "nodes.json: a record", place, topology, partial(_node, pods=own, changes=changes), allowed, NODES
            )
    others: dict[str, Any] = {
        "gone": KeyError,
        "null": None,
        "empty": {},
        "a list": [1],
        "text": "ONLINE",
        "a number": 7,
    }
    for how, value in others.items():
        yield _case(
            "nodes.json: a pod",
            f"{pods[-1]} {how}",
            topology,
            partial(_put, pod=pods[-1], value=value),
            DOUBTFUL,
            NODES,
        )
    like = base("transfer", topology).objects[NODES][pods[-1]] | {"role": "replica"}
    yield _case(
        "nodes.json: a pod", "one more", topology, partial(_put, pod="node9", value=dict(like)), DOUBTFUL, NODES
    )
    for number in range(2, len(pods) + 1):
        yield _case(
            "nodes.json: primaries",
            f"{number}",
            topology,
            partial(_node, pods=pods[-number:], changes={"role": "primary"}),
            DOUBTFUL,
            NODES,
        )
    yield _case(
        "nodes.json: primaries",
        "none",
        topology,
        partial(_node, pods=pods, changes={"role": "replica"}),
        DOUBTFUL,
        NODES,
    )
    if topology != "single":
        other = {"checksums": dict.fromkeys(("accounts", "transfers", "entries"), 4711)}
        yield _case(
            "nodes.json: a record",
            "checksums differ",
            topology,
            partial(_node, pods=("node3",), changes=other),
            LOST,
            NODES,
        )
        yield _case(
            "nodes.json: a record",
            "checksums of no table, one pod",
            topology,
            partial(_node, pods=("node3",), changes={"checksums": {}}),
            DOUBTFUL,
            NODES,
        )


def _samples(folder: Folder, *, keep: Callable[[Row], bool]) -> None:
    folder.put(OBSERVED, [row for row in folder.rows(OBSERVED) if keep(row)])


def blind(topology: str) -> Cases:
    """The observer saw less than the run."""
    kill_ns = at_ns(KILL_MS)
    ways: dict[str, Callable[[Row], bool]] = {
        "nothing at all": lambda row: False,
        "one sample": lambda row: bool(row["at_ns"] == at_ns(-500)),
        "the first second": lambda row: row["at_ns"] < at_ns(1_000),
        "nothing after the fault": lambda row: row["at_ns"] < kill_ns,
        "nothing before the fault": lambda row: row["at_ns"] > kill_ns + 10**9,
        "a gap over the fault": lambda row: not kill_ns - 5 * 10**8 < row["at_ns"] < kill_ns + 3 * 10**9,
        "a gap in the end": lambda row: not at_ns(8_000) < row["at_ns"] < at_ns(12_200),
        "one sample each two seconds": lambda row: bool((row["at_ns"] - at_ns(-500)) % (2 * 10**9) < 5 * 10**6),
        "no pod": lambda row: bool(row["kind"] == "proxy"),
        "not the killed pod": lambda row: bool(row["name"] != "node1"),
    }
    if topology != "single":
        ways["not one replica"] = lambda row: bool(row["name"] != "node3")
        ways["not the new primary over the fault"] = lambda row: (
            row["name"] != "node2" or not kill_ns < row["at_ns"] < kill_ns + 3 * 10**9
        )
    for how, keep in ways.items():
        allowed = ANY if topology == "single" else DOUBTFUL
        yield _case("the observer was blind", how, topology, partial(_samples, keep=keep), allowed, OBSERVED)


def _shown(folder: Folder, *, chosen: Callable[[Row], bool], changes: Row) -> None:
    assert folder.edit(OBSERVED, chosen, lambda row: row | changes)


def _of_pod(row: Row) -> bool:
    return bool(row["kind"] == "pod" and row["up"])


def words(topology: str) -> Cases:
    """Words that no pod and no proxy says."""
    some = at_ns(8_000)
    ways: dict[str, tuple[Callable[[Row], bool], Row, frozenset[str]]] = {
        "kind host, all": (lambda row: True, {"kind": "host"}, DOUBTFUL),
        "kind host, one": (lambda row: bool(row["at_ns"] == some), {"kind": "host"}, DOUBTFUL),
        "kind empty, one": (lambda row: bool(row["at_ns"] == some), {"kind": ""}, DOUBTFUL),
        "name empty, one": (lambda row: bool(row["at_ns"] == some), {"name": ""}, ANY),
        "a pod that is not there": (lambda row: bool(row["at_ns"] == some), {"name": "node9"}, ANY),
        "role leader, one": (lambda row: bool(row["at_ns"] == some), {"role": "leader"}, DOUBTFUL),
        "role PRIMARY, all": (_of_pod, {"role": "PRIMARY"}, DOUBTFUL),
        "role null, all": (_of_pod, {"role": None}, ANY if topology == "single" else DOUBTFUL),
        "read_only null, all": (_of_pod, {"read_only": None}, ANY if topology == "single" else DOUBTFUL),
        "never up": (lambda row: True, {"up": False}, ANY if topology == "single" else DOUBTFUL),
        "view no JSON": (_of_pod, {"view": "}{"}, ANY),
        "view a list": (_of_pod, {"view": "[1]"}, ANY),
        "view nested": (_of_pod, {"view": '{"a":' * 5000}, ANY),
        "view of numbers": (_of_pod, {"view": '{"node1": 7, "node2": null}'}, ANY),
        "endpoints no JSON": (lambda row: bool(row["kind"] == "proxy"), {"endpoints": "}{"}, ANY),
        "endpoints of numbers": (lambda row: bool(row["kind"] == "proxy"), {"endpoints": '{"write": 7}'}, ANY),
        "endpoints odd": (lambda row: bool(row["kind"] == "proxy"), {"endpoints": '{"write": {"node1": [1]}}'}, ANY),
        "GTIDs unreadable": (_of_pod, {"gtid_executed": "none"}, ANY),
        "lag NaN": (_of_pod, {"lag_ms": float("nan")}, ANY),
        "lag infinite": (_of_pod, {"lag_ms": float("inf")}, ANY),
        "lag negative": (_of_pod, {"lag_ms": -5e9}, ANY),
    }
    for how, (chosen, changes, allowed) in ways.items():
        yield _case(
            "a word of the observer", how, topology, partial(_shown, chosen=chosen, changes=changes), allowed, OBSERVED
        )


def two_primaries(topology: str) -> Cases:
    """For a second, node3 takes writes beside the primary: behind the gateway, which sends writes to both."""

    def both(folder: Folder, *, pooled: bool, state: str) -> None:
        window = range(at_ns(9_000), at_ns(10_000))
        shown = {"role": "primary", "read_only": False, "state": state}
        _shown(folder, chosen=lambda row: row["name"] == "node3" and row["at_ns"] in window, changes=shown)
        if pooled:
            pool = {pod: {"healthy": pod != "node1", "connections": 1, "cut": 0} for pod in folder.pods}
            endpoints = json.dumps({"write": pool, "read": pool})
            _shown(
                folder,
                chosen=lambda row: row["kind"] == "proxy" and row["at_ns"] in window,
                changes={"endpoints": endpoints},
            )

    for state in ("ONLINE", "OFFLINE", "ERROR"):
        yield _case(
            "two writable primaries",
            f"both in the write pool, {state}",
            topology,
            partial(both, pooled=True, state=state),
            LOST,
            OBSERVED,
        )
        yield _case(
            "two writable primaries",
            f"one out of the pool, {state}",
            topology,
            partial(both, pooled=False, state=state),
            ANY,
            OBSERVED,
        )


def cases() -> Cases:
    for topology in TOPOLOGIES:
        yield from records(topology)
        yield from blind(topology)
        yield from words(topology)
        if topology != "single":
            yield from two_primaries(topology)
