"""Final tables as exact numbers, for the checks of a workload's own invariants, and one shape for what they find.

An invariant is a name and the rows that break it, one row a witness; no row means that it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from checks.evidence.amounts import exact, minor_units, shown, summable, whole
from checks.evidence.ledger import in_service, require_columns, text
from checks.evidence.quarantine import final_tables
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict
from history.history import History

#: Stands for null in a column in which a row may have none; no id, count or carrier is negative.
NULL = -1


class Tables:
    """The final tables of a run, but for the rows of quarantined pods, and which rows are no rows of such a table.

    broken: ``unreadable`` (a cell that must be a whole number is none) and ``twice`` (another row of its pod has the
    same id); such rows are in no table that `table` returns.
    """

    def __init__(self, history: History) -> None:
        self._final = final_tables(history)
        self._wrong: list[pd.DataFrame] = []
        self._twice: list[pd.DataFrame] = []

    def has(self, name: str, *columns: str) -> bool:
        return name in self._final and set(columns) <= set(self._final[name].columns)

    def table(
        self,
        name: str,
        *,
        numbers: Mapping[str, str],
        words: Sequence[str] = (),
        nullable: Sequence[str] = (),
        unique: Sequence[str] = (),
    ) -> pd.DataFrame:
        """The rows: ``node`` and ``words`` as text, numbers (column -> name here) as whole numbers, int64 or objects.

        nullable: own names of numbers that may be null, which then are NULL. unique: own names of the columns that
        identify a row of a pod. Raises MissingError.
        """
        frame = require_columns(self._final, name, ("node", *words, *numbers))
        columns: dict[str, Any] = {word: _texts(frame[word]) for word in ("node", *words)}
        wrong = np.zeros(len(frame), dtype=bool)
        for column, own in numbers.items():
            cells = frame[column].fillna(NULL) if own in nullable else frame[column]
            columns[own] = minor_units(cells)
            if columns[own].dtype == object:
                wrong |= np.array([value != value for value in columns[own]], dtype=bool)
        found = pd.DataFrame(columns)
        if wrong.any():
            raw = frame[wrong].astype(object).map(text).assign(table=name)
            self._wrong.append(raw[["node", "table", *numbers]])
            found = _as_whole(found[~wrong].reset_index(drop=True), numbers.values())
        if unique:
            again = found.duplicated(["node", *unique])
            if again.any():
                self._twice.append(found[again][["node", *unique]].assign(table=name))
                found = found[~again].reset_index(drop=True)
        return found

    @property
    def broken(self) -> dict[str, pd.DataFrame]:
        return {"unreadable": _rows(self._wrong), "twice": _rows(self._twice)}


def _texts(column: pd.Series[Any]) -> Any:
    return (
        column.fillna(text(None)) if column.dtype == "str" else pd.Series([text(cell) for cell in column], dtype="str")
    )


def _as_whole(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Columns that no longer have a cell without a number, as int64 where they fit."""
    return frame.assign(**{name: exact([whole(value) for value in frame[name]]) for name in columns})


def _rows(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def total(rows: pd.DataFrame, by: Sequence[str], amount: str | None = None) -> pd.Series[Any]:
    """Exact sum of a column, or number of rows, for each value of ``by``: a series with that index."""
    if amount is None:
        sizes: pd.Series[Any] = rows.groupby(list(by), sort=True).size()
        return sizes
    (amounts,) = summable(rows[amount].to_numpy())
    sums: pd.Series[Any] = rows.assign(**{amount: amounts}).groupby(list(by), sort=True)[amount].sum()
    return sums


def added(left: pd.Series[Any], right: pd.Series[Any], *, sign: int = 1) -> pd.Series[Any]:
    """left + sign * right by index, exact; what one side does not have counts as 0."""
    index = left.index.union(right.index)
    one, other = (
        pd.Series(values, index=index)
        for values in summable(*(side.reindex(index, fill_value=0).to_numpy() for side in (left, right)))
    )
    both: pd.Series[Any] = one + sign * other
    return both


def unequal(expected: pd.Series[Any], found: pd.Series[Any], *, missing: int | None = 0) -> pd.DataFrame:
    """Rows (index columns, expected, found) where the two differ. missing: what a side without such a row counts as;
    None: a row that only one side has is not compared. Each index has a row once."""
    names = list(expected.index.names)
    if missing is None:
        index = expected.index.intersection(found.index)
        both = {"expected": expected.reindex(index), "found": found.reindex(index)}
    else:
        index = expected.index.union(found.index)
        both = {
            "expected": expected.reindex(index, fill_value=missing),
            "found": found.reindex(index, fill_value=missing),
        }
    frame = pd.DataFrame({name: side.to_numpy() for name, side in both.items()}, index=index.set_names(names))
    same = np.asarray(frame["expected"].to_numpy() == frame["found"].to_numpy(), dtype=bool)
    return frame[~same].reset_index()


def joined(left: pd.DataFrame, right: pd.DataFrame, *, on: Sequence[str], **how: Any) -> pd.DataFrame:
    """A merge on columns of which one side may be int64 and the other objects."""
    odd = [name for name in on if left[name].dtype != right[name].dtype]
    if odd:
        left, right = (side.astype(dict.fromkeys(odd, object)) for side in (left, right))
    return left.merge(right, on=list(on), **how)


def apart(left: pd.DataFrame, right: pd.DataFrame, *, sides: tuple[str, str]) -> pd.DataFrame:
    """Rows that are in one of two tables of the same columns and not in the other, and in ``found`` the side's words:
    how one says that it is only in the left one, or only in the right one. Rows count as often as they are there."""
    names = list(left.columns)
    nth = [side.assign(nth=side.groupby(names).cumcount()) for side in (left, right)]
    both = joined(*nth, on=[*names, "nth"], how="outer", indicator="side")
    odd = both[both["side"] != "both"]
    words = dict(zip(("left_only", "right_only"), sides, strict=True))
    return odd[names].assign(found=odd["side"].astype("str").map(words))


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
