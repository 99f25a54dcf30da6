"""A load worker on another machine, as the run sees it: Locust's master tells its events, and has its record."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from history.load_events import Done, Error, Joined, LoadEvent, LoadEventError, Lost, Ready, TurnedAway
from loadgen.config import LoadConfig
from loadgen.user_code.files import pack
from loadgen.worker.clock import Reading, Translation
from scenarios.load.load_pod import OUT_DIR, Heard, LoadPod
from scenarios.user_code.pod import OwnPod

log = logging.getLogger("meshbench")

JOINING_FILE = "/etc/meshbench-joining.json"


class RemoteWorker(LoadPod):
    """machine: what it says of itself once it has joined."""

    def __init__(self, master: LoadPod, config: LoadConfig, name: str) -> None:
        super().__init__(master.pod, config)
        self.name = name
        self.machine: dict[str, Any] | None = None
        self.ops_file = f"{OUT_DIR}/{name}.jsonl"
        self._master = master

    def heard(self, event: LoadEvent) -> None:
        if isinstance(event, Ready | Done) and event.clock:
            self.clock = Translation([Reading(**reading) for reading in event.clock])
        if isinstance(event, Joined):
            self.container = self._master.container
            self.machine = event.machine
            log.info("%s joined from %s", self.name, event.machine["host"])
        super().heard(event)

    def apart(self) -> dict[str, Any]:
        """clock_error_ms: how far its times may be off, at most, at the moments its clock was read."""
        error_ms = None if self.clock is None else round(self.clock.error_ns / 1e6, 3)
        return {"machine": self.machine, "clock_error_ms": error_ms}

    def exit_code(self) -> int | None:
        return None

    def last_words(self) -> str:
        return "it says more on its own machine"


def joining(workers: Sequence[RemoteWorker], own: OwnPod | None) -> bytes:
    """What Locust's master is told of them, see `loadgen.worker.remote_join.Admission`."""
    places = [(worker.name, worker.config.to_json()) for worker in workers]
    packed = None if own is None else pack(dict(own.own.files), own.environment)
    return json.dumps({"places": places, "own": packed}).encode()


def relay(master: LoadPod, workers: Sequence[RemoteWorker], on_event: Callable[[LoadPod, Heard], None]) -> None:
    """Call on_event, from a thread, with each event of a worker, and with None when it has ended without a word."""
    by_name = {worker.name: worker for worker in workers}

    def pass_on(_: LoadPod, event: Heard) -> None:
        if event is None:
            for worker in workers:
                on_event(worker, None)
        elif isinstance(event, TurnedAway):
            log.warning("rejected a worker on %s: %s", event.machine["host"], event.why)
        elif isinstance(event, LoadEvent) and event.worker is not None:
            on_event(by_name[event.worker], None if isinstance(event, Lost) else event)
        elif isinstance(event, Error | LoadEventError):  # the master's own
            on_event(master, event)

    master.listen(pass_on)
