"""A locustfile run as in a load pod, for tests of what it may do: nothing of it needs a database."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from history.ops_file import FILE_NAME, read_ops
from loadgen.config import LoadConfig
from loadgen.user_code.environment import variables

GUEST = Path(__file__).parents[2] / "loadgen" / "worker" / "user_locustfile.py"
TIMEOUT_S = 60

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


#: Reads a line a process: its words, environment, and files for its output and its errors; prints its exit code.
_FORKS = """
import json, os, runpy, sys
import gevent
import locust.main
import loadgen.worker.ending
from gevent import monkey

fork, waitpid = monkey.get_original("os", ["fork", "waitpid"])
for line in sys.stdin:
    words, environment, out, err = json.loads(line)
    child = fork()
    if child == 0:
        gevent.reinit()
        for number, place in enumerate((os.devnull, out, err)):
            os.dup2(os.open(place, os.O_RDWR), number)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv[1:] = words
        runpy.run_module("loadgen.worker.start", run_name="__main__", alter_sys=True)
    print(os.waitstatus_to_exitcode(waitpid(child, 0)[1]), flush=True)
"""


@cache
def _forker() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", _FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def guest(config: LoadConfig, theirs: Path) -> subprocess.CompletedProcess[str]:
    """Run a locustfile to its end. Locust was imported before, in another process, which forks: that takes most of the
    time. Processes that nobody forked are tried in `test_locustfile`."""
    file = Path(config.out_dir) / "load.json"
    file.write_text(config.to_json())
    words = ["-f", f"{theirs},{GUEST}", "--headless", "--only-summary", "--load-config", str(file)]
    forker = _forker()
    assert forker.stdin is not None
    assert forker.stdout is not None
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        line = [words, os.environ | variables(config), out.name, err.name]
        print(json.dumps(line), file=forker.stdin, flush=True)
        assert select.select([forker.stdout], [], [], TIMEOUT_S)[0], "the load program does not end"
        code = int(forker.stdout.readline())
        stdout, stderr = (Path(one.name).read_text(errors="replace") for one in (out, err))
    return subprocess.CompletedProcess(words, code, stdout, stderr)


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
