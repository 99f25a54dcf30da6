"""Duplicates: each write took effect at most once, and never against what the client was told.

Six ways to break it: a key stored twice on a pod; a key whose every attempt certainly failed and that is there all
the same (the application would send it again and move the money twice); a key nobody requested; one key acknowledged
for two different transfers; one attempt acknowledged twice; one GTID acknowledged for two keys that are both there. It
does not ask whether acknowledged keys are there (durability).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from checks.check import Check, Gate
from checks.evidence.keys import keyed
from checks.evidence.ledger import Codes, MissingError, coded, text
from checks.evidence.operations import FAIL, key_outcomes
from checks.verdict import WITNESS_LIMIT, Verdict, unknown
from history.committed import committed
from history.history import History

NAME = "duplicates"
DUPLICATED = Gate(
    name="duplicated",
    unit="count",
    asks="operations stored twice",
    path=("duplicated",),
    default=0,
)


def duplicates(history: History) -> Verdict:
    """Judge ops against final/transfers, or final/keys (`checks.evidence.keys`).

    Gate ``duplicated``: keys that may be stored twice (default 0).

    measured, in keys: stored, duplicated, failed_present, unrequested, unrecorded, conflicting, acked_again, one_gtid.
    Where manifest ``load.complete`` is false a killed load pod lost its last ops: keys nobody is known to have
    requested then count as unrecorded, which fails nothing. Raises HistoryError for a gtid that is not readable.
    """
    allowed = DUPLICATED.limit(history) or 0
    transactions = committed(history.ops)
    try:
        evidence = keyed(history)
    except MissingError as gone:
        return unknown(NAME, expected=_expected(allowed, "writes"), reason=str(gone))
    expected = _expected(allowed, evidence.what)
    asked, stored = evidence.asked, evidence.stored
    if asked.empty:
        return unknown(NAME, expected=expected, reason=f"the ops hold no {evidence.what}")

    (asked_codes, stored_codes), keys = coded(asked["key"], stored["id"])
    (node_codes,), nodes = coded(stored["node"])
    best = key_outcomes(asked["outcome"], asked_codes, len(keys))
    present = np.zeros(len(keys), dtype=bool)
    present[stored_codes] = True

    again = pd.Series(node_codes * len(keys) + stored_codes).duplicated().to_numpy()
    duplicated = np.unique(stored_codes[again])
    failed_present = np.flatnonzero(present & (best == FAIL))
    stranger = np.flatnonzero(present & (best < 0))
    # A transaction of another workload may record what it found, which a second attempt finds changed.
    conflicting = _conflicting(asked, asked_codes) if evidence.transfers else stranger[:0]
    acked_again = _acked_again(asked, asked_codes)
    one_gtid = _one_gtid(history.ops, transactions, present, keys)
    complete = not history.run.load.is_cut
    measured = {
        "stored": int(present.sum()),
        "duplicated": len(duplicated),
        "failed_present": len(failed_present),
        "unrequested": len(stranger) if complete else 0,
        "unrecorded": 0 if complete else len(stranger),
        "conflicting": len(conflicting),
        "acked_again": len(acked_again),
        "one_gtid": len(one_gtid),
    }
    found: list[tuple[str, Codes]] = [
        ("stored twice", duplicated),
        ("failed yet present", failed_present),
        ("unrequested", stranger if complete else stranger[:0]),
        ("acknowledged for two different transfers", conflicting),
        ("one attempt acknowledged twice", acked_again),
        ("its GTID acknowledged for another key too", one_gtid),
    ]
    witness: list[dict[str, Any]] = [
        {"key": keys[code], "what": what, "nodes": sorted({nodes[n] for n in node_codes[stored_codes == code]})}
        for what, codes in found
        for code in codes[: WITNESS_LIMIT // len(found)]
    ]
    failed = len(duplicated) > allowed or any(len(codes) for _, codes in found[1:])
    return Verdict(
        name=NAME, verdict="fail" if failed else "pass", expected=expected, measured=measured, witness=witness
    )


def _expected(allowed: float, what: str) -> str:
    return f"at most {allowed:g} {what} stored twice; none failed yet present, unrequested or acknowledged twice"


def _conflicting(asked: pd.DataFrame, codes: Codes) -> Codes:
    """Codes of keys acknowledged more than once for transfers that are not the same."""
    acked = np.flatnonzero((asked["outcome"] == "ok").to_numpy(dtype=bool))
    # Only keys acknowledged more than once are parsed: almost none, where a history may hold a million.
    repeated = acked[pd.Series(codes[acked]).duplicated(keep=False).to_numpy()]
    told = pd.DataFrame(
        {"code": codes[repeated], "value": [_canonical(value) for value in asked["value"].iloc[repeated]]}
    )
    distinct = told.groupby("code")["value"].nunique()
    return distinct.index[distinct > 1].to_numpy(dtype=np.int64)


def _acked_again(asked: pd.DataFrame, codes: Codes) -> Codes:
    """Codes of keys of which one and the same attempt was acknowledged more than once."""
    acked = (asked["outcome"] == "ok").to_numpy(dtype=bool)
    attempts = pd.DataFrame({"code": codes[acked], "attempt": asked["attempt"].to_numpy()[acked]})
    return np.unique(attempts["code"].to_numpy(dtype=np.int64)[attempts.duplicated().to_numpy()])


def _one_gtid(ops: pd.DataFrame, transactions: pd.DataFrame, present: Any, keys: list[str]) -> Codes:
    """Codes of stored keys that were acknowledged with a GTID of another stored key.

    Of two keys one may be gone: a pod that is rebuilt after a failover may give the numbers of what was lost again.
    """
    told = transactions[transactions.duplicated(["source", "number"], keep=False)]
    acked = told[(ops["outcome"] == "ok").to_numpy(dtype=bool)[told["at"].to_numpy()]]
    there = {name for name, is_there in zip(keys, present, strict=True) if is_there} if len(acked) else set()
    named = acked.assign(key=[text(key) for key in ops["key"].to_numpy()[acked["at"].to_numpy()]])
    named = named[named["key"].isin(there)]
    apart = named.groupby(["source", "number"], observed=True)["key"].transform("nunique") > 1
    code = {name: number for number, name in enumerate(keys)} if apart.any() else {}
    return np.unique(np.array([code[key] for key in named["key"][apart]], dtype=np.int64))


def _canonical(value: object) -> str:
    try:
        return json.dumps(json.loads(str(value)), sort_keys=True)
    except (ValueError, RecursionError):
        return str(value)


CHECK = Check(
    name=NAME,
    question='did anything happen twice, after a "no", or without being asked for?',
    run=duplicates,
    gates=(DUPLICATED,),
    safety=True,
    needs="keys",
)
