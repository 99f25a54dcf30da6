"""The first write that a client had acknowledged after a moment, heard from the load pods' records as they are written.

A record is written to its file within a twentieth of a second, so that is how late it is heard.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Collection, Sequence

from cluster.errors import EngineRefusedError
from cluster.platform.platform import Process
from scenarios.load.load_pod import OPS_FILE

#: How long one look lasts; then it is looked whether anybody still wants to know.
LOOK_S = 5.0
POLL_S = 0.05


def first_ack(
    containers: Sequence[Process], since_ns: int, over: threading.Event, *, reads: Collection[str]
) -> int | None:
    """When the first acknowledged write ended that ended after ``since_ns`` (both CLOCK_MONOTONIC ns); None when
    ``over`` is set before one is heard of. reads: the f of operations that write nothing."""
    heard: queue.Queue[int] = queue.Queue()
    words = [OPS_FILE, str(since_ns), str(LOOK_S), json.dumps(sorted(reads))]
    look = ["python3", "-m", "loadgen.driver.first_ack", *words]

    def listen(container: Process) -> None:
        while not over.is_set() and heard.empty():
            try:
                _, printed = container.exec(*look)
            except EngineRefusedError:  # it has ended
                return
            if printed.strip():
                heard.put(int(printed))

    for container in containers:
        threading.Thread(target=listen, args=(container,), name="acks", daemon=True).start()
    while not over.is_set():
        try:
            return heard.get(timeout=POLL_S)
        except queue.Empty:
            continue
    return None
