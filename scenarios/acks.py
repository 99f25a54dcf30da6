"""The first write that a client had acknowledged after a moment, heard from the load pods' records as they are written.

A record is written to its file within a twentieth of a second, so that is how late it is heard.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from docker.models.containers import Container

from checks.operations import READS
from scenarios.load_pod import OPS_FILE

#: So much of what was recorded before somebody listens is looked through as well.
LINES_BEFORE = 2000
LISTEN_S = 600
POLL_S = 0.05


def first_ack(containers: Sequence[Container], since_ns: int, over: threading.Event) -> int | None:
    """When the first acknowledged write ended that ended after ``since_ns`` (both CLOCK_MONOTONIC ns); None when
    ``over`` is set before one is heard of."""
    heard: queue.Queue[int] = queue.Queue()

    def listen(container: Container) -> None:
        follow = ["timeout", str(LISTEN_S), "tail", "-n", str(LINES_BEFORE), "-F", OPS_FILE]
        _, chunks = container.exec_run(follow, stream=True, stderr=False)
        assert not isinstance(chunks, bytes), "a stream comes in chunks"
        if (at_ns := acknowledged(chunks, since_ns)) is not None:
            heard.put(at_ns)

    for container in containers:
        threading.Thread(target=listen, args=(container,), name="acks", daemon=True).start()
    while not over.is_set():
        try:
            return heard.get(timeout=POLL_S)
        except queue.Empty:
            continue
    return None


def acknowledged(chunks: Iterable[bytes], since_ns: int) -> int | None:
    """The end of the first acknowledged write after a moment in a stream of a record's lines; None when it ends."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            row = _row(line)
            if row.get("outcome") == "ok" and row["f"] not in READS and row["end_ns"] > since_ns:
                return int(row["end_ns"])
    return None


def _row(line: bytes) -> dict[str, Any]:
    """A line that is no row (the clock at the beginning, the end of one that was cut in two) is an empty one."""
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}
