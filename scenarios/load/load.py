"""The load of a run: one pod, or several under Locust's master, started, listened to, and ended.

Several pods share rate, connections and backlog evenly, and begin at one moment. One that dies takes nobody with it:
the others go on, its record up to then is kept, and the totals say that they are not complete. Some of the workers may
be on other machines (`scenarios.load.remote_workers`).
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.guests import open_guest
from cluster.platform.platform import Pod
from history.load_events import Done, Ended, Error, LoadEvent, LoadEventError, Second, Started
from loadgen.config import LoadConfig
from mesh.mesh import Mesh
from scenarios.load.accounts import merged, together
from scenarios.load.acks import first_ack
from scenarios.load.load_config import describe, load_config
from scenarios.load.load_pod import Heard, LoadPod
from scenarios.load.locustfile import in_words, joint_account, shape_words
from scenarios.load.remote_worker import JOINING_FILE, RemoteWorker, joining, relay
from scenarios.load.remote_workers import JOIN_TIMEOUT_S, Elsewhere
from scenarios.load.web_ui import WEB_PORT
from scenarios.schema.load import MAX_WORKERS
from scenarios.schema.scenario import Scenario
from scenarios.user_code.pod import own_pod

log = logging.getLogger("meshbench")

START_TIMEOUT_S = 90.0
#: Beyond duration and drain, before a silent load pod is given up.
GRACE_S = 30.0


class Load:
    """All load pods of a run.

    role: of the containers. after: a load that has ended, whose pods are taken over. maximum: the measured arrivals a
    second, where a rate of the scenario is a share of it. unmeshed: its pods are at addresses that no mesh redirects,
    beside others that are at those of a load; of ``after`` they stay where they are.
    live: Locust's master runs also for a single pod, and serves Locust's web page at ``web``, inside the network.
    elsewhere: the last of the workers, as many as it says, are on other machines.
    totals: what the pods say of the whole load once it has ended; ``complete`` is False when one did not get to.
    """

    def __init__(
        self,
        cluster: Cluster,
        mesh: Mesh,
        scenario: Scenario,
        *,
        live: bool = False,
        role: str = "locust",
        after: Load | None = None,
        unmeshed: bool = False,
        maximum: float | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._cluster = cluster
        self._mesh = mesh
        self._scenario = scenario
        self._live = live
        self._role = role
        self._after = after
        self._unmeshed: bool = after._unmeshed if after else unmeshed
        self._maximum = maximum
        self._elsewhere = elsewhere
        self._events: queue.Queue[tuple[LoadPod, Heard]] = queue.Queue()
        self._master: LoadPod | None = None
        self.pods: list[LoadPod] = []
        self.totals: dict[str, Any] = {"complete": False}
        self.zero_ns: int
        #: What was asked for, for the report.
        self.asked = describe(
            scenario.load,
            self._config(None),
            is_locustfile=scenario.workload.is_locustfile,
        )
        if maximum is not None:
            self.asked["measured_maximum_tps"] = maximum

    @property
    def web(self) -> tuple[str, int] | None:
        return (self._master.address, WEB_PORT) if self._master and self._live else None

    def open(self) -> None:
        """Start the pods' namespaces and in them what the mesh has there, unless `start` is to do it."""
        workers, there = self._scenario.load.workers, self._elsewhere
        for worker in range(workers - (there.workers if there else 0)):
            pod, is_new = self._pod(f"{self._prefix}{worker + 1}", worker)
            if is_new:
                self._mesh.attend(pod)
            self.pods.append(LoadPod(pod, self._config(worker), role=self._role))
        if workers > 1 or self._live or there:
            pod, _ = self._pod(f"{self._prefix}-master", MAX_WORKERS)
            self._master = LoadPod(pod, self._config(None), role=self._role)
        if there:
            assert self._master is not None
            for worker in range(len(self.pods), workers):
                config = there.config(self._config(worker))
                self.pods.append(RemoteWorker(self._master, config, f"load{worker + 1}"))

    @property
    def _prefix(self) -> str:
        return "load-unmeshed" if self._unmeshed else "load"

    @property
    def _place(self) -> str:
        return "unmeshed" if self._unmeshed else "load"

    def _pod(self, name: str, index: int) -> tuple[Pod, bool]:
        """The pod of that name, and whether it is new."""
        earlier = self._after
        for one in [] if earlier is None else [*earlier.pods, earlier._master]:
            if one is not None and one.name == name:
                one.end()
                return one.pod, False
        return open_guest(self._cluster.nodes, name, self._cluster.network.address(self._place, index)), True

    def start(self) -> int:
        """Start the load and wait for its zero (CLOCK_MONOTONIC ns), which is returned."""
        if not self.pods:
            self.open()
        self._launch()
        timeout_s = START_TIMEOUT_S + (JOIN_TIMEOUT_S if self._elsewhere else 0)
        zeros: dict[str, int] = {}
        for pod, event in self._until(time.monotonic() + timeout_s):
            if event is None:
                kind = ConfigurationError if self._scenario.workload.is_own else HarnessError
                raise kind(f"{pod.name} ended before its load began: {self._in_their_words(pod.last_words())}")
            if isinstance(event, Started):
                zeros[pod.name] = event.zero_ns
                if len(zeros) == len(self.pods):
                    self.zero_ns = min(zeros.values())
                    return self.zero_ns
        silent = next(pod for pod in self.pods if pod.name not in zeros)
        if isinstance(silent, RemoteWorker) and silent.machine is None:
            raise ConfigurationError(f"timed out after {timeout_s:g} s: no remote worker joined as {silent.name}")
        told = f"timed out after {timeout_s:g} s waiting for {silent.name} to start its load"
        if own := self._scenario.workload.file:
            raise ConfigurationError(
                f"{told}: something of {own} takes that long before the first request, such as a listener, on_start or "
                f"the first tick of a load shape; its last words: {silent.last_words()}"
            )
        raise HarnessError(f"{told}: {silent.last_words()}")

    def _launch(self) -> None:
        """Start Locust in every pod, its master first, and let workers from elsewhere in."""
        tools = self._cluster.platform.image("tools")
        others, own = self._elsewhere, own_pod(self._scenario, tools)
        quiet = ("--headless", "--only-summary")
        role: tuple[str, ...] = () if self._live else quiet
        remote = [pod for pod in self.pods if isinstance(pod, RemoteWorker)]
        if self._master:
            role = ("--worker", "--master-host", self._master.address, *role)
            shown = ("--autostart", "--web-port", str(WEB_PORT)) if self._live else quiet
            master = ("--master", "--expect-workers", str(len(self.pods)), *shown)
            files: dict[str, bytes] = {}
            if others:
                master, files = (*master, "--joining", JOINING_FILE), {JOINING_FILE: joining(remote, own)}
            self._master.start(*master, tools=tools, own=own, files=files)
        for pod in self.pods:
            if pod not in remote:
                pod.start(*role, tools=tools, own=own)
                pod.listen(self._note)
        if self._master and self._hears_master:
            self._master.listen(self._note_master)
        if others and self._master:
            others.open(self._cluster, self._mesh, self._master)
            relay(self._master, remote, self._note)

    def _note(self, pod: LoadPod, event: Heard) -> None:
        self._events.put((pod, event))

    @property
    def _hears_master(self) -> bool:
        """Whether Locust's master has something to say: of a user's locustfile, which it runs, too."""
        return self._master is not None and self._scenario.workload.is_locustfile

    def _note_master(self, pod: LoadPod, event: Heard) -> None:
        if event is None or isinstance(event, Ended | Error | LoadEventError):
            self._note(pod, event)

    def run(self, on_second: Callable[[Second], None]) -> None:
        """Return when every pod has ended its load, or has died, which is then what ``totals`` says.

        on_second: called with the sums of all pods that live.
        """
        load = self._scenario.load
        running = {pod.name for pod in self.pods}
        last = {self._master.name} if self._master and self._hears_master and not self._live else set()
        codes: dict[str, int | None] = {}
        heard: dict[int, dict[str, Second]] = defaultdict(dict)
        for pod, event in self._until(time.monotonic() + load.duration + load.drain + GRACE_S):
            if event is None:
                last.discard(pod.name)
                if pod.name in running:
                    running.discard(pod.name)
                    codes[pod.name] = pod.exit_code()
                    log.warning("%s exited early; its history so far is kept, the run will be void", pod.name)
            elif isinstance(event, Second):
                second = round(event.t_s)
                heard[second][pod.name] = event
                if running <= heard[second].keys():
                    on_second(together(list(heard.pop(second).values())))
            elif isinstance(event, Done | Ended):
                running.discard(pod.name)
                last.discard(pod.name)
            if not running and not last:
                break
        self.totals = merged(self.pods) | ({"exit_codes": codes} if codes else {})
        if error := self.totals.get("task_error"):
            self.totals["task_error"] = self._in_their_words(error)
        self._note_locustfile()

    def _note_locustfile(self) -> None:
        """What the pods tell of a user's locustfile, into the totals, and its shape into what the load was."""
        told = [one.locustfile for one in (self._master, *self.pods) if one is not None and one.locustfile]
        if not told:
            return
        found = self.totals["locustfile"] = in_words(joint_account(told), self._in_their_words)
        if shape := found["shape"]:
            self.asked["loop"] = f"closed: as many users as the load shape {shape['name']} of the locustfile says"
            self.asked["shape"] = shape_words(shape)
            log.info("load shape %s", self.asked["shape"])

    def first_ack(self, since_ns: int, over: threading.Event) -> int | None:
        """When the first write ended that was acknowledged after a moment, as pods of this machine tell; None when
        ``over`` is set before."""
        here = [pod.container for pod in self.pods if not isinstance(pod, RemoteWorker)]
        return first_ack(here, since_ns, over, reads=self._scenario.workload.facts.reads)

    def seconds(self) -> Iterator[dict[str, Any]]:
        """What every pod told a second, with its name as ``pod``."""
        for pod in self.pods:
            for second in pod.seconds:
                yield {"pod": pod.name} | second.to_dict()

    def _config(self, worker: int | None) -> LoadConfig:
        return load_config(
            self._scenario,
            write=self._mesh.write,
            read=self._mesh.read,
            password=self._cluster.credentials.app,
            worker=worker,
            maximum=self._maximum,
        )

    def _until(self, deadline: float) -> Iterator[tuple[LoadPod, LoadEvent | None]]:
        """Events of all pods until the deadline; None marks the end of a pod.

        Raises for an error event: ConfigurationError when a pod refused what it was told, or the file is the user's;
        HarnessError for an event that cannot be read.
        """
        while True:
            try:
                pod, event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return
            if isinstance(event, LoadEventError):
                raise HarnessError(f"{pod.name}: load generator failed: {event}")
            if isinstance(event, Error):
                kind = ConfigurationError if event.refused or self._scenario.workload.is_own else HarnessError
                raise kind(f"{pod.name}: load generator failed: {self._in_their_words(event.message)}")
            if event is not None:
                pod.heard(event)
            yield pod, event

    def _in_their_words(self, text: str) -> str:
        """With the names of the user's files that the pods have copies of."""
        folder = self._scenario.workload.folder
        return text if folder is None else folder.in_their_words(text)
