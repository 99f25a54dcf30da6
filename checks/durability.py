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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.check import Check, Gate
from checks.evidence.amounts import shown
from checks.evidence.keys import Keyed, keyed
from checks.evidence.ledger import Codes, MissingError, coded, in_service, not_read, readable, text
from checks.evidence.operations import OK, UNKNOWN, key_outcomes, moves
from checks.evidence.ops_values import altered_transfers
from checks.evidence.quarantine import holders_in_quarantine
from checks.evidence.unread import Unread, filters, unread
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
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


@dataclass(frozen=True, kw_only=True)
class _Ledger:
    """asked_codes, stored_codes: the key of each row of `keyed`, as a place in keys; best: the best outcome of each
    key. acked: rows of asked, the first acknowledged one of each key. nodes: the pods held against; row_node, names:
    the pod of each stored row. serving: whether those pods are in service; else unread says which others could not be
    read, and why. gone: tables that a pod held against says it does not have. moves: of transfers, what each row asked
    for.
    """

    keyed: Keyed
    keys: list[str]
    asked_codes: Codes
    stored_codes: Codes
    best: Codes
    acked: Codes
    nodes: list[str]
    row_node: Codes
    names: list[str]
    serving: bool
    unread: Mapping[str, str]
    gone: list[Unread]
    moves: pd.DataFrame | None

    @property
    def acked_codes(self) -> Codes:
        return self.asked_codes[self.acked]

    @cached_property
    def first(self) -> Codes:
        """By key the row that tells of it: the first that was acknowledged, else the first; -1 without one."""
        first = np.full(len(self.keys), -1, dtype=np.int64)
        first[self.asked_codes[::-1]] = np.arange(len(self.asked_codes))[::-1]
        first[self.acked_codes] = self.acked
        return first


@dataclass(frozen=True, kw_only=True)
class _Findings:
    """missing, without_gtid: whether a pod lacks a key, or the GTID acknowledged for it, shape (nodes, keys). present:
    whether any pod has a key. lost: codes of keys. altered: which stored rows are not what was asked for; undecided:
    why that cannot be told of all."""

    missing: Mask
    without_gtid: Mask
    present: Mask
    lost: Codes
    altered: Mask
    undecided: str | None

    @property
    def absent(self) -> Mask:
        return self.missing | self.without_gtid


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
    expected = f"at most {allowed:g} acknowledged writes lost"
    try:
        evidence = keyed(history)
        expected = f"at most {allowed:g} acknowledged {evidence.what} lost"
        expected += ", none altered" if evidence.transfers else ""
        ledger = _evidence(history, evidence)
    except MissingError as missing_evidence:
        return unknown(NAME, expected=expected, reason=str(missing_evidence))
    return _verdict(ledger, _findings(history, ledger), history, allowed=allowed, expected=expected)


def _evidence(history: History, keyed: Keyed) -> _Ledger:
    """Raises MissingError."""
    asked, stored = keyed.asked, keyed.stored
    acked = asked[asked["outcome"] == "ok"].drop_duplicates("key").index.to_numpy()
    if not len(acked):
        raise MissingError("no write was acknowledged, so none could be lost")
    serving = in_service(history)
    nodes = readable(history) if serving is None else serving
    silent = not_read(history) if serving is None else {}
    if serving is None and not nodes:
        why_not = "; ".join(f"{node}: {why}" for node, why in silent.items())
        raise MissingError(f"no node in service, and none could be read ({why_not})")
    (asked_codes, stored_codes), keys = coded(asked["key"], stored["id"])
    (row_node, _), names = coded(stored["node"], pd.Series(nodes, dtype="str"))
    return _Ledger(
        keyed=keyed,
        keys=keys,
        asked_codes=asked_codes,
        stored_codes=stored_codes,
        best=key_outcomes(asked["outcome"], asked_codes, len(keys)),
        acked=acked,
        nodes=nodes,
        row_node=row_node,
        names=names,
        serving=serving is not None,
        unread=silent,
        gone=[answer for answer in unread(history.nodes) if answer.gone and answer.node in nodes],
        moves=moves(asked["value"]) if keyed.transfers else None,
    )


def _findings(history: History, ledger: _Ledger) -> _Findings:
    present = np.zeros(len(ledger.keys), dtype=bool)
    present[ledger.stored_codes] = True
    missing, without_gtid = _missing(ledger), _without_gtid(history, ledger)
    absent = missing | without_gtid
    if ledger.serving:
        # A ledger in which no pod has a row names no pods either; then nothing is present anywhere.
        lost = absent.any(axis=0) | ~present
    else:
        lost = np.zeros(len(present), dtype=bool) if ledger.unread else np.asarray(absent.all(axis=0), dtype=bool)
    altered, undecided = altered_transfers(
        ledger.moves, ledger.keyed.asked, ledger.asked_codes, ledger.keyed.stored, ledger.stored_codes, ledger.best
    )
    return _Findings(
        missing=missing,
        without_gtid=without_gtid,
        present=present,
        lost=ledger.acked_codes[lost[ledger.acked_codes]],
        altered=altered,
        undecided=undecided,
    )


def _verdict(ledger: _Ledger, found: _Findings, history: History, *, allowed: float, expected: str) -> Verdict:
    measured = _measured(ledger, found)
    failed = measured["lost"] > allowed or measured["altered"] > 0 or bool(ledger.gone and ledger.serving)
    if not failed and not ledger.serving and (ledger.unread or measured["scattered"]):
        measured["reason"] = _nobody_serves(measured, ledger.unread)
    elif not failed and found.undecided:
        measured["reason"] = found.undecided
    if "reason" in measured:
        return Verdict(name=NAME, verdict="unknown", expected=expected, measured=measured)
    witness = [*_tables_gone(ledger, history), *_wrong_keys(ledger, found, history)][:WITNESS_LIMIT]
    verdict: Outcome = "fail" if failed else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=expected, measured=measured, witness=witness)


def _measured(ledger: _Ledger, found: _Findings) -> dict[str, Any]:
    unknown_keys = ledger.best == UNKNOWN
    absent, acked = found.absent, ledger.acked_codes
    amounts = None if ledger.moves is None else ledger.moves["amount"].to_numpy()[ledger.first[found.lost]]
    missing_on = zip(ledger.nodes, absent[:, found.lost].sum(axis=1), strict=True)
    measured: dict[str, Any] = {
        "acked": len(acked),
        "lost": len(found.lost),
        "lost_amount": None if amounts is None else _sum_of(amounts),
        "altered": len(np.unique(ledger.stored_codes[found.altered])),
        "unknown_present": int((unknown_keys & found.present).sum()),
        "unknown_absent": int((unknown_keys & ~found.present).sum()),
        "gtids_missing": int(found.without_gtid[:, acked].any(axis=0).sum()),
        "nodes": ledger.nodes,
        "missing_on": {node: int(number) for node, number in missing_on if number},
    }
    for answer in ledger.gone:
        measured.setdefault("tables_gone", {}).setdefault(answer.node, []).append(answer.table or "all")
    if not ledger.serving:
        of_acked = absent[:, acked]
        held = (~of_acked).sum(axis=1)
        measured["held"] = {node: int(number) for node, number in zip(ledger.nodes, held, strict=True)}
        measured["scattered"] = int(np.sum(of_acked.any(axis=0) & ~of_acked.all(axis=0)))
    return measured


def _tables_gone(ledger: _Ledger, history: History) -> list[dict[str, Any]]:
    because = filters(history.manifest)
    return [
        {"what": "table", "node": answer.node, "table": answer.table, "expected": "to be there", "found": answer.words}
        | ({"because": because} if because else {})
        for answer in (ledger.gone if ledger.serving else ())
    ]


def _wrong_keys(ledger: _Ledger, found: _Findings, history: History) -> Iterator[dict[str, Any]]:
    """The first keys that are lost or altered, in the order in which they were told of."""
    wrong = np.union1d(found.lost, ledger.stored_codes[found.altered])
    set_aside = holders_in_quarantine(history)
    for code in wrong[np.argsort(ledger.first[wrong], kind="stable")][:WITNESS_LIMIT]:
        at = int(ledger.first[code])
        op, is_acked = ledger.keyed.asked.iloc[at], ledger.best[code] == OK
        row = {
            "key": ledger.keys[code],
            **({"f": str(op["f"])} if ledger.moves is None else {"amount": shown(ledger.moves["amount"].iloc[at])}),
            "server": _plain(op["server"]),
            "end_ns": int(op["end_ns"]),
            **({} if is_acked else {"outcome": str(op["outcome"])}),
            "missing": _which(ledger.nodes, found.missing[:, code]) if is_acked else [],
            "altered": [
                _stored(ledger, int(row)) for row in np.flatnonzero(found.altered & (ledger.stored_codes == code))
            ],
        }
        if lacking := _which(ledger.nodes, found.without_gtid[:, code]):
            row |= {"gtid": str(op["gtid"]), "gtid_missing": lacking}
        if held := set_aside.get(ledger.keys[code]):
            row["held_in_quarantine"] = held
        yield row


def _which(nodes: list[str], chosen: Mask) -> list[str]:
    return [node for node, is_so in zip(nodes, chosen, strict=True) if is_so]


def _stored(ledger: _Ledger, at: int) -> dict[str, Any]:
    stored = ledger.keyed.stored
    return {"node": ledger.names[ledger.row_node[at]]} | {name: _plain(stored[name].iloc[at]) for name in FIELDS}


def _nobody_serves(measured: Mapping[str, Any], silent: Mapping[str, str]) -> str:
    """What is there although nobody is in service, from whom, and who was not read."""
    acked = measured["acked"]
    held = ", ".join(f"{node} holds {number}" for node, number in measured["held"].items())
    told = f"no node in service; of {acked} acknowledged writes {held}"
    if silent:
        told += f"; not read: {', '.join(f'{node} ({why})' for node, why in silent.items())}"
    return told


def _missing(ledger: _Ledger) -> Mask:
    """Whether a pod does not have a key: shape (nodes, keys)."""
    missing = np.ones((len(ledger.nodes), len(ledger.keys)), dtype=bool)
    for n, node in enumerate(ledger.nodes):
        missing[n, ledger.stored_codes[ledger.row_node == ledger.names.index(node)]] = False
    return missing


def _without_gtid(history: History, ledger: _Ledger) -> Mask:
    """Whether a pod's executed set lacks a GTID that was acknowledged for a key: shape (nodes, keys). A pod whose set
    is not known lacks none; convergence says that it is not known."""
    lacks = np.zeros((len(ledger.nodes), len(ledger.keys)), dtype=bool)
    asked = ledger.keyed.asked
    told = committed(asked)
    told = told[(asked["outcome"] == "ok").to_numpy(dtype=bool)[told["at"].to_numpy()]]
    of = ledger.asked_codes[told["at"].to_numpy()]
    for n, node in enumerate(ledger.nodes):
        record = (history.nodes or {}).get(node)
        executed = gtid.read(record.get("gtid_executed")) if isinstance(record, Mapping) else None
        if executed is not None:
            lacks[n, of[~contained(told, executed)]] = True
    return lacks


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
