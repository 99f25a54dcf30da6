"""``ops.jsonl``: what the load worker leaves behind even when it is killed, and how the host reads it back.

The first line is ``{"clock": {"monotonic_ns": …, "unix_ns": …}}``, every other one operation with the columns of
``ops/*.parquet``. Lines wait in memory only until the next flush; the driver flushes every FLUSH_S, so SIGKILL loses
at most the last 100 ms. A written line survives the process, not the machine: nothing here calls fsync.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import orjson

FILE_NAME = "ops.jsonl"
FLUSH_S = 0.05

#: The keys of an operation's line, in order: the columns of history.history.OPS_SCHEMA.
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


def to_json(value: Any) -> bytes:
    """JSON of anything that Python's own module has JSON for: orjson is several times as fast, and knows neither whole
    numbers above 64 bits nor keys that are no text. Raises TypeError."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


class Recorder:
    """Appends operations to a new file. Raises FileExistsError when the folder has one: two workers must not mix.

    also: given what is written, when it is.
    """

    def __init__(self, out_dir: Path, *, also: Callable[[bytes], None] | None = None) -> None:
        self._also = also
        self._fd = os.open(out_dir / FILE_NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        self._pending: list[bytes] = []
        clock = {"monotonic_ns": time.monotonic_ns(), "unix_ns": time.time_ns()}
        self._pending.append(to_json({"clock": clock}))
        self.flush()

    def add(self, row: dict[str, Any]) -> None:
        """row: exactly COLUMNS; ``value`` already a JSON string."""
        self._pending.append(to_json(row))

    def flush(self) -> None:
        if not self._pending:
            return
        data = b"\n".join(self._pending) + b"\n"
        self._pending.clear()
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        if self._also is not None:
            self._also(data)

    def close(self) -> None:
        self.flush()
        os.close(self._fd)


class OpsFile:
    """Reads a worker's file a line at a time, so that a long run needs no more memory than a short one.

    clock: ``monotonic_ns`` and ``unix_ns`` of one moment. torn: 1 once the last line turned out to be cut off by a
    kill, which is tolerated and left out, else 0. Raises OpsFileError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = path.open("rb")
        self.torn = 0
        first = self._lines.readline()
        try:
            if not first.endswith(b"\n"):
                raise OpsFileError(
                    f"{path}: no complete first line with the clock; was the load worker killed at its start?"
                )
            clock = _row(path, 1, first).get("clock")
            if not isinstance(clock, dict):
                raise OpsFileError(f"{path}:1: expected the clock")
        except OpsFileError:
            self._lines.close()
            raise
        self.clock: dict[str, int] = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Operations with COLUMNS, in order of their end. Once only."""
        for number, line in enumerate(self._lines, start=2):
            if not line.endswith(b"\n"):
                self.torn = 1
                return
            row = _row(self._path, number, line)
            if tuple(row) != COLUMNS:
                raise OpsFileError(f"{self._path}:{number}: expected the columns {', '.join(COLUMNS)}")
            yield row


def read_ops(path: Path) -> list[dict[str, Any]]:
    """Every operation of a file that fits into memory. Raises OpsFileError."""
    with OpsFile(path) as recorded:
        return list(recorded)


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise OpsFileError(f"{path}:{number}: not JSON ({error})") from None
    if not isinstance(row, dict):
        raise OpsFileError(f"{path}:{number}: not a JSON object")
    return row
