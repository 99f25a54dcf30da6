"""What the clients asked for and were told: views of the op rows that several checks share. Judges nothing.

A *write* is every op whose ``f`` is not one of the workload's reads (`history.vocabulary`). A write is *wanted*
unless the business refused it (such as for insufficient funds): a refusal is an answer, so it neither proves nor
disproves that writes are possible.
An outcome other than ``ok`` and ``fail`` counts as ``unknown`` (Jepsen writes ``info``).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from checks.evidence.amounts import exact, whole
from checks.evidence.ledger import Codes, text
from history.vocabulary import WorkloadFacts

OVERFLOW = "overflow"

FAIL, UNKNOWN, OK = 0, 1, 2

#: Values parsed at once: the tuples of a million would take as much memory as all the rest.
_AT_ONCE = 50_000


def writes(ops: pd.DataFrame, workload: WorkloadFacts) -> pd.DataFrame:
    return ops[~ops["f"].isin(list(workload.reads))]


def reads(ops: pd.DataFrame, workload: WorkloadFacts) -> pd.DataFrame:
    return ops[ops["f"].isin(list(workload.reads))]


def wanted_writes(ops: pd.DataFrame, workload: WorkloadFacts) -> pd.DataFrame:
    asked = writes(ops, workload)
    return asked[~refused(asked, workload)]


def refused(ops: pd.DataFrame, workload: WorkloadFacts) -> pd.Series[bool]:
    """Which rows the business refused, shape (n,)."""
    return (ops["outcome"] == "fail") & ops["error"].isin(list(workload.refusals))


def transfers(ops: pd.DataFrame) -> pd.DataFrame:
    """The transfer rows in order of their end, index 0..n-1."""
    return ops[ops["f"] == "transfer"].sort_values("end_ns", kind="stable", ignore_index=True)


def offered(ops: pd.DataFrame) -> pd.DataFrame:
    """One row an operation, however often it was attempted: what was asked for, by its intended time."""
    return ops[~ops["key"].duplicated()]


def column_ns(ops: pd.DataFrame, name: str) -> Codes:
    """A time column as int64 nanoseconds, shape (n,)."""
    return ops[name].to_numpy(dtype=np.int64)


def key_outcomes(outcome: pd.Series[Any], codes: Codes, size: int) -> Codes:
    """The best outcome over all attempts of each key: OK if any attempt was acknowledged, else UNKNOWN, else FAIL.

    codes: key code of each row, shape (n,). Returns int64 of shape (size,); -1 for a code without a row.
    """
    best = np.full(size, -1, dtype=np.int64)
    ok, fail = (outcome == "ok").to_numpy(dtype=bool), (outcome == "fail").to_numpy(dtype=bool)
    best[codes[fail]] = FAIL
    best[codes[~ok & ~fail]] = UNKNOWN
    best[codes[ok]] = OK
    return best


def moves(values: pd.Series[Any]) -> pd.DataFrame:
    """The transfers in a column of op values: ``src`` and ``dst`` as text, ``amount`` exact minor units, same index.

    A value that is not a JSON object with all three, or whose amount is no whole number that a BIGINT holds, gives two
    nulls and NaN.
    """
    parts = [_moves(values.iloc[begin : begin + _AT_ONCE]) for begin in range(0, len(values), _AT_ONCE)]
    return pd.concat(parts) if parts else _moves(values)


def _moves(values: pd.Series[Any]) -> pd.DataFrame:
    rows = [_move(value) for value in values]
    src, dst, amounts = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {"src": pd.Series(src, dtype="str"), "dst": pd.Series(dst, dtype="str"), "amount": exact([*amounts])}
    return pd.DataFrame(columns).set_index(values.index)


def _move(value: object) -> tuple[str | None, str | None, int | None]:
    try:
        move: Any = json.loads(value) if isinstance(value, str) else None
        src, dst, amount = move["src"], move["dst"], move["amount"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return (None, None, None)
    number = whole(amount) if isinstance(amount, int | float) else None
    if src is None or dst is None or number is None or not -(2**63) <= number < 2**63:
        return (None, None, None)
    return (text(src), text(dst), number)
