"""Workers on other machines: how one gets its part of the load, the time, and its record to the run.

All of it goes over the connection that Locust's worker has to Locust's master, as messages of our own beside Locust's:

    worker                              master
    join (which sources it has)    →
                                   ←    place (its configuration), or refused (why)
    ask                            →
                                   ←    time (CLOCK_MONOTONIC), a handful of times
    told (an event), ops (bytes)   →    printed as an event; appended to ``<worker>.jsonl``

What the worker records is sent as it is flushed, so that a machine that dies has left its history. Messages of one
worker arrive in order: who hears its ``done`` has all of its record. Nothing here is encrypted or authenticated, nor is
what Locust itself says; who reaches the master's port may join. Started by `loadgen.worker.locustfile`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import gevent  # type: ignore[import-untyped]
from gevent.event import AsyncResult  # type: ignore[import-untyped]

from history.load_events import Done, Error, Joined, LoadEvent, Lost, Ready, TurnedAway, read
from loadgen.errors import ConfigError
from loadgen.worker.clock import EVENT_TIMES, Reading, Translation, reading
from loadgen.worker.events import emit

JOIN, PLACE, REFUSED = "meshbench-join", "meshbench-place", "meshbench-refused"
ASK, TIME = "meshbench-ask", "meshbench-time"
TOLD, OPS = "meshbench-told", "meshbench-ops"

ANSWER_TIMEOUT_S = 30.0
EXCHANGES, EXCHANGE_PAUSE_S = 20, 0.02
#: How often the master looks whether Locust misses a worker's heartbeats, and how long it may before it is given up.
LOOK_S, MISSING_S = 1.0, 10.0
#: How long a worker goes on without a word of the master: until that has given it up for certain.
ORPHANED_S = 15.0


class Runner(Protocol):
    """What of Locust's worker runner is needed here, and of its master's."""

    def register_message(self, msg_type: str, listener: Any) -> None: ...

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None: ...


class Worker(Runner, Protocol):
    #: Of the last heartbeat that the master answered, by this machine's wall clock.
    last_heartbeat_timestamp: float | None


class Master(Runner, Protocol):
    #: By Locust's name of it; each has a state.
    clients: Any


def sources() -> str:
    """Tells this version of loadgen and its records from others: two that differ would not record the same load."""
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for file in sorted(file for room in ("history", "loadgen") for file in (root / room).rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


class Admission:
    """Master: hands out the places of workers on other machines, and passes on what they say and record.

    places: (name of the worker, its configuration as JSON), in the order in which they are given out. own: the files
    of the user's own workload, as `loadgen.user_code.files.pack` made them. folder: where the records go.
    """

    def __init__(
        self, runner: Master, places: Sequence[tuple[str, str]], own: Mapping[str, Any] | None, folder: Path
    ) -> None:
        self._runner = runner
        self._free = list(places)
        self._own = own
        self._folder = folder
        #: By Locust's name of a client: the worker it is, until it has ended.
        self._workers: dict[str, str] = {}
        self._files: dict[str, int] = {}
        for message, listener in ((JOIN, self._join), (ASK, self._tell_time), (TOLD, self._told), (OPS, self._keep)):
            runner.register_message(message, listener)
        gevent.spawn(self._look_for_the_lost)

    def _join(self, msg: Any, **_: Any) -> None:
        client, refusal = msg.node_id, None
        if msg.data["sources"] != sources():
            refusal = "version mismatch; check out the same commit of meshbench on both machines"
        elif not self._free:
            refusal = "all workers of the run have already joined"
        if refusal is not None:
            self._runner.send_message(REFUSED, {"why": refusal}, client)
            emit(TurnedAway(machine=msg.data["machine"], why=refusal))
            return
        name, config = self._free.pop(0)
        self._workers[client] = name
        path = self._folder / f"{name}.jsonl"
        self._files[client] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        emit(Joined(worker=name, machine=msg.data["machine"]))
        self._runner.send_message(PLACE, {"worker": name, "config": config, "own": self._own}, client)

    def _tell_time(self, msg: Any, **_: Any) -> None:
        self._runner.send_message(TIME, {"number": msg.data, "monotonic_ns": time.monotonic_ns()}, msg.node_id)

    def _told(self, msg: Any, **_: Any) -> None:
        name = self._workers.get(msg.node_id)
        if name is not None:
            event = read(msg.data)
            emit(replace(event, worker=name))
            if isinstance(event, Done | Error):
                del self._workers[msg.node_id]

    def _keep(self, msg: Any, **_: Any) -> None:
        data = memoryview(msg.data)
        while data:
            data = data[os.write(self._files[msg.node_id], data) :]

    def _look_for_the_lost(self) -> None:
        missed: dict[str, float] = {}
        while True:
            for client, name in list(self._workers.items()):
                known = self._runner.clients.get(client)
                if known is not None and known.state != "missing":
                    missed.pop(client, None)
                elif known is None or time.monotonic() - missed.setdefault(client, time.monotonic()) > MISSING_S:
                    del self._workers[client]
                    emit(Lost(worker=name))
            gevent.sleep(LOOK_S)


class Place:
    """Worker: its place in the run. config: as JSON. own: the user's own workload, packed, or None."""

    def __init__(self, runner: Worker, answer: Mapping[str, Any]) -> None:
        self._runner = runner
        self.name, self.config, self.own = str(answer["worker"]), str(answer["config"]), answer["own"]
        self._times: dict[int, AsyncResult] = {}
        runner.register_message(TIME, self._time)
        self._readings: list[Reading] = []
        self.read_clock()

    def watch(self, abandon: Callable[[str], None]) -> None:
        """Call abandon with the reason once the master is gone: then so are the run and its database."""

        def look() -> None:
            heard_s = time.monotonic()
            stamp = self._runner.last_heartbeat_timestamp
            while time.monotonic() - heard_s < ORPHANED_S:
                gevent.sleep(LOOK_S)
                if self._runner.last_heartbeat_timestamp != stamp:
                    heard_s, stamp = time.monotonic(), self._runner.last_heartbeat_timestamp
            abandon(
                f"lost contact with the run: no heartbeat from Locust's master for {ORPHANED_S:g} s "
                "(the run has probably ended)"
            )

        gevent.spawn(look)

    def read_clock(self) -> None:
        """Raises TimeoutError when the master does not answer."""
        exchanges = []
        for number in range(EXCHANGES):
            answer = self._times[number] = AsyncResult()
            asked_ns = time.monotonic_ns()
            self._runner.send_message(ASK, number)
            exchanges.append((asked_ns, *_within(answer, "tell the time")))
            gevent.sleep(EXCHANGE_PAUSE_S)
        self._readings = [*self._readings[:1], reading(exchanges)]

    def _time(self, msg: Any, **_: Any) -> None:
        self._times[msg.data["number"]].set((int(msg.data["monotonic_ns"]), time.monotonic_ns()))

    @property
    def offset_ns(self) -> int:
        """What the master's clock is ahead of this machine's, as last read."""
        return self._readings[-1].offset_ns

    def tell(self, event: LoadEvent) -> None:
        """An event, for the run on its clock, and for whoever watches here."""
        emit(event)
        if isinstance(event, Ready | Done):
            event = replace(event, clock=[one.as_json() for one in self._readings])
        self._runner.send_message(TOLD, Translation(self._readings).moved(event.to_dict(), EVENT_TIMES))

    def record(self, data: bytes) -> None:
        self._runner.send_message(OPS, data)


def join(runner: Worker) -> Place:
    """Worker: ask the master for a place. Raises ConfigError when there is none, TimeoutError without an answer."""
    answer = AsyncResult()
    runner.register_message(PLACE, lambda msg, **_: answer.set(msg.data))
    runner.register_message(REFUSED, lambda msg, **_: answer.set({"refused": msg.data["why"]}))
    machine = {"host": socket.gethostname(), "python": platform.python_version(), "cores": os.cpu_count()}
    runner.send_message(JOIN, {"sources": sources(), "machine": machine})
    place = _within(answer, "give this worker a place")
    if "refused" in place:
        raise ConfigError(f"the run rejected this worker: {place['refused']}")
    return Place(runner, place)


def _within(answer: AsyncResult, what: str) -> Any:
    try:
        return answer.get(timeout=ANSWER_TIMEOUT_S)
    except gevent.Timeout:
        raise TimeoutError(f"Locust's master did not {what} within {ANSWER_TIMEOUT_S:g} s") from None
