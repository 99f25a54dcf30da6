"""Appends: the elements of a transaction are in their lists exactly once if the transaction is there, else not at all.

Held against ``final/lists`` (k, elements as text with commas) and ``final/keys``: atomicity, and no element twice. An
element that nobody asked for fails too. Whether acknowledged transactions are there is durability's question, whether
what they read is possible that of isolation.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from checks.check import Check
from checks.evidence.ledger import MissingError, text
from checks.evidence.ops_values import parsed
from checks.evidence.tables import Tables, verdict_of
from checks.verdict import Verdict, unknown
from history.history import History

NAME = "append"
EXPECTED = "every element once where its transaction is there, and nowhere else"


def append(history: History) -> Verdict:
    """measured: elements (over all pods), and those that break missing, twice, torn (there although its transaction is
    not), strangers (nobody is known to have appended it; not judged where a killed load pod lost its last ops); and
    lists_twice."""
    tables = Tables(history)
    try:
        lists = tables.table("lists", numbers={}, words=["k", "elements"], unique=["k"])
        keys = tables.table("keys", numbers={}, words=["key"])
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    asked = _asked(history)
    if not asked:
        return unknown(NAME, expected=EXPECTED, reason="the ops hold no append")
    complete = not history.run.load.is_cut
    found: dict[str, list[dict[str, Any]]] = {"missing": [], "twice": [], "torn": [], "strangers": []}
    elements = 0
    for node, own in lists.groupby("node"):
        there = set(keys["key"][keys["node"] == node])
        stored: Counter[tuple[str, str]] = Counter()
        for k, held in zip(own["k"], own["elements"], strict=True):
            stored.update((k, element) for element in held.split(","))
        elements += sum(stored.values())
        for place, count in stored.items():
            key = asked.get(place)
            row = {"node": node, "list": place[0], "element": place[1], "key": key}
            if count > 1:
                found["twice"].append(row)
            if key is None:
                found["strangers"] += [row] if complete else []
            elif key not in there:
                found["torn"].append(row)
        found["missing"] += [
            {"node": node, "list": k, "element": element, "key": key}
            for (k, element), key in asked.items()
            if key in there and (k, element) not in stored
        ]
    # A pod without any list holds no element at all.
    for node in sorted(set(keys["node"]) - set(lists["node"])):
        there = set(keys["key"][keys["node"] == node])
        found["missing"] += [
            {"node": node, "list": k, "element": element, "key": key}
            for (k, element), key in asked.items()
            if key in there
        ]
    broken = {name: pd.DataFrame(rows) for name, rows in found.items()} | {"lists_twice": tables.broken["twice"]}
    return verdict_of(NAME, EXPECTED, broken, {"elements": elements})


def _asked(history: History) -> dict[tuple[str, str], str]:
    """(list, element) -> key of the transaction that appends it."""
    asked: dict[tuple[str, str], str] = {}
    for key, value in zip(history.ops["key"], history.ops["value"], strict=True):
        content = parsed(value)
        for micro_op in content if isinstance(content, list) else []:
            if isinstance(micro_op, list) and len(micro_op) == 3 and micro_op[0] == "append":
                asked[text(micro_op[1]), text(micro_op[2])] = text(key)
    return asked


CHECK = Check(
    name=NAME,
    question="is every element in its list once where its transaction is there, and nowhere else?",
    run=append,
    safety=True,
    workload="append",
)
