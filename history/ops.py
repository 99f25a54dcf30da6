"""A row of ``ops/*.parquet``: its columns, written down here and nowhere else.

The load generator makes an `OpRow` of every attempt, ``ops.jsonl`` is these as JSON, the schema of the table is derived
from `COLUMNS`. A new column that may be null needs a line in `OpRow` and somebody who fills it: rows without it are
read as null. Imported in load pods: standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_args, get_origin, get_type_hints

Outcome = Literal["ok", "fail", "unknown"]
Int32 = Annotated[int, "int32"]


class OpRow(TypedDict):
    """One attempt. Times are CLOCK_MONOTONIC nanoseconds; what may be left out may be null.

    A plain dict for speed: the load generator makes one for every attempt, and of all that has named fields a dict is
    made and turned into JSON fastest.

    process: which client, -1: none took it. f: the operation's name. key: its own, chosen before the first attempt.
    value: JSON. errno: MySQL's. error: for people. attempt: from 1. intended_ns: when it was due. server: who answered.
    gtid: of what was acknowledged.
    """

    process: int
    f: str
    key: str
    value: str
    outcome: Outcome
    errno: NotRequired[Int32 | None]
    error: NotRequired[str | None]
    attempt: Int32
    intended_ns: int
    start_ns: int
    end_ns: int
    server: NotRequired[str | None]
    gtid: NotRequired[str | None]


#: Type of a column -> Arrow's name of it.
_ARROW_TYPES: dict[Any, str] = {int: "int64", Int32: "int32", str: "string", Outcome: "string"}


@dataclass(frozen=True, kw_only=True)
class Column:
    """arrow_type: as ``pyarrow.type_for_alias`` takes it."""

    name: str
    arrow_type: str
    nullable: bool


def _column(name: str, hint: Any) -> Column:
    nullable = get_origin(hint) is NotRequired
    if nullable:
        hint = get_args(get_args(hint)[0])[0]  # NotRequired[T | None]
    return Column(name=name, arrow_type=_ARROW_TYPES[hint], nullable=nullable)


#: In the order of the table.
COLUMNS = tuple(_column(name, hint) for name, hint in get_type_hints(OpRow, include_extras=True).items())
COLUMN_NAMES = tuple(column.name for column in COLUMNS)
REQUIRED = frozenset(column.name for column in COLUMNS if not column.nullable)
