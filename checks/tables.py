"""Final tables as numbers, for the checks of a workload's own invariants, and one shape for what they find.

An invariant is a name and the rows that break it, one row a witness; no row means that it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from checks.history import History
from checks.ledger import in_service, shown, text
from checks.quarantine import final_tables
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict


class MissingError(Exception):
    """A final table, or a column of one, is not there; the message says which."""


def table(history: History, name: str, *, numbers: Mapping[str, str], words: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a final table but those of quarantined pods: ``node`` and ``words`` as text, numbers (column -> name
    here) as float64 or int64.

    A cell that is no number becomes NaN, which equals nothing, so whatever it should equal is broken. Raises
    MissingError.
    """
    frame = final_tables(history).get(name)
    if frame is None:
        raise MissingError(f"final/{name}.parquet is missing")
    for column in ("node", *words, *numbers):
        if column not in frame.columns:
            raise MissingError(f"final/{name}.parquet has no column {column!r}")
    columns: dict[str, Any] = {word: [text(cell) for cell in frame[word]] for word in ("node", *words)}
    for column, own in numbers.items():
        columns[own] = pd.to_numeric(frame[column].astype(object), errors="coerce").to_numpy()
    found = pd.DataFrame(columns)
    return found.astype({own: "float64" for own in numbers.values() if found[own].dtype == object})


def total(rows: pd.DataFrame, by: Sequence[str], amount: str | None = None) -> pd.Series[Any]:
    """Sum of a column, or number of rows, for each value of ``by``: a series with that index."""
    groups = rows.groupby(list(by), sort=True)
    sums: pd.Series[Any] = groups.size() if amount is None else groups[amount].sum()
    return sums


def unequal(expected: pd.Series[Any], found: pd.Series[Any], *, missing: float | None = 0) -> pd.DataFrame:
    """Rows (index columns, expected, found) where the two differ. missing: what a side without such a row counts as;
    None: a row that only one side has is not compared."""
    both = pd.concat({"expected": expected, "found": found}, axis=1, join="outer" if missing is not None else "inner")
    if missing is not None:
        # Only where a side has no such row: a NaN that came out of the table must stay unequal.
        both.loc[~both.index.isin(expected.index), "expected"] = missing
        both.loc[~both.index.isin(found.index), "found"] = missing
    return both[~(both["expected"] == both["found"])].reset_index()


def absent_pods(history: History, rows: pd.DataFrame) -> pd.DataFrame:
    """Pods in service of which the table has no row."""
    return pd.DataFrame({"node": [node for node in in_service(history) or [] if node not in set(rows["node"])]})


def verdict_of(
    name: str, expected: str, broken: Mapping[str, pd.DataFrame], measured: Mapping[str, Any] | None = None
) -> Verdict:
    """Pass if nothing is broken. measured: how many rows break each invariant, after what the caller measured."""
    counts = {invariant: len(rows) for invariant, rows in broken.items()}
    failed = [invariant for invariant, count in counts.items() if count]
    witness = [
        {"what": invariant, **{str(key): _plain(value) for key, value in row.items()}}
        for invariant in failed
        for row in broken[invariant].head(max(1, WITNESS_LIMIT // len(failed))).to_dict("records")
    ]
    outcome: Outcome = "fail" if failed else "pass"
    return Verdict(
        name=name,
        verdict=outcome,
        expected=expected,
        measured={**(measured or {}), **counts},
        witness=witness[:WITNESS_LIMIT],
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return shown(value)
    return value if isinstance(value, int | str | list) or value is None else str(value)
