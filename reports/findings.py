"""What a check found, in one sentence: the words of the page and the terminal.

Numbers come from ``measured`` and ``witness`` of a verdict; nothing is judged here. A check of a workload's own
invariants, whose witnesses are rows of its tables, is told by a general sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from checks.verdict import Verdict
from reports.units import count, duration, facts, label, listed, money, plain, scalars
from reports.witnesses import difference


def finding(check: Verdict) -> str:
    """One sentence: what the check found, or why it could not be decided."""
    if check.verdict == "unknown" and check.name == "latency" and "whole" in check.measured:
        return "Response times were measured, and no gate limits them."
    if check.verdict == "unknown":
        return f"{check.name} could not be decided: {_reason(check)}."
    if check.verdict == "pass":
        return _PASSED.get(check.name, _held)(check)
    return _FAILED.get(check.name, _broken)(check)


def _reason(check: Verdict) -> str:
    return str(check.measured.get("reason") or "it says no reason").rstrip(".")


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
        told.append(
            f"{count(altered)} of {count(acked)} acknowledged {what} {_are(altered)} stored with other contents"
        )
    if told:
        return f"{', and '.join(told)}."
    if check.verdict == "fail":
        return _broken(check)
    return f"No money is lost: all {count(acked)} acknowledged {what} are on every node."


def _missing_on(check: Verdict) -> str:
    """Where the witnesses are missing: `` on node3``, `` on every node``; nothing where no witness says so."""
    where = sorted({node for row in check.witness for node in row.get("missing") or []})
    if not where:
        return ""
    everywhere = set(where) == set(check.measured.get("nodes") or [])
    return " on every node" if everywhere and len(where) > 1 else f" on {listed(where)}"


def _conservation(check: Verdict) -> str:
    if check.verdict == "pass":
        return "On every node the balances add up to what was opened with, account by account."
    told = [
        f"{count(number)} {_one(number, one, many)}"
        for name, one, many in (
            ("off", "balance is not its opening plus its entries", "balances are not their opening plus their entries"),
            ("negative", "account is overdrawn", "accounts are overdrawn"),
            ("strays", "entry is on an account that does not exist", "entries are on accounts that do not exist"),
            ("nodes_off", "node's balances do not sum to its openings", "nodes' balances do not sum to their openings"),
        )
        if (number := check.measured.get(name))
    ]
    return f"Money was made or destroyed: {'; '.join(told)}." if told else _broken(check)


def _one(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def _duplicates(check: Verdict) -> str:
    if check.verdict == "pass":
        return "Nothing happened twice, and nothing happened after the client was told that it did not."
    told = [
        f"{count(number)} {_one(number, one, many)}"
        for name, one, many in (
            ("duplicated", "write is stored twice", "writes are stored twice"),
            (
                "failed_present",
                "write that the client was told had failed is in the database",
                "writes that the client was told had failed are in the database",
            ),
            ("unrequested", "stored write was asked for by nobody", "stored writes were asked for by nobody"),
            (
                "conflicting",
                "key was acknowledged for two different transfers",
                "keys were acknowledged for two different transfers each",
            ),
            ("acked_again", "attempt was acknowledged twice", "attempts were acknowledged twice"),
        )
        if (number := check.measured.get(name))
    ]
    return f"{'; '.join(told)}." if told else _broken(check)


def _torn(check: Verdict) -> str:
    if check.verdict == "pass":
        return "Every transfer is there with both of its entries, or not at all."
    torn, orphans = (int(check.measured.get(name) or 0) for name in ("torn", "orphan_entries"))
    told = [f"{count(torn)} {_one(torn, 'transfer is', 'transfers are')} there only in part"] if torn else []
    told += [f"{count(orphans)} {_one(orphans, 'entry has', 'entries have')} no transfer"] if orphans else []
    return f"{'; '.join(told)}." if told else _broken(check)


def _availability(check: Verdict) -> str:
    outage = duration(check.measured.get("write_outage_ms"))
    if check.verdict == "pass":
        return f"Writes were acknowledged, and again after the last fault; the longest write outage was {outage}."
    kinds = dict.fromkeys(_service(str(row.get("what")), check.measured) for row in check.witness)
    return f"Service failed: {'; '.join(kinds)}; the longest write outage was {outage}."


def _service(what: str, found: Mapping[str, Any]) -> str:
    """What was wrong, with its number where it has one that the sentence does not tell anyway."""
    if what == "brown-out":
        return f"fewer than half of the writes wanted were acknowledged for {duration(found.get('brownout_ms'))}"
    if what == "read outage":
        return f"no read was answered for {duration(found.get('read_outage_ms'))}"
    if what == "too few of the wanted writes succeeded":
        return f"{what}, {100 * float(found.get('success_ratio') or 0):.1f} %"
    return what


def _latency(check: Verdict) -> str:
    if check.verdict == "pass":
        return "Response times kept their gates."
    return f"Response times broke their gates: {'; '.join(_words_of_gate(row) for row in check.witness)}."


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
        return "There were never two primaries that clients could write to."
    told = []
    if found.get("two_primaries_reachable_ms"):
        told.append(f"clients could write to two primaries for {duration(found['two_primaries_reachable_ms'])}")
    if found.get("writes_out_of_turn"):
        strays = found["writes_out_of_turn"]
        told.append(f"{count(strays)} {_one(strays, 'write was', 'writes were')} taken by a node that was not primary")
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
