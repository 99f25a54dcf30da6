"""A load worker on another machine, as the run sees it: Locust's master tells its events, and has its record."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence

from loadgen.config import LoadConfig
from loadgen.user_code.files import pack
from loadgen.worker.clock import Reading, Translation
from scenarios.load.load_pod import OUT_DIR, Event, LoadPod
from scenarios.user_code.pod import OwnPod

log = logging.getLogger("meshbench")

JOINING_FILE = "/etc/meshbench-joining.json"


class RemoteWorker(LoadPod):
    """machine: what it says of itself once it has joined."""

    def __init__(self, master: LoadPod, config: LoadConfig, name: str) -> None:
        super().__init__(master.pod, config)
        self.name = name
        self.machine: Event | None = None
        self.ops_file = f"{OUT_DIR}/{name}.jsonl"
        self._master = master

    def heard(self, event: Event) -> None:
        told = dict(event)
        if readings := told.pop("clock", None):
            self.clock = Translation([Reading(**one) for one in readings])
        if told["event"] == "joined":
            self.container = self._master.container
            self.machine = told["machine"]
            log.info("%s joined from %s", self.name, told["machine"]["host"])
        super().heard(told)

    def apart(self) -> Event:
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


def relay(master: LoadPod, workers: Sequence[RemoteWorker], on_event: Callable[[LoadPod, Event | None], None]) -> None:
    """Call on_event, from a thread, with each event of a worker, and with None when it has ended without a word."""
    by_name = {worker.name: worker for worker in workers}

    def pass_on(_: LoadPod, event: Event | None) -> None:
        if event is None:
            for worker in workers:
                on_event(worker, None)
        elif event["event"] == "turned-away":
            log.warning("rejected a worker on %s: %s", event["machine"]["host"], event["why"])
        elif (name := event.pop("worker", None)) is not None:
            on_event(by_name[name], None if event["event"] == "lost" else event)
        elif event["event"] == "error":  # the master's own
            on_event(master, event)

    master.listen(pass_on)
