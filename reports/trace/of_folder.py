"""The trace of one operation of a run folder."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from history.history import load_history
from reports.trace.trace import Trace, trace


def trace_in(folder: Path, key: str) -> Trace:
    """Raises HistoryError when the folder cannot be read, NoSuchKeyError when no operation has the key."""
    history = load_history(folder)
    return trace(history, key, load_pod=_load_pod(folder, key))


def _load_pod(folder: Path, key: str) -> str | None:
    """Whose record has the key: the name of its file."""
    for part in sorted((folder / "ops").glob("*.parquet")):
        keys = pq.read_table(part, columns=["key"])["key"].cast(pa.string())
        if pa.compute.any(pa.compute.equal(keys, key)).as_py():
            return part.stem
    return None
