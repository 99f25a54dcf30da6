"""A publisher of a run that never was, and what it is fed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cluster.agent.json_http import JsonHandler, JsonServer
from cluster.platform import ownership
from history.load_events import Second
from observer.latest import Latest, serve
from scenarios.live import looks
from scenarios.live.publisher import Publisher
from scenarios.live.state import LoadSeen, Snapshot

ZERO_NS = 5_000_000_000_000
FOLDER = "tiny/20261128T010203Z-7"


def first(run_id: str = "abc", **other: Any) -> Snapshot:
    words: dict[str, Any] = {
        "folder": FOLDER,
        "scenario": "tiny",
        "topology": "group of 3",
        "mesh": "gateway envoy",
        "workload": "transfer",
        "seed": 7,
        "started_at": "2026-11-28T01:02:03+00:00",
        "owner": ownership.owner(),
        "at_ns": time.monotonic_ns(),
        "load": LoadSeen(duration_s=60.0),
    }
    return Snapshot(run_id=run_id, **words | other)


def publisher(runs: Path, **other: Any) -> Publisher:
    (runs / FOLDER).mkdir(parents=True, exist_ok=True)
    return Publisher(first(**other), runs=runs)


def second(t_s: float, *, ok: int = 100, responses: dict[str, int] | None = None, **other: int) -> Second:
    counts: dict[str, Any] = dict.fromkeys(("fail", "unknown", "refused", "backlog", "in_flight"), 0) | other
    at_ns = ZERO_NS + round(t_s * 1e9)
    return Second(at_ns=at_ns, t_s=t_s, offered=ok + counts["fail"], ok=ok, responses=responses, **counts)


def note(runs: Path, step: str, at_ns: int | None, *, end: str = "\n", **other: Any) -> None:
    """One more line of the run's faults.jsonl."""
    line = {"id": 0, "step": step, "at_ns": at_ns, "kind": "fault", "fault": "kill", "target": "primary"} | other
    with (runs / FOLDER / "faults.jsonl").open("a") as file:
        file.write(json.dumps(line) + end)


def eventually(holds: Callable[[], Any], *, timeout_s: float = 20.0) -> Any:
    """What is true in the end; raises AssertionError when it is not within the time."""
    deadline = time.monotonic() + timeout_s
    while not (found := holds()):
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)
    return found


class Surroundings:
    """The observer and the control plane of a run, on this machine. made: the decisions."""

    def __init__(self) -> None:
        self.latest = Latest()
        self.made: list[dict[str, Any]] = []
        surroundings = self

        class Control(JsonHandler):
            def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
                since_ns = int(parse_qs(urlsplit(self.path).query)["since"][0])
                self.answer(200, {"decisions": [one for one in surroundings.made if one["at_ns"] > since_ns]})

        self._servers = [serve(self.latest, port=0), JsonServer(("127.0.0.1", 0), Control)]
        threading.Thread(target=self._servers[1].serve_forever, daemon=True).start()
        self.ports = [server.server_address[1] for server in self._servers]

    def role(self, pod: str, role: str | None) -> None:
        """What a pod says of itself now; None: it does not answer."""
        row: dict[str, Any] = {"at_ns": time.monotonic_ns(), "kind": "pod", "name": pod, "up": role is not None}
        if role is not None:
            row |= {"role": role, "state": "ONLINE", "read_only": role != "primary", "lag_ms": 0.0}
        self.latest.note(row)

    def sessions(self, connections: int) -> None:
        pools = {"write": {"node1": {"healthy": True, "connections": connections, "cut": None}}}
        row = {"at_ns": time.monotonic_ns(), "kind": "proxy", "name": "gateway", "up": True}
        self.latest.note(row | {"endpoints": json.dumps(pools)})

    def watched_by(self, live: Publisher) -> None:
        control = SimpleNamespace(control=SimpleNamespace(pod=SimpleNamespace(address="127.0.0.1")))
        live.watch(control, "127.0.0.1")  # type: ignore[arg-type]

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


@contextmanager
def surroundings(patch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    made = Surroundings()
    patch.setattr(looks, "PORT", made.ports[0])
    patch.setattr(looks, "CONTROL_PORT", made.ports[1])
    try:
        yield made
    finally:
        made.close()
