"""Which transactions operations say they committed, and which of those are in a GTID set.

An operation that committed several transactions has several GTIDs, joined by a comma; one that wrote nothing has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from history import gtid
from history.gtid import GtidSet
from history.json_files import HistoryError

_Whole = npt.NDArray[np.int64]

#: What nearly every operation has: one transaction.
_SINGLE = f"^(?P<source>{gtid.UUID}(?::{gtid.TAG})?):(?P<number>[1-9][0-9]{{0,17}})$"
#: More transactions than this one operation cannot have committed.
_PER_OP_MAX = 10_000
_AT_ONCE = 100_000


def committed(ops: pd.DataFrame) -> pd.DataFrame:
    """One row a transaction that an operation says it committed: ``at`` (position in ops), ``source``, ``number``.

    Raises HistoryError when a gtid is not readable, naming the operation.
    """
    sources: dict[str, int] = {}
    # A piece at a time: a million GTIDs and their parts would double what the judge needs of memory.
    pieces = [_committed(ops, begin, sources) for begin in range(0, max(len(ops), 1), _AT_ONCE)]
    at, codes, numbers = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    names = pd.Categorical.from_codes(codes, categories=pd.Index([*sources], dtype="str"))
    return pd.DataFrame({"at": at, "source": names, "number": numbers})


def _committed(ops: pd.DataFrame, begin: int, sources: dict[str, int]) -> tuple[_Whole, _Whole, _Whole]:
    """(at, code of the source, number) of the operations from ``begin`` on. sources: name -> code, added to."""
    texts = pa.array(
        ops["gtid"].iloc[begin : begin + _AT_ONCE].astype(object).to_numpy(), pa.string(), from_pandas=True
    )
    there = np.flatnonzero(np.asarray(pc.is_valid(texts)))
    found = pc.extract_regex(pc.utf8_lower(texts.take(pa.array(there))), pattern=_SINGLE)
    readable = np.asarray(pc.is_valid(found), dtype=bool)
    single = found.filter(pa.array(readable))
    named = pc.struct_field(single, "source").dictionary_encode()
    own = [sources.setdefault(str(name), len(sources)) for name in named.dictionary.to_pylist()]
    codes = np.array(own, dtype=np.int64)[np.asarray(named.indices, dtype=np.int64)]
    numbers = np.asarray(pc.struct_field(single, "number").cast(pa.int64()), dtype=np.int64)
    more = [
        (int(at), sources.setdefault(source, len(sources)), number)
        for at in there[~readable]
        for source, spans in _of_op(ops, begin + int(at)).items()
        for first, last in spans
        for number in range(first, last + 1)
    ]
    rest = np.array(more, dtype=np.int64).reshape(-1, 3)
    at = np.concatenate([there[readable], rest[:, 0]]) + begin
    return at, np.concatenate([codes, rest[:, 1]]), np.concatenate([numbers, rest[:, 2]])


def _of_op(ops: pd.DataFrame, at: int) -> GtidSet:
    found = gtid.read(ops["gtid"].iloc[at])
    if not found or gtid.count(found) > _PER_OP_MAX:
        op = ops.iloc[at]
        raise HistoryError(
            f"ops/*.parquet: the gtid of key {str(op['key'])[:80]!r} is no GTID: {str(op['gtid'])[:80]!r}"
        )
    return found


def contained(rows: pd.DataFrame, executed: GtidSet) -> npt.NDArray[np.bool_]:
    """Which of the transactions (rows of `committed`) are in a set, shape (n,)."""
    there = np.zeros(len(rows), dtype=bool)
    numbers = rows["number"].to_numpy(dtype=np.int64)
    for source, places in rows.groupby("source", observed=True).indices.items():
        spans: Any = np.array(executed.get(str(source), ()), dtype=np.int64).reshape(-1, 2)
        if len(spans):
            at = np.searchsorted(spans[:, 0], numbers[places], side="right") - 1
            there[places] = (at >= 0) & (numbers[places] <= spans[np.maximum(at, 0), 1])
    return there
