"""``ops.jsonl``: what a load worker leaves behind even when it is killed, read back.

`loadgen.driver.recorder` writes it. The first line is ``{"clock": {"monotonic_ns": …, "unix_ns": …}}``, every other
one an operation with the columns of ``ops/*.parquet``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import orjson

from history.ops import COLUMN_NAMES, REQUIRED

FILE_NAME = "ops.jsonl"


class OpsFileError(Exception):
    """The file is not an ops.jsonl, or is damaged elsewhere than at its end; one line that names file and line."""


def to_json(value: Any) -> bytes:
    """JSON of anything that Python's own module has JSON for: orjson is several times as fast, and knows neither whole
    numbers above 64 bits nor keys that are no text. Raises TypeError."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


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
            clock = _object(path, 1, first).get("clock")
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
        """Operations with all COLUMN_NAMES, in order of their end. Once only."""
        for number, line in enumerate(self._lines, start=2):
            if not line.endswith(b"\n"):
                self.torn = 1
                return
            row = _object(self._path, number, line)
            if tuple(row) != COLUMN_NAMES:
                if not REQUIRED <= row.keys() <= set(COLUMN_NAMES):
                    expected = ", ".join(COLUMN_NAMES)
                    raise OpsFileError(f"{self._path}:{number}: expected the columns {expected}")
                row = dict.fromkeys(COLUMN_NAMES) | row
            yield row


def read_ops(path: Path) -> list[dict[str, Any]]:
    """Every operation of a file that fits into memory. Raises OpsFileError."""
    with OpsFile(path) as recorded:
        return list(recorded)


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise OpsFileError(f"{path}:{number}: not JSON ({error})") from None
    if not isinstance(found, dict):
        raise OpsFileError(f"{path}:{number}: not a JSON object")
    return found
