"""Files that are whole or not there: written beside their place and renamed into it; and who may write alone."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path


def write_atomically(file: Path, content: bytes) -> None:
    """Write beside the place, see it on the disk, rename into it: a crash leaves the old file or none, never half."""
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def lock(descriptor: int, *, timeout_s: float) -> bool:
    """Take the lock of an open file or folder, which is gone with the process, however that ends; False where another
    process holds it for so long."""
    last_s = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > last_s:
                return False
            time.sleep(0.02)
