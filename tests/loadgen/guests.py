"""A locustfile run as in a load pod, for tests of what it may do: nothing of it needs a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history.ops_file import FILE_NAME, read_ops
from loadgen.config import LoadConfig
from loadgen.user_code.environment import variables

GUEST = Path(__file__).parents[2] / "loadgen" / "worker" / "user_locustfile.py"

#: A user that does one request every 20 ms; what a test adds stands below.
PLAIN = """
import os, subprocess, sys, time
import gevent
from locust import LoadTestShape, TaskSet, User, constant, events, task
from locust.exception import StopUser

def fire(environment, **fields):
    environment.events.request.fire(**{"request_type": "x", "name": "buy", "response_time": 5, "response_length": 0,
                                       "exception": None, "context": {}} | fields)

class Visitor(User):
    wait_time = constant(0.02)

    @task
    def buy(self):
        fire(self.environment)
"""


@dataclass(frozen=True)
class Ended:
    """events: name -> its events, in order; every line of standard output is one. ops: what was recorded."""

    events: dict[str, list[dict[str, Any]]]
    ops: list[dict[str, Any]]
    stderr: str

    @property
    def told(self) -> dict[str, Any]:
        """What the file did beside its requests."""
        assert "done" in self.events, self.stderr
        found: dict[str, Any] = self.events["done"][-1]["locustfile"]
        return found


def guest(config: LoadConfig, theirs: Path) -> subprocess.CompletedProcess[str]:
    file = Path(config.out_dir) / "load.json"
    file.write_text(config.to_json())
    return subprocess.run(
        [
            *(sys.executable, "-m", "loadgen.worker.start", "-f", f"{theirs},{GUEST}"),
            *("--headless", "--only-summary", "--load-config", str(file)),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        timeout=60,
        env=os.environ | variables(config),
    )


def run(load_config: Callable[..., LoadConfig], below: str, *, source: str = PLAIN, **keys: Any) -> Ended:
    """Run a file with ``below`` at its end. keys: of the configuration."""
    config = load_config(**{"endpoints": (("198.18.0.9", 3306),), "connections": 2, "duration_s": 1.0} | keys)
    theirs = Path(config.out_dir) / "theirs.py"
    theirs.write_text(source + below)
    done = guest(config, theirs)
    events: dict[str, list[dict[str, Any]]] = {}
    for line in done.stdout.splitlines():
        event = json.loads(line)
        events.setdefault(event["event"], []).append(event)
    recorded = Path(config.out_dir) / FILE_NAME
    return Ended(events, read_ops(recorded) if recorded.exists() else [], done.stderr)
