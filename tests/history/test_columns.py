"""Columns as other tools write them: what is unambiguous is taken, and the rest is named with file, row and value."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from history.columns import read_table
from history.json_files import HistoryError

NAN = float("nan")
BROKEN = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xff"]).buffers())


def read(folder: Path, column: pa.Array, kind: pa.DataType | None, *, nullable: bool = True) -> list[Any]:
    file = folder / "table.parquet"
    pq.write_table(pa.table({"c": column}), file)
    schema = None if kind is None else pa.schema([pa.field("c", kind, nullable=nullable)])
    cells = read_table(file, schema)["c"].to_list()
    return [None if cell is None or cell != cell else cell for cell in cells]


@pytest.mark.parametrize(
    ("column", "kind", "cells"),
    [
        (pa.array([1213.0, NAN]), pa.int32(), [1213, None]),
        (pa.array([NAN, NAN]), pa.int32(), [None, None]),
        (pa.array([NAN, NAN]), pa.string(), [None, None]),
        (pa.array([7], pa.int64()), pa.int32(), [7]),
        (pa.array(["7"]), pa.int64(), [7]),
        (pa.array([Decimal(7)]), pa.int64(), [7]),
        (pa.array([2], pa.timestamp("ms", "UTC")), pa.int64(), [2_000_000]),
        (pa.array([2], pa.duration("us")), pa.int64(), [2_000]),
        (pa.array(["a", None], pa.large_string()), pa.string(), ["a", None]),
        (pa.array(["a", None]).dictionary_encode(), pa.string(), ["a", None]),
        (pa.array([b"a"]), pa.string(), ["a"]),
        (pa.array([1.0, 0.0, NAN]), pa.bool_(), [True, False, None]),
        (pa.array([1, 0], pa.int8()), pa.bool_(), [True, False]),
        (pa.nulls(2), pa.bool_(), [None, None]),
        (pa.array([1.5, NAN]), pa.float64(), [1.5, None]),
        (pa.array([Decimal("1.50")]), None, [Decimal("1.50")]),
        (pa.array([b"k1", b"\xff\x01", None]), None, ["k1", "\\xff\x01", None]),
    ],
)
def test_what_can_mean_one_thing_only_is_taken(
    tmp_path: Path, column: pa.Array, kind: pa.DataType | None, cells: list[Any]
) -> None:
    assert read(tmp_path, column, kind) == cells


@pytest.mark.parametrize(
    ("column", "kind", "told"),
    [
        (pa.array([7.0, 7.5]), pa.int32(), "row 2: column 'c' has the wrong type: 7.5; expected whole numbers"),
        (pa.array([2**40]), pa.int32(), "row 1: column 'c' has the wrong type: 1099511627776"),
        (pa.array([1e300]), pa.int64(), "row 1: column 'c' has the wrong type: 1e+300"),
        (pa.array(["7", "soon"]), pa.int64(), "row 2: column 'c' has the wrong type: soon"),
        (pa.array([7, None]), pa.int64(), "row 2: column 'c' has the wrong type: null"),
        (pa.array([None, 5], pa.timestamp("s")), pa.int32(), "column 'c' has the wrong type: timestamp[ns]"),
        (pa.array([True]), pa.int64(), "column 'c' has the wrong type: bool"),
        (pa.array([1, 5]), pa.bool_(), "column 'c' has the wrong type: int64; expected true or false"),
        (pa.array([0.5]), pa.bool_(), "column 'c' has the wrong type: double; expected true or false"),
        (pa.array([[1]]), pa.int64(), "column 'c' holds lists or objects"),
        (pa.array([[1], [2]]), None, "column 'c' holds lists or objects"),
        (pa.array([{"id": 1}]), None, "column 'c' holds lists or objects"),
        (BROKEN, pa.string(), "row 2: column 'c' is no text in UTF-8"),
        (BROKEN, None, "row 2: column 'c' is no text in UTF-8"),
    ],
)
def test_a_column_that_cannot_be_read_as_its_type_is_named(
    tmp_path: Path, column: pa.Array, kind: pa.DataType | None, told: str
) -> None:
    with pytest.raises(HistoryError, match=re.escape(f"table.parquet: {told}")):
        read(tmp_path, column, kind, nullable=False)


def test_a_folder_on_the_way_whose_name_is_an_equation_is_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "node=7"
    folder.mkdir()
    pq.write_table(pa.table({"c": [1]}), folder / "table.parquet")
    assert list(read_table(folder / "table.parquet", None).columns) == ["c"]
