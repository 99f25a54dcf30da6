"""Durability: every write the database acknowledged is on every pod in service; a transfer is what was asked for.

Jepsen's set checker on money: an acknowledged key that is missing is lost, and so is one whose GTID is not in
gtid_executed of a pod in service: that pod would hand it to nobody. A key whose outcome was unknown is resolved to
present or absent, and either is right; but any row that is there must be one of those asked for under its key. What
only a quarantined pod holds is lost: nobody is served from it. A pod in service that says that it has no such table has
lost it with all of its rows. It does not ask whether balances follow (conservation), nor whether a pod that is out of
service is behind.

With no node in service nobody can say who would lead next. Then every pod that could be read counts: a key that none of
them holds is lost if all were read, one that all of them hold is not, and anything between is not decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.check import Check, Gate
from checks.evidence.amounts import minor_units, shown, unequal_cells
from checks.evidence.keys import keyed
from checks.evidence.ledger import Codes, MissingError, coded, in_service, not_read, readable, text
from checks.evidence.operations import OK, UNKNOWN, key_outcomes, moves
from checks.evidence.quarantine import holders_in_quarantine
from checks.evidence.unread import filters, unread
from checks.verdict import WITNESS_LIMIT, Verdict, unknown
from history import gtid
from history.committed import committed, contained
from history.history import History

NAME = "durability"
LOST = Gate(
    name="lost",
    unit="count",
    asks="acknowledged writes that are missing on a node",
    path=("lost",),
    default=0,
)
Mask = npt.NDArray[np.bool_]
FIELDS = ("src", "dst", "amount")


def durability(history: History) -> Verdict:
    """Judge ops against final/transfers, or final/keys (`checks.evidence.keys`), and final/nodes.json.

    Gate ``lost``: writes that may be lost (default 0).

    measured: acked, lost, altered, unknown_present, unknown_absent in keys; lost_amount in minor units (of transfers);
    gtids_missing: acknowledged keys whose GTID a pod in service does not have, part of lost; missing_on: how many of
    the lost keys each pod in service lacks; tables_gone: pod in service -> tables that it says it does not have. nodes:
    the pods held against. With nobody in service those are the pods that were read; held: how many keys each of them
    has; scattered: keys that only some of them have. Raises HistoryError when the gtid of a write is not readable.
    """
    allowed = LOST.limit(history) or 0
    try:
        evidence = keyed(history)
    except MissingError as missing_evidence:
        expected = f"at most {allowed:g} acknowledged writes lost"
        return unknown(NAME, expected=expected, reason=str(missing_evidence))
    expected = f"at most {allowed:g} acknowledged {evidence.what} lost"
    expected += ", none altered" if evidence.transfers else ""
    asked, stored = evidence.asked, evidence.stored
    acked = asked[asked["outcome"] == "ok"].drop_duplicates("key")
    serving = in_service(history)
    nobody_serves = serving is None
    nodes = readable(history) if serving is None else serving
    if acked.empty:
        return unknown(NAME, expected=expected, reason="no write was acknowledged, so none could be lost")
    silent = not_read(history) if nobody_serves else {}
    if nobody_serves and not nodes:
        why_not = "; ".join(f"{node}: {why}" for node, why in silent.items())
        return unknown(NAME, expected=expected, reason=f"no node in service, and none could be read ({why_not})")

    (asked_codes, stored_codes), keys = coded(asked["key"], stored["id"])
    (places, wanted), names = coded(stored["node"], pd.Series(nodes, dtype="str"))
    missing = _missing(stored_codes, places, wanted, len(keys))
    present = np.zeros(len(keys), dtype=bool)
    present[stored_codes] = True
    acked_codes = asked_codes[acked.index.to_numpy()]
    without_gtid = _without_gtid(history, asked, asked_codes, nodes, len(keys))
    absent = missing | without_gtid
    if nobody_serves:
        lost = np.zeros(len(keys), dtype=bool) if silent else np.asarray(absent.all(axis=0), dtype=bool)
    else:
        # A ledger in which no pod has a row names no pods either; then nothing is present anywhere.
        lost = absent.any(axis=0) | ~present
    best = key_outcomes(asked["outcome"], asked_codes, len(keys))
    told = moves(asked["value"]) if evidence.transfers else None
    altered, unreadable = _altered(told, asked, asked_codes, stored, stored_codes, best)
    is_altered = np.zeros(len(keys), dtype=bool)
    is_altered[stored_codes[altered]] = True

    lost_codes = acked_codes[lost[acked_codes]]
    gone_from = absent[:, lost_codes].sum(axis=1)
    gone = [one for one in unread(history.nodes) if one.gone and one.node in nodes]
    first = np.full(len(keys), -1, dtype=np.int64)
    first[asked_codes[::-1]] = np.arange(len(asked))[::-1]
    first[acked_codes] = acked.index.to_numpy()
    measured: dict[str, Any] = {
        "acked": len(acked),
        "lost": len(lost_codes),
        "lost_amount": _sum_of(told["amount"].to_numpy()[first[lost_codes]]) if told is not None else None,
        "altered": int(is_altered.sum()),
        "unknown_present": int(((best == UNKNOWN) & present).sum()),
        "unknown_absent": int(((best == UNKNOWN) & ~present).sum()),
        "gtids_missing": int(without_gtid[:, acked_codes].any(axis=0).sum()),
        "nodes": nodes,
        "missing_on": {node: int(number) for node, number in zip(nodes, gone_from, strict=True) if number},
    }
    if gone:
        measured["tables_gone"] = {one.node: [] for one in gone}
        for one in gone:
            measured["tables_gone"][one.node].append(one.table or "all")
    failed = measured["lost"] > allowed or measured["altered"] > 0 or bool(gone and not nobody_serves)
    if nobody_serves:
        held = (~absent[:, acked_codes]).sum(axis=1)
        measured["held"] = {node: int(number) for node, number in zip(nodes, held, strict=True)}
        of_acked = absent[:, acked_codes]
        measured["scattered"] = int(np.sum(of_acked.any(axis=0) & ~of_acked.all(axis=0)))
        if not failed and (silent or measured["scattered"]):
            unreadable = _nobody_serves(measured, silent)
    if not failed and unreadable:
        measured["reason"] = unreadable
        return Verdict(name=NAME, verdict="unknown", expected=expected, measured=measured)

    set_aside = holders_in_quarantine(history)
    wrong = np.union1d(lost_codes, np.flatnonzero(is_altered))
    wrong = wrong[np.argsort(first[wrong], kind="stable")][:WITNESS_LIMIT]
    because = filters(history.manifest)
    witness: list[dict[str, Any]] = [
        {"what": "table", "node": one.node, "table": one.table, "expected": "to be there", "found": one.words}
        | ({"because": because} if because else {})
        for one in gone
        if not nobody_serves
    ]
    for code in wrong:
        op = asked.iloc[int(first[code])]
        is_acked = best[code] == OK
        own = np.flatnonzero(altered & (stored_codes == code))
        row = {
            "key": keys[code],
            **({"amount": shown(told["amount"].to_numpy()[first[code]])} if told is not None else {"f": str(op["f"])}),
            "server": _plain(op["server"]),
            "end_ns": int(op["end_ns"]),
            **({} if is_acked else {"outcome": str(op["outcome"])}),
            "missing": [node for node, gone in zip(nodes, missing[:, code], strict=True) if gone and is_acked],
            "altered": [
                {"node": names[places[at]]} | {name: _plain(stored[name].iloc[int(at)]) for name in FIELDS}
                for at in own
            ],
        }
        if without_gtid[:, code].any():
            there = [node for node, gone in zip(nodes, without_gtid[:, code], strict=True) if gone]
            row |= {"gtid": str(op["gtid"]), "gtid_missing": there}
        if held := set_aside.get(keys[code]):
            row["held_in_quarantine"] = held
        witness.append(row)
    return Verdict(
        name=NAME,
        verdict="fail" if failed else "pass",
        expected=expected,
        measured=measured,
        witness=witness[:WITNESS_LIMIT],
    )


def _nobody_serves(measured: Mapping[str, Any], silent: Mapping[str, str]) -> str:
    """What is there although nobody is in service, from whom, and who was not read."""
    acked = measured["acked"]
    held = ", ".join(f"{node} holds {number}" for node, number in measured["held"].items())
    told = f"no node in service; of {acked} acknowledged writes {held}"
    if silent:
        told += f"; not read: {', '.join(f'{node} ({why})' for node, why in silent.items())}"
    return told


def _missing(codes: Codes, places: Codes, wanted: Codes, keys: int) -> Mask:
    """Whether a pod does not have a key: shape (pods in service, keys)."""
    missing = np.ones((len(wanted), keys), dtype=bool)
    for n, place in enumerate(wanted):
        missing[n, codes[places == place]] = False
    return missing


def _without_gtid(history: History, asked: pd.DataFrame, codes: Codes, nodes: list[str], keys: int) -> Mask:
    """Whether a pod's executed set lacks a GTID that was acknowledged for a key: shape (pods in service, keys). A pod
    whose set is not known lacks none; convergence says that it is not known."""
    lacks = np.zeros((len(nodes), keys), dtype=bool)
    own = committed(asked)
    own = own[(asked["outcome"] == "ok").to_numpy(dtype=bool)[own["at"].to_numpy()]]
    of = codes[own["at"].to_numpy()]
    for n, node in enumerate(nodes):
        record = (history.nodes or {}).get(node)
        executed = gtid.read(record.get("gtid_executed")) if isinstance(record, Mapping) else None
        if executed is not None:
            lacks[n, of[~contained(own, executed)]] = True
    return lacks


def _altered(
    told: pd.DataFrame | None, asked: pd.DataFrame, asked_codes: Codes, stored: pd.DataFrame, codes: Codes, best: Codes
) -> tuple[Mask, str | None]:
    """Which stored rows are not what was asked for under their key, shape (rows,), and why that cannot be told of all.

    An acknowledged key has what was acknowledged, another one what any of its attempts asked for.
    """
    differs = np.zeros(len(stored), dtype=bool)
    if told is None or asked.empty:
        return differs, None
    (src, dst, stored_src, stored_dst), _ = coded(told["src"], told["dst"], stored["src"], stored["dst"])
    amount, stored_amount = told["amount"].to_numpy(), minor_units(stored["amount"])
    readable = told["src"].notna().to_numpy(dtype=bool)
    counts = (asked["outcome"] == "ok").to_numpy(dtype=bool) | (best[asked_codes] != OK)
    silent = counts & ~readable

    def unlike(row: Codes, op: Codes) -> Mask:
        odd: Mask = (stored_src[row] != src[op]) | (stored_dst[row] != dst[op])
        return odd | unequal_cells(stored_amount[row], amount[op])

    first = np.full(len(best), -1, dtype=np.int64)
    said = np.flatnonzero(counts & readable)
    first[asked_codes[said[::-1]]] = said[::-1]
    # A key with a value that cannot be read may have asked for anything; nor is it said what a stranger's key asked.
    open_ended = np.zeros(len(best), dtype=bool)
    open_ended[asked_codes[silent]] = True
    rows = np.flatnonzero((first[codes] >= 0) & ~open_ended[codes])
    differs[rows] = unlike(rows, first[codes[rows]])
    # Nearly every key was attempted once; the few others may also be what a later attempt asked for.
    attempts: dict[int, list[int]] = {}
    for op in said[np.bincount(asked_codes[said], minlength=len(best))[asked_codes[said]] > 1]:
        attempts.setdefault(int(asked_codes[op]), []).append(int(op))
    for row in rows[differs[rows]] if attempts else ():
        others = np.array(attempts.get(int(codes[row]), []), dtype=np.int64)
        differs[row] = not len(others) or bool(unlike(np.full(len(others), row), others).all())
    acked_silent = silent & (asked["outcome"] == "ok").to_numpy(dtype=bool)
    if acked_silent.any():
        return differs, f"{int(acked_silent.sum())} acknowledged transfers have a value without src, dst and amount"
    stuck = np.unique(codes[open_ended[codes]])
    reason = f"{len(stuck)} stored transfers were asked for with a value without src, dst and amount"
    return differs, reason if len(stuck) else None


def _plain(value: Any) -> Any:
    """A cell as JSON can hold it."""
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA:
        return None
    return shown(value) if isinstance(value, float) else value if isinstance(value, int | str) else text(value)


def _sum_of(amounts: npt.NDArray[Any]) -> int:
    return sum(int(amount) for amount in amounts if amount == amount)


CHECK = Check(
    name=NAME,
    question="is every acknowledged write on every pod, unaltered? what became of each unknown one?",
    run=durability,
    gates=(LOST,),
    safety=True,
    needs="keys",
)
