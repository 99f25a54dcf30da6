"""Three nodes that are not there, for the injector: node2 is the primary; a control plane decides what it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

from chaos.outlook import Settled
from cluster.status.status import Status


class FakeControl:
    """A control plane with a log of decisions."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        self.held: list[str] = []

    def decisions_since(self, at_ns: int, *, wait_s: float) -> list[dict[str, Any]]:
        time.sleep(min(wait_s, 0.01))
        return [one for one in self.made if one["at_ns"] > at_ns]

    def hold(self, event: str) -> None:
        self.held.append(event)

    def release(self) -> None:
        self.held.append("released")

    def decide(self, event: str, pod: str | None = None, **detail: Any) -> None:
        self.made.append({"event": event, "pod": pod, "detail": detail, "at_ns": time.monotonic_ns()})


class FakeOutlook:
    """node2 leads, the others are its replicas in service."""

    def __init__(self) -> None:
        replica = Status(role="replica", state="ONLINE", read_only=True, gtid_executed="u:1", lag_ms=None)
        self.statuses = {"node1": replica, "node2": replica, "node3": replica}
        self.settled = Settled(primary="node2", statuses=self.statuses)

    def start(self) -> None: ...

    def stop(self) -> None: ...


class FakePod:
    """Its files are names alone."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: set[str] = set()

    def run_in_namespace(self, program: str, *words: str) -> str:
        match program:
            case "touch":
                self.files |= set(words)
            case "rm":
                self.files -= set(words)
            case "find":
                folder, _, pattern = words
                return "\n".join(sorted(name for name in self.files if fnmatch(name, f"{folder}/{pattern}")))
        return ""


class FakeCluster:
    assisted_rejoins: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.membership = self.nodes = self  # all in one
        self.pods = {name: FakePod(name) for name in ("node1", "node2", "node3")}
        self.departed: dict[str, FakePod] = {}
        self.aside: dict[str, str] = {}
        self.control = FakeControl()
        self.clones_begun_ns: list[int] = []
        self.returns, self.awaited = threading.Event(), threading.Event()
        self.returns.set()

    def forget(self, pod: FakePod) -> None:
        self.departed[pod.name] = self.pods.pop(pod.name)

    def quarantined(self) -> dict[str, str]:
        return self.aside

    def status(self) -> dict[str, Status]:
        replica = Status(role="replica", state="ONLINE", read_only=True, gtid_executed="u:1", lag_ms=None)
        return {"node1": replica, "node2": replica, "node3": replica}

    def bring_back(self, pod: str, *, timeout_s: float, given_up: Callable[[], bool] = lambda: False) -> None:
        """At once, unless ``returns`` is cleared: then not until nobody wants to know any more."""
        while not self.returns.wait(0.01):
            self.awaited.set()
            if given_up():
                return

    def has_executed(self, pod: str, gtid_set: str) -> bool:
        return True
