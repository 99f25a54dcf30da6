"""What operations say they were to do, or did, held against the rows that are stored under their keys. Judges nothing.

A row is there because some attempt of its key took effect, so it must be what that attempt was to write: what was
acknowledged, or where nothing was, what any attempt asked for. That an outcome is unknown allows the row, not any row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from checks.evidence.amounts import whole
from checks.evidence.ledger import text

#: Cells of one row; None stands for whatever the database was to fill in.
Cells = tuple[int | None, ...]
T = TypeVar("T")


def parsed(value: object) -> Any:
    """An op's value, None where it is not JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None


def asked(ops: pd.DataFrame, read: Callable[[str, Any], T | None]) -> dict[str, list[T]]:
    """For each key what it may have written: of its acknowledged attempts, else of all. read: (f, value) -> that, or
    None where nothing can be written by it; a key with nothing else has an empty list."""
    tried: dict[str, list[T]] = {}
    acked: dict[str, list[T]] = {}
    for key, f, value, outcome in zip(ops["key"], ops["f"], ops["value"], ops["outcome"], strict=True):
        told = read(f, parsed(value))
        for of, wanted in ((tried, True), (acked, outcome == "ok")):
            if wanted:
                own = of.setdefault(text(key), [])
                own += [] if told is None else [told]
    return tried | acked


def members(value: Any, *names: str, optional: Sequence[str] = ()) -> Cells | None:
    """These members of a value as whole numbers; None when one is not there, unless it is optional."""
    if not isinstance(value, Mapping):
        return None
    cells = tuple(whole(value.get(name)) for name in names)
    odd = any(
        cell is None and (name not in optional or value.get(name) is not None)
        for name, cell in zip(names, cells, strict=True)
    )
    return None if odd else cells


def matches(cells: Sequence[Any], told: Sequence[int | None]) -> bool:
    return len(cells) == len(told) and all(one is None or one == cell for cell, one in zip(cells, told, strict=True))


def altered(
    rows: pd.DataFrame, columns: Sequence[str], may_be: Mapping[str, Sequence[Cells]], *, key: str = "key"
) -> pd.DataFrame:
    """Rows stored under a key that somebody asked for, with cells that nobody asked for under it."""
    keys, cells = rows[key].tolist(), zip(*(rows[column].tolist() for column in columns), strict=True)
    odd = [
        name in may_be and not any(matches(found, told) for told in may_be[name])
        for name, found in zip(keys, cells, strict=True)
    ]
    found: pd.DataFrame = rows[pd.Series(odd, index=rows.index, dtype=bool)][["node", key, *columns]]
    return found
