"""What a check found, in one sentence: the words of the page and the terminal.

Numbers come from ``measured`` and ``witness`` of a verdict; nothing is judged here. A check of a workload's own
invariants, whose witnesses are rows of its tables, is told by a general sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from checks.verdict import Verdict
from reports.text.units import count, duration, facts, label, listed, money, plain, scalars
from reports.text.witnesses import difference


def finding(check: Verdict) -> str:
    """One sentence: what the check found, or why it could not be decided."""
    if check.verdict == "unknown" and check.name == "latency" and "whole" in check.measured:
        return "Response times were measured; no gate limits them."
    if check.verdict == "unknown":
        return f"{check.name} could not be decided: {_reason(check)}."
    if check.verdict == "pass":
        return _PASSED.get(check.name, _held)(check)
    return _FAILED.get(check.name, _broken)(check)


def _reason(check: Verdict) -> str:
    return str(check.measured.get("reason") or "no reason given").rstrip(".")


def _held(check: Verdict) -> str:
    return f"{check.name} holds: {check.expected}."


def _broken(check: Verdict) -> str:
    """Of invariants that are counted by name: which are broken, and in how many rows."""
    first = check.witness[0] if check.witness else {}
    what = first.get("what") if not isinstance(check.measured.get(str(first.get("what"))), int) else None
    rows = {name: number for name, number in scalars(check.measured).items() if number and name in _invariants(check)}
    told = [f"{label(name)} does not hold in {_rows(number)}" for name, number in rows.items()]
    if what or not told:
        told.insert(0, str(what) if what else facts(scalars(check.measured)) or f"expected {check.expected}")
    return f"{check.name} failed: {'; '.join(told)}."


def _invariants(check: Verdict) -> set[str]:
    return {str(witness["what"]) for witness in check.witness if "what" in witness}


def _rows(number: Any) -> str:
    return "1 row" if number == 1 else f"{count(number)} rows"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _durability(check: Verdict) -> str:
    found = check.measured
    lost, altered, acked = (int(found.get(name) or 0) for name in ("lost", "altered", "acked"))
    what = "transfers" if found.get("lost_amount") is not None else "transactions"
    told = []
    if lost:
        amount = f" ({money(int(found['lost_amount']))})" if found.get("lost_amount") else ""
        told.append(
            f"{count(lost)} of {count(acked)} acknowledged {what}{amount} {_are(lost)} missing{_missing_on(check)}"
        )
    if altered:
        told.append(f"{count(altered)} stored {_one(altered, f'{what[:-1]} is', f'{what} are')} not what was asked for")
    told += _tables_gone(found.get("tables_gone") or {})
    if told:
        allowed = "" if check.verdict == "fail" else ", which the gates of this run allow"
        return f"{', and '.join(told)}{allowed}."
    if check.verdict == "fail":
        return _broken(check)
    if held := found.get("held"):
        return f"No money is lost: all {count(acked)} acknowledged {what} are on {listed(held)}; no node is in service."
    return f"No money is lost: all {count(acked)} acknowledged {what} are on every node in service."


def _tables_gone(tables_of: Mapping[str, list[str]]) -> list[str]:
    """``table entries is gone from node2 and node3``. tables_of: node -> tables; ``all`` for its whole database."""
    nodes_of: dict[str, list[str]] = {}
    for node, tables in tables_of.items():
        for table in tables:
            nodes_of.setdefault(table, []).append(node)
    return [
        f"the database is gone from {listed(nodes)}"
        if table == "all"
        else f"table {table} is gone from {listed(nodes)}"
        for table, nodes in nodes_of.items()
    ]


def _missing_on(check: Verdict) -> str:
    """Where they are missing: `` on node3``, `` on every node``, `` on node2 (1) and node3 (2)``."""
    lost, where = check.measured.get("lost"), check.measured.get("missing_on") or {}
    if not where:
        return ""
    if any(number != lost for number in where.values()):
        return f" on {listed(f'{node} ({count(number)})' for node, number in where.items())}"
    everywhere = len(where) > 1 and set(where) == set(check.measured.get("nodes") or [])
    return " on every node" if everywhere else f" on {listed(where)}"


#: Number in ``measured`` -> what it counts, of one and of several.
_Counted = tuple[tuple[str, str, str], ...]

_MADE_OR_DESTROYED: _Counted = (
    ("off", "balance is not its opening plus its entries", "balances are not their opening plus their entries"),
    ("negative", "account is overdrawn", "accounts are overdrawn"),
    ("strays", "entry is on an account that does not exist", "entries are on accounts that do not exist"),
    ("twice", "account is there more than once", "accounts are there more than once"),
    ("missing_rows", "node lacks accounts that set-up opened", "nodes lack accounts that set-up opened"),
    ("extra_rows", "account was never opened", "accounts were never opened"),
    ("openings", "node's accounts are not as they were opened", "nodes' accounts are not as they were opened"),
    ("nodes_off", "node's balances do not sum to its openings", "nodes' balances do not sum to their openings"),
)
_TWICE_OR_AGAINST: _Counted = (
    ("duplicated", "write is stored twice", "writes are stored twice"),
    (
        "failed_present",
        "write that the client was told had failed is in the database",
        "writes that the client was told had failed are in the database",
    ),
    ("unrequested", "stored write was never requested", "stored writes were never requested"),
    (
        "conflicting",
        "key was acknowledged for two different transfers",
        "keys were acknowledged for two different transfers each",
    ),
    ("acked_again", "attempt was acknowledged twice", "attempts were acknowledged twice"),
    ("one_gtid", "GTID is that of several writes", "GTIDs are those of several writes each"),
)


_BY_NO_PRIMARY: _Counted = (
    (
        "writes_out_of_turn",
        "write was accepted by a node after another had become primary",
        "writes were accepted by a node after another had become primary",
    ),
    (
        "acknowledged_at_old_primary",
        "write was accepted by the old primary after another had been made primary",
        "writes were accepted by the old primary after another had been made primary",
    ),
    (
        "writes_outside",
        "write was accepted by a node that was not a primary in service",
        "writes were accepted by a node that was not a primary in service",
    ),
)


def _counted(check: Verdict, kinds: _Counted) -> str:
    """What of these there is, such as ``2 writes are stored twice; 1 attempt was acknowledged twice``."""
    found = ((check.measured.get(name), one, many) for name, one, many in kinds)
    return "; ".join(f"{count(number)} {_one(number, one, many)}" for number, one, many in found if number)


def _one(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def _conservation(check: Verdict) -> str:
    if check.verdict == "pass":
        return "On every node the balances add up to the opening balances, account by account."
    told = _counted(check, _MADE_OR_DESTROYED)
    return f"Money was made or destroyed: {told}." if told else _broken(check)


def _duplicates(check: Verdict) -> str:
    if check.verdict == "pass":
        return "Nothing was stored twice, and nothing was stored that the client was told had failed."
    told = _counted(check, _TWICE_OR_AGAINST)
    return f"{told}." if told else _broken(check)


def _torn(check: Verdict) -> str:
    if check.verdict == "pass":
        return "Every transfer is stored with both of its entries, or not at all."
    torn, orphans = (int(check.measured.get(name) or 0) for name in ("torn", "orphan_entries"))
    told = [f"{count(torn)} {_one(torn, 'transfer is', 'transfers are')} stored only in part"] if torn else []
    told += [f"{count(orphans)} {_one(orphans, 'entry has', 'entries have')} no transfer"] if orphans else []
    return f"{'; '.join(told)}." if told else _broken(check)


def _availability(check: Verdict) -> str:
    outage = duration(check.measured.get("write_outage_ms"))
    if check.verdict == "pass":
        return f"Writes were acknowledged, also after the last fault; the longest write outage was {outage}."
    kinds = dict.fromkeys(_service(str(row.get("what")), check.measured) for row in check.witness)
    return f"Service failed: {'; '.join(kinds)}; the longest write outage was {outage}."


def _service(what: str, found: Mapping[str, Any]) -> str:
    """What was wrong, with its number where it has one that the sentence does not tell anyway."""
    if what == "brown-out":
        return f"fewer than half of the wanted writes were acknowledged for {duration(found.get('brownout_ms'))}"
    if what == "read outage":
        return f"no read was answered for {duration(found.get('read_outage_ms'))}"
    if what == "too few of the wanted writes succeeded":
        return f"{what}, {100 * float(found.get('success_ratio') or 0):.1f} %"
    return what


def _latency(check: Verdict) -> str:
    if check.verdict == "pass":
        return "Response times are within their gates."
    return f"Response times exceed their gates: {'; '.join(_words_of_gate(row) for row in check.witness)}."


def _words_of_gate(row: Mapping[str, Any]) -> str:
    if "gate" not in row:
        return facts(row)
    if "found_ms" not in row:
        return f"{label(str(row['gate']))} is not known, {plain(row.get('found'))}"
    found, allowed = duration(row["found_ms"]), duration(row.get("expected_ms"))
    return f"{label(str(row['gate']))} was {found}, at most {allowed} is allowed"


def _convergence(check: Verdict) -> str:
    if check.verdict == "pass":
        aside = sorted(check.measured.get("quarantined") or [])
        return "All nodes hold the same transactions and rows" + (f", but {listed(aside)}." if aside else ".")
    told = list(dict.fromkeys(difference(row) for row in check.witness if row.get("what") != "row"))
    more = f"; and {count(len(told) - _SHOWN)} more differences" if len(told) > _SHOWN else ""
    return f"The nodes do not agree: {'; '.join(told[:_SHOWN])}{more}." if told else _broken(check)


#: Differences between nodes that one sentence tells.
_SHOWN = 3


def _replication(check: Verdict) -> str:
    found = check.measured
    if check.verdict == "pass":
        stale = found.get("writes_at_old_primary") or 0
        gone = _one(stale, "write went to the old primary", "writes went to the old primary")
        late = f" {count(stale)} {gone} after another had been made the primary." if stale else ""
        return f"There were never two primaries that clients could write to.{late}"
    told = []
    if found.get("two_primaries_reachable_ms"):
        told.append(f"clients could write to two primaries for {duration(found['two_primaries_reachable_ms'])}")
    told += [counted] if (counted := _counted(check, _BY_NO_PRIMARY)) else []
    kinds = [str(row["what"]) for row in check.witness if "what" in row]
    return f"Split brain: {'; '.join(told or dict.fromkeys(kinds)) or check.expected}."


_FAILED: Mapping[str, Callable[[Verdict], str]] = {
    "durability": _durability,
    "conservation": _conservation,
    "duplicates": _duplicates,
    "torn": _torn,
    "availability": _availability,
    "latency": _latency,
    "convergence": _convergence,
    "replication": _replication,
}
_PASSED = _FAILED
