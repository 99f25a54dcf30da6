"""The host's side of the control plane: start its pod, ask it, restart it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import asdict
from typing import Any

from cluster.agent.assignment import CONTROL_PORT, Assignment, decode
from cluster.errors import RefusedError
from cluster.guests import open_guest
from cluster.mysqld.option_names import canonical
from cluster.nodes import Nodes
from cluster.plain_http import open_url
from cluster.platform import reach
from cluster.platform.platform import Pod, require_running
from cluster.wait import wait_until
from control.settings import EDS, STATE, Plan
from mesh.proxies import eds

NAME = "control"
START_TIMEOUT_S = 30.0
REQUEST_TIMEOUT_S = 60.0
#: Who has not answered a question that needs no work for so long is down, cut off or frozen.
SILENCE_S = 1.0


class ControlHandle:
    """The control plane of a cluster. It may be started as soon as the network stands: it waits for the pods.

    decisions_file: where its log is, in the container ``pod.containers["control"]``.
    """

    decisions_file = f"{STATE}/decisions.jsonl"

    def __init__(self, *, down_after_s: float = 1.0) -> None:
        """down_after_s: how long a primary may be silent before it is suspected."""
        self._down_after_s = down_after_s
        self._nodes: Nodes
        self._url: str
        self.pod: Pod

    def open(self, nodes: Nodes) -> None:
        """Open its pod, which `start` would do."""
        self.pod = open_guest(nodes, NAME, nodes.network.address("control"))

    def start(self, nodes: Nodes) -> None:
        """Start the pod; return when it answers and has published what it knows. Raises HarnessError."""
        self._nodes = nodes
        self._url = f"http://{nodes.network.address('control')}:{CONTROL_PORT}"
        config = {canonical(key): value for key, value in nodes.topology.config.items()}
        plan = Plan(
            kind=nodes.topology.kind,
            pods=dict(nodes.hosts),
            password=nodes.credentials.control,
            repl_password=nodes.credentials.repl,
            down_after_s=self._down_after_s,
            wait_count=int(config.get(nodes.topology.replication.wait_count_option or "", 1)),
        )
        volumes = {eds.volume_name(nodes.run_id): EDS, f"meshbench-{nodes.run_id}-{NAME}": STATE}
        self.open(nodes)
        self.pod.add(
            "control",
            nodes.platform.image("tools"),
            ["python3", "-m", "control"],
            env={"MESHBENCH_CONTROL_PLAN": json.dumps(asdict(plan))},
            volumes=volumes,
        )
        with nodes.steps.step("control: answers", NAME):
            reach.require(self.pod, "control", port=CONTROL_PORT)
            self._wait_until_it_answers()

    def restart(self) -> None:
        """Start the container again after it was killed; return when it answers."""
        self.pod.containers["control"].start()
        self._wait_until_it_answers()

    def assignment(self) -> Assignment:
        """What it has published. Raises OSError."""
        return decode(self._request("GET", "/assignment", timeout_s=SILENCE_S))

    def state(self) -> dict[str, Any]:
        """All it remembers and sees, for people and for tests."""
        return self._request("GET", "/state")

    def decisions_since(self, at_ns: int, *, wait_s: float) -> list[dict[str, Any]]:
        """The decisions taken after a CLOCK_MONOTONIC time; waits up to ``wait_s`` for the first. Raises OSError."""
        path = f"/decisions?since={at_ns}&wait_s={wait_s}"
        made: list[dict[str, Any]] = self._request("GET", path, timeout_s=wait_s + SILENCE_S)["decisions"]
        return made

    def candidate(self) -> str | None:
        """Who would be promoted now; None where a group elects, or where nobody could be. Raises OSError."""
        found: str | None = self._request("GET", "/candidate", timeout_s=SILENCE_S)["candidate"]
        return found

    def hold(self, event: str) -> None:
        """Have it wait after the next decision of this event until `release`, or for two seconds. Raises OSError."""
        self._request("POST", "/hold", {"event": event}, timeout_s=SILENCE_S)

    def release(self) -> None:
        """Have it go on. Raises OSError."""
        self._request("DELETE", "/hold", timeout_s=SILENCE_S)

    def switchover(self, to: str | None = None, *, timeout_s: float = 10.0) -> str:
        """Hand the writes over to a pod (None: to the most advanced replica) and return its name; RefusedError."""
        return str(self._request("POST", "/switchover", {"to": to, "timeout_s": timeout_s})["primary"])

    def add_pod(self, name: str) -> None:
        """Register a pod of the cluster that has its data already."""
        self._request("POST", "/pods", {"name": name, "address": self._nodes.hosts[name]})

    def drain_pod(self, name: str) -> None:
        """Take a replica out of the read pool."""
        self._request("POST", "/drain", {"name": name})

    def remove_pod(self, name: str) -> None:
        """Forget a replica; its pod is still to be stopped."""
        self._request("DELETE", f"/pods/{name}")

    def _wait_until_it_answers(self) -> None:
        def answers() -> bool:
            require_running(self.pod.containers["control"], "the control plane")
            return bool(self.state())

        wait_until("the control plane answers", answers, timeout_s=START_TIMEOUT_S, tolerate=OSError)

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float = REQUEST_TIMEOUT_S
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", data=data, method=method)
        try:
            with open_url(request, timeout_s=timeout_s) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as refused:
            with refused:
                raise RefusedError(str(json.load(refused)["reason"])) from None
