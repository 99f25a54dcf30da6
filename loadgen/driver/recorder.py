"""Writes ``ops.jsonl`` (`history.ops_file`) as the load runs, so that little is lost when the worker is killed.

Lines wait in memory only until the next flush; the driver flushes every FLUSH_S, so SIGKILL loses at most the last
100 ms. A written line survives the process, not the machine: nothing here calls fsync.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from history.ops import OpRow
from history.ops_file import FILE_NAME, to_json

FLUSH_S = 0.05


class Recorder:
    """Appends operations to a new file. Raises FileExistsError when the folder has one: two workers must not mix.

    also: given what is written, when it is.
    """

    def __init__(self, out_dir: Path, *, also: Callable[[bytes], None] | None = None) -> None:
        self._also = also
        self._fd = os.open(out_dir / FILE_NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        #: Rows become bytes when they are flushed, many at a time: one by one costs a client's turn, and more.
        self._pending: list[OpRow] = []
        clock = {"monotonic_ns": time.monotonic_ns(), "unix_ns": time.time_ns()}
        self._write(to_json({"clock": clock}) + b"\n")

    def add(self, row: OpRow) -> None:
        self._pending.append(row)

    def flush(self) -> None:
        if not self._pending:
            return
        data = b"\n".join(map(to_json, self._pending)) + b"\n"
        self._pending.clear()
        self._write(data)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        if self._also is not None:
            self._also(data)

    def close(self) -> None:
        self.flush()
        os.close(self._fd)
