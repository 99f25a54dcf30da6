"""The sentinel: a fixed piece of work, done beside every trial, that tells how fast the machine itself is just then.

It is the same on every machine and in every version: changing it makes older nights incomparable. Medians of several
pieces, because one that was interrupted says nothing. About a second in all.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from history.manifest import Sentinel

_PIECES = 5
#: Rounds of SHA-256 in a piece; the work is of the CPU alone, in C, and of no memory.
_ROUNDS = 700_000
_WRITES = 100
_BLOCK = bytes(4096)


def measure(folder: Path) -> Sentinel:
    """cpu_s: the median piece of CPU work, times their number. fsync_ms: the median of writing 4 KiB and syncing it, in
    ``folder``, where run folders are written. Raises OSError where that cannot be written to."""
    cpu_s = median(_timed_s(_cpu) for _ in range(_PIECES)) * _PIECES
    with tempfile.TemporaryFile(dir=folder) as file:

        def write() -> None:
            os.pwrite(file.fileno(), _BLOCK, 0)
            os.fsync(file.fileno())

        fsync_ms = median(_timed_s(write) for _ in range(_WRITES)) * 1000
    return Sentinel(cpu_s=round(cpu_s, 6), fsync_ms=round(fsync_ms, 4))


def _cpu() -> None:
    hashlib.pbkdf2_hmac("sha256", b"meshbench", b"sentinel", _ROUNDS)


def _timed_s(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
