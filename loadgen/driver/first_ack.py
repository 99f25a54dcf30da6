"""The first write that was acknowledged after a moment, looked for in a worker's record while that is being written.

``python3 -m loadgen.driver.first_ack FILE SINCE_NS WAIT_S READS`` in the load pod: prints when that write ended
(CLOCK_MONOTONIC ns), or nothing when none came within WAIT_S. READS is a JSON list: operations whose ``f`` is in it
are no writes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

#: So much of what was recorded before somebody looks is looked through as well.
BYTES_BEFORE = 500_000
POLL_S = 0.02


def acknowledged(lines: Iterable[bytes], *, since_ns: int, reads: Collection[str]) -> int | None:
    """The end of the first acknowledged write that ended after ``since_ns``; None when the lines end before."""
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:  # the look began in the middle of a line
            continue
        # the first line of a record is its clock
        if row.get("outcome") == "ok" and row["f"] not in reads and row["end_ns"] > since_ns:
            return int(row["end_ns"])
    return None


def follow(file: Path, *, wait_s: float) -> Iterator[bytes]:
    """The last lines of a file, and those that are added to it within ``wait_s``; whole lines only."""
    deadline_s, rest = time.monotonic() + wait_s, b""
    with file.open("rb") as record:
        record.seek(max(0, file.stat().st_size - BYTES_BEFORE))
        while time.monotonic() < deadline_s:
            *lines, rest = (rest + record.read()).split(b"\n")
            yield from lines
            if not lines:
                time.sleep(POLL_S)


def main(file: str, since_ns: str, wait_s: str, reads: str) -> None:
    found = acknowledged(follow(Path(file), wait_s=float(wait_s)), since_ns=int(since_ns), reads=json.loads(reads))
    if found is not None:
        print(found)


if __name__ == "__main__":
    main(*sys.argv[1:])
