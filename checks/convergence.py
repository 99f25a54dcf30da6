"""Convergence: after healing, all pods are in service with the same data, and the right number of them is primary.

Held against nodes.json (member state, GTID sets, table checksums) and against the rows of every final table. A wait for
convergence that timed out shows here as a pod that is not ONLINE or has another GTID set. A table that a pod in service
says it does not have is a difference; a pod in service that could not be asked for its rows is compared with nothing,
and leaves it open whether it agrees (`checks.evidence.unread`). A quarantined pod is set apart, which is right if it
was decided. It does not ask whether what they agree on is right (durability, conservation).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from checks.check import Check
from checks.evidence.amounts import whole
from checks.evidence.ledger import coded, serves, tabled_nodes, text
from checks.evidence.quarantine import errant_transactions, final_tables, in_quarantine_at_end, quarantined
from checks.evidence.unread import filters, unread
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
from history import gtid
from history.history import History

NAME = "convergence"
EXPECTED = "all nodes ONLINE with the same transactions and rows, quarantined ones aside"
ROWS_SHOWN_PER_TABLE = 5
ROLES = ("primary", "replica")


def convergence(history: History) -> Verdict:
    """Judge final/nodes.json and all final tables; either alone will do.

    measured: nodes (names, but for quarantined), tables (name -> rows on each node), quarantined (pod -> its errant
    GTID set), and note "single pod" where nothing can differ. A quarantined pod is compared with nothing, but the
    control plane must have decided it. not_read: pod in service -> why it could not be asked for its rows; then what
    the others agree on decides nothing.
    """
    records = {name: node if isinstance(node, Mapping) else {} for name, node in (history.nodes or {}).items()}
    found = sorted({*records, *tabled_nodes(history)})
    if not found:
        nobody = "neither final/nodes.json nor a final table names a node"
        return unknown(NAME, expected=EXPECTED, reason="no node was left at the end" if history.nodes == {} else nobody)
    errant = errant_transactions(history.decisions)
    set_aside = {name: errant[name].gtid_set if name in errant else None for name in sorted(quarantined(history))}
    silent = {
        one.node: one.words
        for one in unread(records)
        if not one.gone and serves(records[one.node]) and one.node not in set_aside
    }
    nodes = [name for name in found if name not in set_aside and name not in silent]
    measured: dict[str, Any] = {"nodes": nodes, "tables": {}, "quarantined": set_aside}
    served = {name: node for name, node in records.items() if name in nodes}
    tables = {name: frame for name, frame in sorted(final_tables(history).items()) if "node" in frame.columns}
    tabled = any(len(frame) for frame in tables.values())
    answering = {name: node for name, node in records.items() if name not in set_aside}
    witness = _gone(answering, filters(history.manifest))
    witness += _nodes_apart(served, tabled=tabled) if served else []
    witness += _roles_apart(answering, history.run.topology.primaries_meant)
    if history.nodes is not None:
        witness += [
            {"what": "pod", "node": name, "expected": "to be in final/nodes.json", "found": "in tables alone"}
            for name in nodes
            if name not in records
        ]
    pods = history.run.topology.pods_meant_at_end
    if pods is not None and len(found) != pods:
        witness.append({"what": "pods", "expected": pods, "found": found})
    for name in sorted(set_aside.keys() - in_quarantine_at_end(history.decisions)):
        witness.append({"what": "quarantined", "node": name, "expected": "a decision that says why", "found": None})
    if not nodes and not silent:
        witness.append({"what": "pods in service", "expected": "at least one", "found": []})
    for name, frame in tables.items() if nodes else ():
        measured["tables"][name], apart = _table_apart(name, frame, nodes)
        witness += apart
    if len(found) == 1:
        measured["note"] = "single pod"
    if silent:
        told = "; ".join(f"{name} could not be read at the end: {why}" for name, why in silent.items())
        measured |= {"not_read": silent, "reason": told}
    verdict: Outcome = "fail" if witness else "unknown" if silent else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=EXPECTED, measured=measured, witness=witness[:WITNESS_LIMIT])


def _gone(records: Mapping[str, Mapping[str, Any]], because: str) -> list[dict[str, Any]]:
    """Tables that a pod in service says it does not have. because: the user's options that may be why."""
    return [
        {
            "what": "table",
            "node": one.node,
            "table": one.table,
            "expected": "to be there",
            "found": one.words,
            **({"because": because} if because else {}),
        }
        for one in unread(records)
        if one.gone and serves(records[one.node])
    ]


def _nodes_apart(records: Mapping[str, Mapping[str, Any]], *, tabled: bool) -> list[dict[str, Any]]:
    """What pods in nodes.json say of themselves that is not equal, or that they do not say. tabled: whether there are
    final tables, so that there is something to have checksums of."""
    apart: list[dict[str, Any]] = [
        {"what": "state", "node": name, "expected": "ONLINE", "found": node.get("state")}
        for name, node in records.items()
        if not serves(node)
    ]
    gtids = {name: node.get("gtid_executed") for name, node in records.items()}
    sets = [gtid.read(found) for found in gtids.values()]
    if any("gtid_executed" in node for node in records.values()) and (
        None in sets or any(one != sets[0] for one in sets)
    ):
        apart.append({"what": "gtid_executed", "expected": "equal sets", "found": gtids})
    return [*apart, *_checksums_apart(records, tabled=tabled)]


def _checksums_apart(records: Mapping[str, Mapping[str, Any]], *, tabled: bool) -> list[dict[str, Any]]:
    if not any("checksums" in node for node in records.values()):
        return []  # of another tool: then the rows alone are compared
    sums = {name: node.get("checksums") for name, node in records.items()}
    tables = sorted({str(table) for found in sums.values() if isinstance(found, Mapping) for table in found})
    if not tables and tabled:
        return [{"what": "checksum", "expected": "one of each table", "found": sums}]
    apart: list[dict[str, Any]] = []
    for table in tables:
        found = {name: own.get(table) if isinstance(own, Mapping) else None for name, own in sums.items()}
        values = list(found.values())
        if whole(values[0]) is None or any(value != values[0] for value in values):
            apart.append({"what": "checksum", "table": table, "expected": "equal", "found": found})
    return apart


def _roles_apart(records: Mapping[str, Mapping[str, Any]], primaries: int) -> list[dict[str, Any]]:
    if not any("role" in node for node in records.values()):
        return []
    roles = {name: node.get("role") for name, node in records.items()}
    apart: list[dict[str, Any]] = [
        {"what": "role", "node": name, "expected": " or ".join(ROLES), "found": role}
        for name, role in roles.items()
        if role not in ROLES
    ]
    leaders = [name for name, role in roles.items() if role == "primary"]
    if len(leaders) != primaries:
        apart.append({"what": "primaries", "expected": primaries, "found": leaders})
    return apart


def _table_apart(name: str, frame: pd.DataFrame, nodes: list[str]) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Rows on each node, and a few of the rows that are not on all of them equally often. Order does not matter."""
    (places, _), names = coded(frame["node"], pd.Series(nodes, dtype="str"))
    rows = {node: int((places == names.index(node)).sum()) for node in nodes}
    content = frame.drop(columns="node")
    texts = [column for column in content.columns if pd.api.types.is_object_dtype(content[column].dtype)]
    content = content.assign(
        **{column: pd.Series(map(_cell, content[column]), content.index, dtype="str") for column in texts}
    )
    hashes = (
        pd.util.hash_pandas_object(content, index=False).to_numpy()
        if len(content.columns)
        else np.zeros(len(frame), dtype=np.uint64)
    )
    # The sum of 64-bit row hashes (wrapping) is the same for the same rows in any order, and counts repeats.
    digests = {(rows[node], int(hashes[places == names.index(node)].sum())) for node in nodes}
    if len(digests) == 1:
        return rows, []
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    counts = np.array([np.bincount(group[places == names.index(node)], minlength=len(first)) for node in nodes])
    uneven = np.flatnonzero((counts != counts[0]).any(axis=0))
    witness: list[dict[str, Any]] = [{"what": "rows", "table": name, "expected": "equal", "found": rows}]
    for i in uneven[:ROWS_SHOWN_PER_TABLE]:
        row = {str(column): _shown(frame[column].iloc[int(first[i])]) for column in content.columns}
        held = dict(zip(nodes, counts[:, i].tolist(), strict=True))
        witness.append({"what": "row", "table": name, "row": row, "expected": "on all pods", "found": held})
    return rows, witness


def _shown(value: object) -> str:
    words = text(value)
    return "null" if words == text(None) else words


def _cell(value: object) -> str:
    """A cell of any kind as text; two of them have the same text only if they are equal."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return repr(value)


CHECK = Check(
    name=NAME,
    question="do all pods hold the same rows after healing?",
    run=convergence,
    safety=True,
)
