"""A user's own locustfile under Locust's own users: its requests become operations, whatever became of them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from history.ops_file import FILE_NAME, read_ops
from loadgen.config import LoadConfig
from tests.loadgen.guests import GUEST, guest

THEIRS = """
import os
from locust import User, constant, task

class Visitor(User):
    wait_time = constant(0.02)

    @task
    def look(self):
        assert os.environ["MYSQL_HOST"] == "198.18.0.9" and self.host == "198.18.0.9:3306"
        for name, error in (("look", None), ("buy", ValueError("sold out"))):
            self.environment.events.request.fire(
                request_type="x", name=name, response_time=7 if error else 5, response_length=0, exception=error
            )
"""


def test_requests_are_recorded_as_operations(
    load_config: Callable[..., LoadConfig], read_events: Any, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.py"
    theirs.write_text(THEIRS)
    config = load_config(endpoints=(("198.18.0.9", 3306),), connections=3, duration_s=1.0)
    done = guest(config, theirs)
    assert done.returncode == 0, done.stderr
    events = read_events(done.stdout)
    ops = read_ops(Path(config.out_dir) / FILE_NAME)
    counts = Counter((op["f"], op["outcome"]) for op in ops)
    assert set(counts) == {("look", "ok"), ("buy", "unknown")}
    assert counts["look", "ok"] == counts["buy", "unknown"]
    assert len({op["key"] for op in ops}) == len(ops) == events["done"][0]["offered"]
    assert {(op["f"], op["end_ns"] - op["start_ns"]) for op in ops} == {("look", 5_000_000), ("buy", 7_000_000)}
    assert events["started"][0]["zero_ns"] <= ops[0]["end_ns"]
    assert sum(second["ok"] for second in events["second"]) == counts["look", "ok"]


@pytest.mark.slow
def test_what_their_tasks_raise_is_counted(
    load_config: Callable[..., LoadConfig], read_events: Any, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.py"
    theirs.write_text(THEIRS + "        raise KeyError('task blew up')\n")
    done = guest(load_config(endpoints=(("198.18.0.9", 3306),), connections=3, duration_s=1.0), theirs)
    (told,) = read_events(done.stdout)["done"]
    assert told["task_errors"] == told["ok"] > 0
    assert told["task_error"] == f"KeyError: 'task blew up' ({theirs}:15, in look)"


@pytest.mark.slow
def test_a_bad_configuration_is_exit_2(tmp_path: Path, read_events: Any) -> None:
    theirs, file = tmp_path / "theirs.py", tmp_path / "load.json"
    theirs.write_text(THEIRS)
    file.write_text("{}")
    command = [
        sys.executable,
        "-m",
        "loadgen.worker.start",
        "-f",
        f"{theirs},{GUEST}",
        "--headless",
        "--load-config",
        str(file),
    ]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode == 2
    assert read_events(done.stdout)["error"][0]["refused"] is True
