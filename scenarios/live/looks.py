"""Looks at what is under way: the observer's newest samples and the control plane's decisions, each in a thread.

Both have what they tell anyway: the observer samples at 25 Hz whether it is asked or not, and the control plane answers
when it has decided something. Who does not answer is asked again; what was seen last stays, with its time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from cluster.agent.assignment import CONTROL_PORT
from cluster.plain_http import open_url
from observer.latest import PORT
from scenarios.live.state import DecisionSeen, EndpointSeen, PodSeen, ProxySeen

LOOK_EVERY_S = 0.5
TIMEOUT_S = 1.0
#: The control plane's answer waits that long for the next decision.
DECISION_WAIT_S = 5.0
DECISIONS_KEPT = 200

Row = Mapping[str, Any]
Decisions = tuple[DecisionSeen, ...]


class Looks:
    """observer, control: the addresses of their pods."""

    def __init__(self, *, observer: str, control: str) -> None:
        self._observer = f"http://{observer}:{PORT}/latest"
        self._control = control
        self._over = threading.Event()
        self._rows: list[Row] = []
        self._decisions: Decisions = ()

    def start(self) -> None:
        for look in (self._look_at_observer, self._follow_decisions):
            threading.Thread(target=self._again_and_again, args=(look,), name="live look", daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def seen(self) -> dict[str, Any]:
        """``pods``, ``proxies`` and ``decisions`` of a `Snapshot`."""
        return {**seen_in(self._rows), "decisions": self._decisions}

    def _again_and_again(self, look: Callable[[], None]) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            with suppress(Exception):  # whoever is asked may be frozen, cut off or gone; it is asked again
                look()

    def _look_at_observer(self) -> None:
        with open_url(self._observer, timeout_s=TIMEOUT_S) as answer:
            self._rows = json.load(answer)["rows"]

    def _follow_decisions(self) -> None:
        self._decisions = followed(self._decisions, self._control, wait_s=DECISION_WAIT_S)


def followed(known: Decisions, control: str, *, wait_s: float) -> Decisions:
    """What a control plane has decided, after asking it for what came after the known. control: its address. wait_s:
    how long its answer may wait for something new. Raises OSError or ValueError when it is silent."""
    since_ns = known[-1].at_ns if known else 0
    url = f"http://{control}:{CONTROL_PORT}/decisions?since={since_ns}&wait_s={wait_s}"
    with open_url(url, timeout_s=wait_s + TIMEOUT_S) as answer:
        made = json.load(answer)["decisions"]
    return (*known, *(DecisionSeen(**one) for one in made))[-DECISIONS_KEPT:]


def seen_in(rows: list[Row]) -> dict[str, Any]:
    """``pods`` and ``proxies`` of a `Snapshot`, in order of their names. rows: as `observer.observer` writes them."""
    ordered = sorted(rows, key=lambda row: str(row["name"]))
    return {
        "pods": tuple(_pod(row) for row in ordered if row["kind"] == "pod"),
        "proxies": tuple(_proxy(row) for row in ordered if row["kind"] == "proxy"),
    }


def _pod(row: Row) -> PodSeen:
    told = ("role", "state", "read_only", "lag_ms", "quarantined")
    return PodSeen(
        name=row["name"], at_ns=row["at_ns"], up=row["up"], **{name: row[name] for name in told if name in row}
    )


def _proxy(row: Row) -> ProxySeen:
    pools = json.loads(row.get("endpoints") or "{}")
    return ProxySeen(
        name=row["name"],
        at_ns=row["at_ns"],
        up=row["up"],
        pools={pool: {pod: _endpoint(seen) for pod, seen in pods.items()} for pool, pods in pools.items()},
    )


def _endpoint(seen: Row) -> EndpointSeen:
    return EndpointSeen(healthy=seen["healthy"], connections=seen["connections"], cut=seen.get("cut"))
