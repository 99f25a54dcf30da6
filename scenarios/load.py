"""The load pod: started, listened to, and ended. What it prints a line at a time is the run's pulse."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from docker.models.containers import Container

from cluster import images
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.mysqld import DATABASE
from cluster.pod import Pod
from loadgen.config import LoadConfig
from loadgen.recorder import FILE_NAME
from mesh.spec import Mesh
from scenarios.load_plan import describe, generator_keys
from scenarios.model import Scenario

NAME = "load1"
OUT_DIR = "/data"
OPS_FILE = f"{OUT_DIR}/{FILE_NAME}"
CONFIG_FILE = "/etc/meshbench-load.json"
#: A user's own workload or locustfile, in the pod.
OWN_FILE = "/etc/meshbench-own.py"
START_TIMEOUT_S = 60.0
#: Beyond duration and drain, before a silent load pod is given up.
GRACE_S = 30.0

Event = dict[str, Any]


class LoadPod:
    """One Locust process in a pod of its own, or in one that is there. role: of its container.

    maximum: the measured arrivals a second, where a rate of the scenario is a share of it.
    """

    def __init__(
        self,
        cluster: Cluster,
        mesh: Mesh,
        scenario: Scenario,
        *,
        pod: Pod | None = None,
        role: str = "locust",
        maximum: float | None = None,
    ) -> None:
        load = scenario.load
        self._config = LoadConfig(
            endpoints=tuple(mesh.write),
            read_endpoints=tuple(mesh.read),
            user="meshbench_app",
            password=cluster.credentials.app,
            database=DATABASE,
            workload=scenario.workload.config(isolation=scenario.mysql.isolation, file=OWN_FILE),
            seed=scenario.seed,
            out_dir=OUT_DIR,
            backlog_cap=load.backlog,
            drain_s=load.drain,
            statement_timeout_s=load.statement_timeout,
            batch=load.batch,
            **generator_keys(load, maximum=maximum),
        )
        #: What was asked for, for the report.
        self.asked = describe(load, self._config)
        if maximum is not None:
            self.asked["measured_maximum_tps"] = maximum
        self._cluster = cluster
        self._mesh = mesh
        self._pod = pod
        self._role = role
        self._workload = scenario.workload
        self._events: queue.Queue[Event | None] = queue.Queue()
        self.container: Container
        #: The generator's own account of itself, once it has ended; ``complete`` is False when it did not get to.
        self.totals: Event = {"complete": False}

    def open(self) -> Pod:
        """Start the pod's namespace and in it what the mesh has there, unless `start` is to do it."""
        self._pod = self._cluster.extra_pod(NAME, self._cluster.network.address("load"))
        self._mesh.attend(self._pod)
        return self._pod

    @property
    def pod(self) -> Pod:
        """The pod, which is there from `open` on."""
        assert self._pod is not None
        return self._pod

    def start(self) -> int:
        """Start the load and wait for its zero (CLOCK_MONOTONIC ns), which is returned."""
        pod = self._pod or self.open()
        files = {CONFIG_FILE: self._config.to_json().encode()}
        if self._workload.file is not None:
            files[OWN_FILE] = self._workload.file.read_bytes()
        theirs = f"{OWN_FILE},/app/loadgen/guest.py" if self._workload.is_locustfile else None
        command = ["python3", "-m", "locust", "-f", theirs or "/app/loadgen/locustfile.py"]
        command += ["--headless", "--only-summary"]
        self.container = pod.add(
            self._role, images.image("tools").tag, [*command, "--load-config", CONFIG_FILE], files=files
        )
        threading.Thread(target=self._listen, name="load-events", daemon=True).start()
        for event in self._until(time.monotonic() + START_TIMEOUT_S):
            if event["event"] == "started":
                return int(event["zero_ns"])
        raise HarnessError(f"the load pod did not start its load within {START_TIMEOUT_S:g} s: {self._last_words()}")

    def run(self, on_second: Callable[[Event], None]) -> None:
        """Return when the load has ended, or has died, which is then what ``totals`` says."""
        patience_s = self._config.duration_s + self._config.drain_s + GRACE_S
        for event in self._until(time.monotonic() + patience_s):
            if event["event"] == "second":
                on_second(event)
            elif event["event"] == "done":
                self.totals = {key: value for key, value in event.items() if key != "event"} | {"complete": True}
                return

    def _until(self, deadline: float) -> Iterator[Event]:
        """Events until the pod ends or the deadline passes.

        Raises for its error event: ConfigurationError when the pod refused what it was told, or the file is the user's.
        """
        while True:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return
            if event is None:
                return
            if event["event"] == "error":
                kind = ConfigurationError if event.get("refused") or self._workload.is_own else HarnessError
                raise kind(f"the load pod gave up: {event['message']}")
            yield event

    def _listen(self) -> None:
        """Turn the container's standard output into events; None marks its end."""
        rest = b""
        for chunk in self.container.logs(stream=True, follow=True, stdout=True, stderr=False):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b'{"event"'):
                    self._events.put(json.loads(line))
        self._events.put(None)

    def _last_words(self) -> str:
        return self.container.logs(tail=3).decode(errors="replace").strip().replace("\n", " | ") or "it said nothing"
