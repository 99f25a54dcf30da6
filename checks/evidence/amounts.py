"""Money and counts as whole numbers that never lose a digit: int64 where every result provably fits, else Python's.

A double holds whole numbers up to 2^53 only, and int64 wraps at 2^63: either would call two different balances equal.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

#: Whole numbers, shape (n,): int64, or objects (int, and NaN where a cell is no whole number).
Amounts = npt.NDArray[Any]

#: Numbers of at most this magnitude can be negated, and two of them added, within int64.
INT64_SAFE = 2**62 - 1
#: Up to here a double tells neighbouring whole numbers apart.
FLOAT_SAFE = 2**53 - 1


def minor_units(column: pd.Series[Any]) -> Amounts:
    """A column of amounts, ids or counts, exact: text and decimals that are whole numbers count as what they read."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iu":
        return _narrowed(column.to_numpy())
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        values = column.to_numpy()
        with np.errstate(invalid="ignore"):
            if np.all((np.abs(values) <= FLOAT_SAFE) & (np.trunc(values) == values)):
                return values.astype(np.int64)
    return exact([whole(value) for value in column])


def exact(values: list[int | None]) -> Amounts:
    """Whole numbers in an array; NaN, which equals nothing, for None."""
    if all(value is not None and -INT64_SAFE <= value <= INT64_SAFE for value in values):
        return np.array(values, dtype=np.int64)
    found = np.empty(len(values), dtype=object)
    found[:] = [np.nan if value is None else value for value in values]
    return found


def whole(value: Any) -> int | None:
    """The whole number a cell reads, None if it is none (null, NaN, 10.5, a list, true, a word)."""
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, float | np.floating):
        return int(value) if np.isfinite(value) and value == np.trunc(value) else None
    if not isinstance(value, str | Decimal):
        return None
    try:
        number = Decimal(value)
        # Text such as 1e999999 would have to be written out digit by digit.
        return int(number) if number.is_finite() and number.adjusted() < 64 and number == int(number) else None
    except (InvalidOperation, ValueError, OverflowError):
        return None


def summable(*columns: Amounts) -> list[Amounts]:
    """The columns such that any sum of any of their cells is exact."""
    most = sum(len(column) * _magnitude(column) for column in columns)
    if all(column.dtype != object for column in columns) and most < 2**63:
        return list(columns)
    return [column.astype(object) for column in columns]


def unequal_cells(left: Amounts, right: Amounts) -> npt.NDArray[np.bool_]:
    """Where two columns differ; NaN differs from everything."""
    return ~equal_cells(left, right)


def equal_cells(left: Amounts, right: Amounts) -> npt.NDArray[np.bool_]:
    """Where two columns are equal; NaN equals nothing."""
    with np.errstate(invalid="ignore"):
        return np.asarray(left == right, dtype=bool)


def shown(amount: Any) -> int | float | None:
    """An amount for a witness: a whole number where it is one, None where it was none."""
    if isinstance(amount, int | np.integer):
        return int(amount)
    if not np.isfinite(amount):
        return None
    return int(amount) if float(amount).is_integer() else float(amount)


def _narrowed(values: Amounts) -> Amounts:
    return values.astype(np.int64) if _magnitude(values) <= INT64_SAFE else values.astype(object)


def _magnitude(column: Amounts) -> int:
    """The largest absolute value, 0 of none. NaN has none that matters."""
    if len(column) == 0:
        return 0
    if column.dtype == object:
        return max((abs(value) for value in column if value == value), default=0)
    return max(abs(int(column.min())), abs(int(column.max())))
