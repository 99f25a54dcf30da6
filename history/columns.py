"""The tables of a run folder, read with care: columns of the types that the checks take, whoever wrote them.

Other tools spell the same in other types: whole numbers as floats with NaN for null, text as dictionaries, times as
timestamps. What is unambiguous is taken; anything else is refused with the file, the column and the row. Rows count
from 1. Knows nothing of what the columns mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from history.fields import spelt
from history.json_files import HistoryError

_WORDS = {
    pa.int64(): "whole numbers",
    pa.int32(): "whole numbers below 2^31",
    pa.string(): "text",
    pa.bool_(): "true or false",
    pa.float64(): "numbers",
}


def read_table(file: Path, schema: pa.Schema | None) -> pd.DataFrame:
    """A parquet file. schema: the columns wanted, in their order, or None for all as they are. Raises HistoryError."""
    if not file.is_file():
        raise HistoryError(f"{file}: is no file")
    try:
        # Without partitioning: a folder on the way here that is called a=b is no column.
        table = pq.read_table(file, partitioning=None)
    except (pa.ArrowException, OSError):
        raise HistoryError(f"{file}: not a readable parquet file; is it cut off?") from None
    if schema is not None:
        if missing := [name for name in schema.names if name not in table.column_names]:
            raise HistoryError(f"{file}: column {missing[0]!r} is missing; expected {', '.join(schema.names)}")
        columns = [_fitted(_only(table, field.name, file), field, file) for field in schema]
        table = pa.table(columns, schema=schema)
    for name in table.column_names:
        column = _only(table, name, file)
        _refuse_nested(column, name, file)
        _refuse_broken_text(column, name, file)
    try:
        # Metadata another tool's pandas left would turn columns into an index.
        # In a final table a whole number beside a null stays one: a double would lose its last digits.
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, integer_object_nulls=schema is None)
    except (pa.ArrowException, ValueError, OverflowError):
        raise HistoryError(f"{file}: a column holds what cannot be read, such as a time out of range") from None
    for name in table.column_names:
        if _is_bytes(table, name):
            frame[name] = _spelt_out(frame[name])
    return frame


def _is_bytes(table: pa.Table, name: str) -> bool:
    kind = table.column(name).type
    return any(is_it(kind) for is_it in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary))


def _spelt_out(cells: pd.Series[Any]) -> list[str | None]:
    """Bytes of a BINARY column as text that compares as they do, whatever they are."""
    return [str(cell, "utf-8", "backslashreplace") if isinstance(cell, bytes) else None for cell in cells]


def _only(table: pa.Table, name: str, file: Path) -> pa.ChunkedArray:
    if table.column_names.count(name) > 1:
        raise HistoryError(f"{file}: column {name!r} is there more than once")
    return table.column(name)


def _refuse_nested(column: pa.ChunkedArray, name: str, file: Path) -> None:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_nested(kind):
        raise HistoryError(f"{file}: column {name!r} holds lists or objects; expected one value a row")


def _fitted(column: pa.ChunkedArray, field: pa.Field, file: Path) -> pa.ChunkedArray:
    """The column in the type of the field. Raises HistoryError."""
    _refuse_nested(column, field.name, file)
    column = _plain(column, field)
    if not _stands_for(column, field.type):
        raise HistoryError(
            f"{file}: column {field.name!r} has the wrong type: {column.type}; expected {_WORDS[field.type]}"
        )
    try:
        fitted = column.cast(field.type)
    except (pa.ArrowException, ValueError):
        row = _first_misfit(column, field.type)
        found = _shown(column[row - 1])
        raise HistoryError(
            f"{file}: row {row}: column {field.name!r} has the wrong type: {found}; expected {_WORDS[field.type]}"
        ) from None
    if not field.nullable and fitted.null_count:
        row = pc.index(fitted.is_null(), True).as_py() + 1
        raise HistoryError(f"{file}: row {row}: column {field.name!r} has the wrong type: null; expected a value")
    return fitted


def _plain(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """The same values without what is only another tool's way to store them."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type) and not pa.types.is_floating(field.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)  # pandas' null
        if column.null_count == len(column):
            column = pa.chunked_array([pa.nulls(len(column))])
    if pa.types.is_integer(field.type) and pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ns", column.type.tz))
    if pa.types.is_integer(field.type) and pa.types.is_duration(column.type):
        column = column.cast(pa.duration("ns"))
    return column


def _stands_for(column: pa.ChunkedArray, wanted: pa.DataType) -> bool:
    """Whether a cast keeps what is meant: Arrow takes any number for true, and true for 1."""
    if pa.types.is_boolean(wanted) and (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return all(value.as_py() in (0, 1, None) for value in column.unique())
    others = (pa.types.is_boolean, pa.types.is_time, pa.types.is_date)
    if pa.types.is_integer(wanted) and any(is_it(column.type) for is_it in others):
        return False
    try:
        column.slice(0, 0).cast(wanted)
    except pa.ArrowException:
        return False
    return True


def _first_misfit(column: pa.ChunkedArray, wanted: pa.DataType) -> int:
    """The number of the first row that is not of a type, by halves."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            column.slice(low, middle - low).cast(wanted)
            low = middle
        except (pa.ArrowException, ValueError):
            high = middle
    return low + 1


def _refuse_broken_text(column: pa.ChunkedArray, name: str, file: Path) -> None:
    """Parquet calls bytes text without looking at them."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        column.validate(full=True)
    except pa.ArrowException:
        row = next(number for number, cell in enumerate(column, start=1) if not _is_text(cell))
        raise HistoryError(f"{file}: row {row}: column {name!r} is no text in UTF-8") from None


def _is_text(cell: pa.Scalar) -> bool:
    try:
        cell.as_py()
    except UnicodeDecodeError:
        return False
    return True


def _shown(cell: pa.Scalar) -> str:
    try:
        value = cell.as_py()
    except (ValueError, OverflowError):
        return "a value out of range"
    if value is None:
        return "null"
    return "bytes" if isinstance(value, bytes) else spelt(value if isinstance(value, str) else str(value)).strip('"')
