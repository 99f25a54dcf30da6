"""One load pod: its configuration, its container, and what it prints, a line an event."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from cluster.errors import EngineRefusedError
from cluster.platform.platform import Pod, Process, last_words
from history.load_events import Done, Ended, LoadEvent, LoadEventError, Second, read_line
from history.ops_file import FILE_NAME
from loadgen.config import LoadConfig
from loadgen.user_code.environment import variables
from loadgen.worker.clock import Translation
from scenarios.user_code.folder import POD_FOLDER
from scenarios.user_code.pod import OwnPod

EXIT_TIMEOUT_S = 5
OUT_DIR = "/data"
OPS_FILE = f"{OUT_DIR}/{FILE_NAME}"
CONFIG_FILE = "/etc/meshbench-load.json"

#: An event, or why a line is none, or None: the container has ended.
Heard = LoadEvent | LoadEventError | None


class LoadPod:
    """A pod with one Locust process. role: of its container.

    seconds: so far. totals: its own account, None until it has ended in order.
    """

    #: Where its record is, in its container.
    ops_file = OPS_FILE

    def __init__(self, pod: Pod, config: LoadConfig, *, role: str = "locust") -> None:
        self.pod = pod
        self._role = role
        self.name = pod.name
        self.config = config
        self.container: Process
        #: How its clock is translated to this machine's, which is the same for every pod here.
        self.clock: Translation | None = None
        self.seconds: list[Second] = []
        self.totals: Done | None = None
        #: What it tells of a user's locustfile, once that has ended in order.
        self.locustfile: dict[str, Any] | None = None

    @property
    def address(self) -> str:
        return self.pod.address

    def start(self, *options: str, tools: str, own: OwnPod | None, files: Mapping[str, bytes] | None = None) -> None:
        """Start Locust. tools: our image. own: with the user's own workload, or the locustfile that replaces ours.

        files: more.
        """
        given = {CONFIG_FILE: self.config.to_json().encode(), **(files or {})}
        locustfile, image, folder = "/app/loadgen/worker/locustfile.py", tools, None
        env: dict[str, str] = {}
        if own is not None:
            given, image, folder = own.own.for_pod() | given, own.image, POD_FOLDER
            env = own.variables(variables(self.config))
            locustfile = f"{own.own.in_pod},/app/loadgen/worker/user_locustfile.py" if own.is_locustfile else locustfile
            options = (*options, *own.arguments)
        # -P: a file of the user's must not stand before a module that Locust imports.
        command = [
            "python3",
            "-P",
            "-m",
            "loadgen.worker.start",
            "-f",
            locustfile,
            "--load-config",
            CONFIG_FILE,
            *options,
        ]
        self.container = self.pod.add(self._role, image, command, files=given, env=env, folder=folder)

    def end(self) -> None:
        """End its program, if it was started: it has ended, or is a master about to."""
        if self._role in self.pod.containers:
            self.container.kill(grace_s=1)

    def heard(self, event: LoadEvent) -> None:
        """Note what an event tells of the worker itself."""
        match event:
            case Second():
                self.seconds.append(event)
            case Ended():  # of Locust's master, which has no operations
                self.locustfile = event.locustfile
            case Done():
                self.locustfile, self.totals = event.locustfile, event

    def listen(self, on_event: Callable[[LoadPod, Heard], None]) -> None:
        """Call on_event, from a thread, with each event, and with None at the end of the container."""

        def follow() -> None:
            rest = b""
            for chunk in self.container.follow():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    try:
                        event: Heard = read_line(line)
                    except LoadEventError as error:
                        event = error
                    if event is not None:
                        on_event(self, event)
            on_event(self, None)

        threading.Thread(target=follow, name=f"{self.name}-events", daemon=True).start()

    def apart(self) -> dict[str, Any]:
        """What its account says beside the numbers: nothing, for a pod of this machine."""
        return {}

    def last_words(self) -> str:
        return last_words(self.container) or "it said nothing"

    def exit_code(self) -> int | None:
        """What its program ended with; None where that is not known."""
        try:
            return self.container.wait(timeout_s=EXIT_TIMEOUT_S)
        except EngineRefusedError:
            return None

    def account(self) -> Done:
        """Its totals; of a pod that died what its seconds told, which is neither lateness nor overflow nor CPU time."""
        if self.totals is not None:
            return self.totals
        return Done(
            offered=sum(second.offered for second in self.seconds),
            ok=sum(second.ok for second in self.seconds),
            fail=sum(second.fail for second in self.seconds),
            unknown=sum(second.unknown for second in self.seconds),
            refused=sum(second.refused for second in self.seconds),
            connections_opened=self.seconds[-1].connections_opened if self.seconds else None,
            complete=False,
        )
