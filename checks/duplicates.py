"""Duplicates: each write took effect at most once, and never against what the client was told.

Six ways to break it: a key stored twice on a pod; a key whose every attempt certainly failed and that is there all
the same (the application would send it again and move the money twice); a key nobody requested; one key acknowledged
for two different transfers; one attempt acknowledged twice; one GTID acknowledged for two keys that are both there. It
does not ask whether acknowledged keys are there (durability).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.check import Check, Gate
from checks.evidence.keys import Keyed, keyed
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
#: Keys that nobody is known to have asked for.
_STRANGERS = "unrequested"


@dataclass(frozen=True, kw_only=True)
class _Keys:
    """asked_codes, stored_codes: the key of each row of `keyed`, as a place in keys; node_codes: the pod of each stored
    row. best: the best outcome of each key, -1 where nobody asked for it; present: whether any pod has it."""

    keyed: Keyed
    keys: list[str]
    nodes: list[str]
    asked_codes: Codes
    stored_codes: Codes
    node_codes: Codes
    best: Codes
    present: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """One way to break it. name: in ``measured``. codes: the keys that do."""

    name: str
    what: str
    codes: Codes


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
    if evidence.asked.empty:
        return unknown(NAME, expected=expected, reason=f"the ops hold no {evidence.what}")
    keys = _evidence(evidence)
    return _verdict(keys, _findings(keys, history.ops, transactions), history, allowed=allowed)


def _evidence(keyed: Keyed) -> _Keys:
    (asked_codes, stored_codes), keys = coded(keyed.asked["key"], keyed.stored["id"])
    (node_codes,), nodes = coded(keyed.stored["node"])
    present = np.zeros(len(keys), dtype=bool)
    present[stored_codes] = True
    return _Keys(
        keyed=keyed,
        keys=keys,
        nodes=nodes,
        asked_codes=asked_codes,
        stored_codes=stored_codes,
        node_codes=node_codes,
        best=key_outcomes(keyed.asked["outcome"], asked_codes, len(keys)),
        present=present,
    )


def _findings(keys: _Keys, ops: pd.DataFrame, transactions: pd.DataFrame) -> list[_Finding]:
    asked, codes = keys.keyed.asked, keys.asked_codes
    again = pd.Series(keys.node_codes * len(keys.keys) + keys.stored_codes).duplicated().to_numpy()
    # A transaction of another workload may record what it found, which a second attempt finds changed.
    conflicting = _conflicting(asked, codes) if keys.keyed.transfers else codes[:0]
    one_gtid = _one_gtid(ops, transactions, keys.present, keys.keys)
    return [
        _Finding(name="duplicated", what="stored twice", codes=np.unique(keys.stored_codes[again])),
        _Finding(
            name="failed_present", what="failed yet present", codes=np.flatnonzero(keys.present & (keys.best == FAIL))
        ),
        _Finding(name=_STRANGERS, what="unrequested", codes=np.flatnonzero(keys.present & (keys.best < 0))),
        _Finding(name="conflicting", what="acknowledged for two different transfers", codes=conflicting),
        _Finding(name="acked_again", what="one attempt acknowledged twice", codes=_acked_again(asked, codes)),
        _Finding(name="one_gtid", what="its GTID acknowledged for another key too", codes=one_gtid),
    ]


def _verdict(keys: _Keys, findings: list[_Finding], history: History, *, allowed: float) -> Verdict:
    complete = not history.run.load.is_cut
    counts = {found.name: len(found.codes) for found in findings}
    strangers = counts.pop(_STRANGERS)
    measured = {
        "stored": int(keys.present.sum()),
        "duplicated": counts.pop("duplicated"),
        "failed_present": counts.pop("failed_present"),
        _STRANGERS: strangers if complete else 0,
        "unrecorded": 0 if complete else strangers,
        **counts,
    }
    held = [found for found in findings if complete or found.name != _STRANGERS]
    witness: list[dict[str, Any]] = [
        {"key": keys.keys[code], "what": found.what, "nodes": _holders(keys, code)}
        for found in held
        for code in found.codes[: WITNESS_LIMIT // len(findings)]
    ]
    failed = any(len(found.codes) > (allowed if found.name == "duplicated" else 0) for found in held)
    return Verdict(
        name=NAME,
        verdict="fail" if failed else "pass",
        expected=_expected(allowed, keys.keyed.what),
        measured=measured,
        witness=witness,
    )


def _holders(keys: _Keys, code: int) -> list[str]:
    return sorted({keys.nodes[node] for node in keys.node_codes[keys.stored_codes == code]})


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
