"""``ops.jsonl``: what the load worker leaves behind even when it is killed, and how the host reads it back.

The first line is ``{"clock": {"monotonic_ns": …, "unix_ns": …}}``, every other one operation with the columns of
``ops/*.parquet``. Lines wait in memory only until the next flush; the driver flushes every FLUSH_S, so SIGKILL loses
at most the last 100 ms. A written line survives the process, not the machine: nothing here calls fsync.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "ops.jsonl"
FLUSH_S = 0.05

#: The keys of an operation's line, in order: the columns of checks.history.OPS_SCHEMA.
COLUMNS = (
    "process",
    "f",
    "key",
    "value",
    "outcome",
    "errno",
    "error",
    "attempt",
    "intended_ns",
    "start_ns",
    "end_ns",
    "server",
    "gtid",
)


class OpsFileError(Exception):
    """The file is not an ops.jsonl, or is damaged elsewhere than at its end; one line that names file and line."""


class Recorder:
    """Appends operations to a new file. Raises FileExistsError when the folder has one: two workers must not mix."""

    def __init__(self, out_dir: Path) -> None:
        self._fd = os.open(out_dir / FILE_NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        self._pending: list[str] = []
        clock = {"monotonic_ns": time.monotonic_ns(), "unix_ns": time.time_ns()}
        self._pending.append(json.dumps({"clock": clock}))
        self.flush()

    def add(self, row: dict[str, Any]) -> None:
        """row: exactly COLUMNS; ``value`` already a JSON string."""
        self._pending.append(json.dumps(row))

    def flush(self) -> None:
        if not self._pending:
            return
        data = memoryview(("\n".join(self._pending) + "\n").encode())
        self._pending.clear()
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        self.flush()
        os.close(self._fd)


@dataclass(frozen=True, kw_only=True)
class OpsFile:
    """clock: ``monotonic_ns`` and ``unix_ns`` of one moment. ops: rows with COLUMNS, in order of their end.
    torn: 1 when the last line was cut off by a kill and left out, else 0."""

    clock: dict[str, int]
    ops: list[dict[str, Any]]
    torn: int


def read_ops(path: Path) -> OpsFile:
    """Read a worker's file. Raises OpsFileError; one torn last line is tolerated and counted."""
    *lines, tail = path.read_bytes().split(b"\n")
    if not lines:
        raise OpsFileError(f"{path}: no complete first line with the clock; was the load worker killed at its start?")
    rows = [_row(path, number, line) for number, line in enumerate(lines, start=1)]
    clock = rows[0].get("clock")
    if not isinstance(clock, dict):
        raise OpsFileError(f"{path}:1: expected the clock")
    for number, row in enumerate(rows[1:], start=2):
        if tuple(row) != COLUMNS:
            raise OpsFileError(f"{path}:{number}: expected the columns {', '.join(COLUMNS)}")
    return OpsFile(clock=clock, ops=rows[1:], torn=1 if tail else 0)


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise OpsFileError(f"{path}:{number}: not JSON ({error})") from None
    if not isinstance(row, dict):
        raise OpsFileError(f"{path}:{number}: not a JSON object")
    return row
