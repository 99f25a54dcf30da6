"""What operations say they were to do, or did, held against the rows that are stored under their keys. Judges nothing.

A row is there because some attempt of its key took effect, so it must be what that attempt was to write: what was
acknowledged, or where nothing was, what any attempt asked for. That an outcome is unknown allows the row, not any row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.evidence.amounts import minor_units, unequal_cells, whole
from checks.evidence.ledger import Codes, coded, text
from checks.evidence.operations import OK

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


def altered_transfers(
    told: pd.DataFrame | None, asked: pd.DataFrame, asked_codes: Codes, stored: pd.DataFrame, codes: Codes, best: Codes
) -> tuple[npt.NDArray[np.bool_], str | None]:
    """Which stored rows are not what was asked for under their key, shape (rows,), and why that cannot be told of all.

    An acknowledged key has what was acknowledged, another one what any of its attempts asked for. told: what each row
    of asked says (`checks.evidence.operations.moves`); None where they are no transfers. asked_codes, codes: the key
    of each row of asked and stored, as a place in best, the best outcome of each key.
    """
    differs = np.zeros(len(stored), dtype=bool)
    if told is None or asked.empty:
        return differs, None
    (src, dst, stored_src, stored_dst), _ = coded(told["src"], told["dst"], stored["src"], stored["dst"])
    amount, stored_amount = told["amount"].to_numpy(), minor_units(stored["amount"])
    readable = told["src"].notna().to_numpy(dtype=bool)
    counts = (asked["outcome"] == "ok").to_numpy(dtype=bool) | (best[asked_codes] != OK)
    silent = counts & ~readable

    def unlike(row: Codes, op: Codes) -> npt.NDArray[np.bool_]:
        odd: npt.NDArray[np.bool_] = (stored_src[row] != src[op]) | (stored_dst[row] != dst[op])
        return odd | unequal_cells(stored_amount[row], amount[op])

    first = np.full(len(best), -1, dtype=np.int64)
    said = np.flatnonzero(counts & readable)
    first[asked_codes[said[::-1]]] = said[::-1]
    # A key with a value that cannot be read may have asked for anything; nor is it said what a stranger's key asked.
    open_ended = np.zeros(len(best), dtype=bool)
    open_ended[asked_codes[silent]] = True
    rows = np.flatnonzero((first[codes] >= 0) & ~open_ended[codes])
    differs[rows] = unlike(rows, first[codes[rows]])
    # Nearly every key was attempted once; the few others may also be what a later attempt asked for.
    attempts: dict[int, list[int]] = {}
    for op in said[np.bincount(asked_codes[said], minlength=len(best))[asked_codes[said]] > 1]:
        attempts.setdefault(int(asked_codes[op]), []).append(int(op))
    for row in rows[differs[rows]] if attempts else ():
        others = np.array(attempts.get(int(codes[row]), []), dtype=np.int64)
        differs[row] = not len(others) or bool(unlike(np.full(len(others), row), others).all())
    acked_silent = silent & (asked["outcome"] == "ok").to_numpy(dtype=bool)
    if acked_silent.any():
        return differs, f"{int(acked_silent.sum())} acknowledged transfers have a value without src, dst and amount"
    stuck = np.unique(codes[open_ended[codes]])
    reason = f"{len(stuck)} stored transfers were asked for with a value without src, dst and amount"
    return differs, reason if len(stuck) else None
