"""Whole numbers: what reads as one, what does not, and that no digit is lost on the way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from checks.evidence.amounts import equal_cells, exact, minor_units, summable, unequal_cells, whole

TWO_53 = 2**53


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (7, 7),
        (np.int64(7), 7),
        (7.0, 7),
        ("7", 7),
        ("7.0", 7),
        (b"7", 7),
        (Decimal("7.00"), 7),
        (2**70, 2**70),
        (Decimal(TWO_53 + 1), TWO_53 + 1),
        (str(TWO_53 + 1), TWO_53 + 1),
        (10.5, None),
        ("10.5", None),
        (True, None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        ("1e999999999", None),
        ("much", None),
        (b"\xff", None),
        ([1], None),
        ({"a": 1}, None),
    ],
)
def test_what_reads_as_a_whole_number(cell: Any, number: int | None) -> None:
    assert whole(cell) == number


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2], dtype="int64"),
        pd.Series([1, 2], dtype="uint8"),
        pd.Series([1.0, 2.0]),
        pd.Series(["1", "2"], dtype="str"),
        pd.Series([Decimal(1), 2], dtype=object),
    ],
)
def test_small_numbers_become_int64_whatever_holds_them(column: pd.Series[Any]) -> None:
    numbers = minor_units(column)
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [1, 2]


def test_numbers_beyond_a_double_or_int64_keep_all_digits() -> None:
    big = [2**64 - 1, TWO_53 + 1]
    assert minor_units(pd.Series(big, dtype="uint64")).tolist() == big
    assert unequal_cells(minor_units(pd.Series([TWO_53 + 1])), minor_units(pd.Series([float(TWO_53)]))).tolist() == [
        True
    ]
    decimals = minor_units(pd.Series([Decimal(TWO_53 + 1), None], dtype=object))
    assert decimals[0] == TWO_53 + 1
    assert equal_cells(decimals, decimals).tolist() == [True, False], "no number equals nothing"


def test_sums_that_would_wrap_are_exact() -> None:
    column = exact([2**61] * 8)
    assert column.dtype == np.int64
    (safe,) = summable(column)
    assert safe.sum() == 2**64
    (small,) = summable(exact([1, 2]))
    assert small.dtype == np.int64, "where nothing can wrap, the fast way is kept"
