"""A publisher of a run that never was, and what it is fed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cluster.platform import ownership
from history.load_events import Second
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
