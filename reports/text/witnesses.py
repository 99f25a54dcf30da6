"""Each witness of a check as one sentence, and a difference between nodes as a phrase. Concludes nothing.

A witness is a row that a check names to show a failure; its shape depends on the check. One of a shape that is not
known here is told by its facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from checks.verdict import Verdict
from reports.text.units import facts, label, listed, money, plain

#: Tells a CLOCK_MONOTONIC time (ns) as people read it, such as ``13.8 s into the load``.
Clock = Callable[[int], str]


def witness_words(check: Verdict, clock: Clock) -> list[str]:
    """Each witness of a check as a sentence."""
    return [f"{_WITNESS.get(check.name, _any)(row, clock)}." for row in check.witness]


def _any(row: Mapping[str, Any], clock: Clock) -> str:
    return _general(row, clock)


def _general(row: Mapping[str, Any], clock: Clock | None = None) -> str:
    """A witness of any shape: what it is, then its facts, times in words."""
    shown = {
        name.removesuffix("_ns"): clock(value) if clock and name.endswith("_ns") and isinstance(value, int) else value
        for name, value in row.items()
        if name != "what" and value not in (None, [])
    }
    what = str(row["what"]) if "what" in row else ""
    return f"{label(what)}: {facts(shown)}" if what and shown else label(what) or facts(shown)


def _lost_row(row: Mapping[str, Any], clock: Clock) -> str:
    if "key" not in row or not (row.get("missing") or row.get("altered")):
        return _general(row, clock)
    who = f"transfer {row['key']} of {money(int(row['amount']))}" if row.get("amount") is not None else _named(row)
    when = f" {clock(int(row['end_ns']))}" if isinstance(row.get("end_ns"), int) else ""
    said = "acknowledged by" if "outcome" not in row else f"of {row['outcome']} outcome at"
    told = f"{who}, {said} {row.get('server') or 'a node that is not known'}{when}, is"
    if row.get("missing"):
        told += f" missing on {listed(map(str, row['missing']))}"
    if row.get("held_in_quarantine"):
        told += f"; only {listed(map(str, row['held_in_quarantine']))}, which is quarantined, holds it"
    if row.get("altered"):
        stored = "; ".join(facts(one) for one in row["altered"] if isinstance(one, Mapping))
        told += f"{' and' if row.get('missing') else ''} stored with other contents: {stored}"
    return told


def _named(row: Mapping[str, Any]) -> str:
    return f"{row.get('f') or 'transaction'} {row['key']}"


def _duplicate_row(row: Mapping[str, Any], clock: Clock) -> str:
    nodes: Sequence[Any] = row.get("nodes") or []
    if "key" not in row or "what" not in row:
        return _general(row, clock)
    return f"{row['key']}: {row['what']}" + (f", on {listed(map(str, nodes))}" if nodes else "")


def _balance_row(row: Mapping[str, Any], clock: Clock) -> str:
    if not {"account", "found", "expected"} <= row.keys() or "transfer" in row:
        return _general(row, clock)
    return (
        f"account {row['account']} on {row.get('node')} holds {plain(row['found'])}, expected {plain(row['expected'])}"
    )


def _convergence_row(row: Mapping[str, Any], clock: Clock) -> str:
    return _general(row, clock) if row.get("what") in (None, "gtid_executed", "checksum") else difference(row)


_WITNESS: Mapping[str, Callable[[Mapping[str, Any], Clock], str]] = {
    "durability": _lost_row,
    "duplicates": _duplicate_row,
    "conservation": _balance_row,
    "convergence": _convergence_row,
}


def difference(row: Mapping[str, Any]) -> str:
    """One difference between nodes."""
    what, found = row.get("what"), row.get("found")
    if what == "state":
        return f"{row.get('node')} is not in service at the end (state {plain(found) if found else 'not known'})"
    if what == "gtid_executed" and isinstance(found, Mapping):
        return f"they have not executed the same transactions ({_groups(found)})"
    if what == "checksum" and isinstance(found, Mapping) and "table" not in row:
        return f"of some table {listed(map(str, found))} {'has' if len(found) == 1 else 'have'} no checksum"
    if what == "checksum" and isinstance(found, Mapping):
        return f"table {row.get('table')} has other contents on some of them ({_groups(found)})"
    if what == "rows" and isinstance(found, Mapping):
        return f"table {row.get('table')} has other rows on some of them (rows: {_each(found)})"
    if what == "row" and isinstance(found, Mapping):
        return f"table {row.get('table')}: the row {facts(row.get('row') or {})} is there on {_each(found)} times"
    if what == "primaries":
        names = listed(found) if isinstance(found, list) and found else "none"
        return f"{names} {'is' if len(found or []) < 2 else 'are'} primary, and {row.get('expected')} should be"
    if what == "table":
        thing = f"table {row['table']}" if row.get("table") else "database to read"
        because = f"; {row['because']} was asked for" if row.get("because") else ""
        return f"{row.get('node')} has no {thing} ({plain(found)}{because})"
    if what == "pods":
        return f"there should be {row.get('expected')} nodes, and there are {listed(found) if found else 'none'}"
    return _general(row)


def _groups(values: Mapping[str, Any]) -> str:
    """Which nodes are alike: ``node1 and node2 alike, node3 differs``."""
    alike: dict[str, list[str]] = {}
    for node, value in values.items():
        alike.setdefault(str(value), []).append(str(node))
    groups = sorted(alike.values(), key=len, reverse=True)
    if len(groups) == 1:
        return listed(groups[0])
    head = f"{listed(groups[0])} alike, " if len(groups[0]) > 1 else ""
    rest = [node for group in (groups[1:] if head else groups) for node in group]
    return f"{head}{listed(rest)} {'differs' if len(rest) == 1 else 'differ'}"


def _each(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{node} {plain(value)}" for node, value in values.items())
