"""What the cluster and those who break it may ask of the control plane, wherever it lives (`control` is one)."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, Protocol

from cluster.agent.assignment import Assignment
from cluster.errors import HarnessError, NotThereError
from cluster.nodes import Nodes
from cluster.platform.platform import Pod

#: The name of its pod, among the cluster's guests, and of the container in it.
POD = "control"


class Assigned(Protocol):
    """Who plays which part, as published last."""

    @property
    def pods(self) -> Mapping[str, str]: ...

    @property
    def quarantined(self) -> Mapping[str, str]: ...


class ControlPlane(Protocol):
    """May refuse what it is asked, with a HarnessError that gives its reason."""

    pod: Pod
    decisions_file: str

    def open(self, nodes: Nodes) -> None:
        """Open its pod, so that `start` is sooner done; may be left out."""

    def start(self, nodes: Nodes) -> None:
        """Start it beside the nodes, as soon as their network stands; return when it answers. Raises HarnessError."""

    def assignment(self) -> Assigned: ...

    def decisions_since(self, at_ns: int, *, wait_s: float) -> list[dict[str, Any]]:
        """The decisions taken after a CLOCK_MONOTONIC time; waits for the first. Raises OSError when it is silent."""

    def candidate(self) -> str | None:
        """Who would be promoted now, as far as that is its decision. Raises OSError when it is silent."""

    def hold(self, event: str) -> None:
        """Wait after the next decision of this event until it is released, for a bounded time. Raises OSError."""

    def release(self) -> None:
        """Go on. Raises OSError."""

    def switchover(self, to: str | None = None) -> str:
        """Hand the writes over to a pod (None: the best) and return its name."""

    def add_pod(self, name: str) -> None:
        """Publish a pod of the cluster that has its data already."""

    def drain_pod(self, name: str) -> None:
        """Give a pod no new sessions."""

    def remove_pod(self, name: str) -> None:
        """A pod is about to be no more."""


class NoControlPlane:
    """There is none: nobody is quarantined, nothing was decided, and nothing can be asked of it."""

    pod: Pod
    decisions_file = ""

    def open(self, nodes: Nodes) -> None:
        """It has none."""

    def start(self, nodes: Nodes) -> None:
        """Nothing starts."""

    def assignment(self) -> Assigned:
        return Assignment()

    def decisions_since(self, *_: object, **__: object) -> list[dict[str, Any]]:
        return []

    def candidate(self) -> str | None:
        return None

    def _refuse(self, *_: object, **__: object) -> Any:
        raise HarnessError("this cluster has no control plane to ask")

    hold = release = switchover = add_pod = drain_pod = remove_pod = _refuse


def decisions(control: ControlPlane) -> list[dict[str, Any]]:
    """Every decision so far, oldest first (design: decisions.jsonl), whether the control plane runs or not; a torn last
    line is left out."""
    written = io.BytesIO()
    try:
        control.pod.containers[POD].fetch(control.decisions_file, written)
    except NotThereError:
        return []
    return [json.loads(line) for line in written.getvalue().splitlines(keepends=True) if line.endswith(b"\n")]
