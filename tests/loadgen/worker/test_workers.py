"""Several workers under Locust's master, as their pods start them: one beginning, shares that add up, no favourite."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.wait import wait_until
from history.ops_file import FILE_NAME, read_ops
from loadgen.config import LoadConfig

Build = Callable[..., LoadConfig]
Start = Callable[..., subprocess.Popen[str]]
QUIET = ("--headless", "--only-summary")
LOCUSTFILE = Path(__file__).parents[3] / "loadgen" / "worker" / "locustfile.py"


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the locustfile with a configuration and options; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(config: LoadConfig, *options: str) -> subprocess.Popen[str]:
        file = Path(config.out_dir) / "load.json"
        file.write_text(config.to_json())
        command = [sys.executable, "-m", "loadgen.worker.start", "-f", str(LOCUSTFILE)]
        process = subprocess.Popen(
            [*command, "--load-config", str(file), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Crew:
    """A master and its workers; a folder each below ``root``."""

    def __init__(
        self, start: Start, load_config: Build, root: Path, *, workers: int, live: bool = False, **keys: Any
    ) -> None:
        """live: with Locust's web page, at ``web``."""
        port = str(free_port())
        self.configs = []
        for worker in range(workers):
            folder = root / f"worker{worker}"
            folder.mkdir()
            self.configs.append(load_config(out_dir=str(folder), worker=worker, workers=workers, **keys))
        (root / "master").mkdir()
        whole = load_config(out_dir=str(root / "master"), workers=workers, **keys | {"connections": 4 * workers})
        bind = ("--master-bind-host", "127.0.0.1", "--master-bind-port", port)
        web_port = str(free_port())
        self.web = f"http://127.0.0.1:{web_port}"
        shown = ("--autostart", "--web-host", "127.0.0.1", "--web-port", web_port) if live else QUIET
        self.master = start(whole, "--master", *bind, "--expect-workers", str(workers), *shown)
        self.workers = [
            start(config, "--worker", "--master-host", "127.0.0.1", "--master-port", port, *(() if live else QUIET))
            for config in self.configs
        ]

    def ops(self, worker: int) -> list[dict[str, Any]]:
        return read_ops(Path(self.configs[worker].out_dir) / FILE_NAME)


@pytest.mark.slow
def test_two_workers_begin_together_and_interleave(
    start: Start, load_config: Build, start_mysql: Any, read_events: Any, tmp_path: Path
) -> None:
    server = start_mysql().endpoint
    keys: dict[str, Any] = {"endpoints": (server,), "model": "constant", "rate": 50, "duration_s": 1}
    crew = Crew(start, load_config, tmp_path, workers=2, **keys)
    outputs = [worker.communicate(timeout=30) for worker in crew.workers]
    assert [worker.returncode for worker in crew.workers] == [0, 0], outputs
    told = [read_events(stdout) for stdout, _ in outputs]
    zeros = [events["started"][0]["zero_ns"] for events in told]
    assert abs(zeros[0] - zeros[1]) < 5e6  # one moment of one clock, read twice
    assert [events["done"][0]["offered"] for events in told] == [50, 50]
    assert all(events["done"][0]["complete"] for events in told)
    assert {op["process"] // 10_000 for op in crew.ops(0)} == {0}
    assert {op["process"] // 10_000 for op in crew.ops(1)} == {1}
    assert not {op["key"] for op in crew.ops(0)} & {op["key"] for op in crew.ops(1)}
    offsets = [sorted(op["intended_ns"] - zeros[worker] for op in crew.ops(worker)) for worker in (0, 1)]
    together = sorted(offsets[0] + offsets[1])
    assert together == [10_000_000 * number for number in range(100)]
    crew.master.communicate(timeout=60)
    assert crew.master.returncode == 0


@pytest.mark.engine  # needs none, but 3 s until Locust's master notices
def test_a_killed_worker_takes_nobody_with_it(
    start: Start, load_config: Build, start_mysql: Any, read_events: Any, tmp_path: Path
) -> None:
    server = start_mysql().endpoint
    crew = Crew(start, load_config, tmp_path, workers=2, endpoints=(server,), rate=50, duration_s=5)
    survivor, victim = crew.workers
    assert victim.stdout is not None
    next(line for line in victim.stdout if json.loads(line)["event"] == "second")
    victim.send_signal(signal.SIGKILL)
    killed_ns = time.monotonic_ns()
    stdout, stderr = survivor.communicate(timeout=30)
    assert survivor.returncode == 0, stderr
    (done,) = read_events(stdout)["done"]
    assert done["complete"]
    # Locust deals the dead worker's users out; the pool of the other stays what it was.
    assert done["connections_opened"] == 4
    assert {op["process"] for op in crew.ops(0)} <= set(range(4))
    assert killed_ns - max(op["end_ns"] for op in crew.ops(1)) < 300e6


@pytest.mark.engine  # needs none, but some seconds
def test_stop_on_the_web_page_ends_the_load_and_says_so(
    start: Start, load_config: Build, start_mysql: Any, read_events: Any, tmp_path: Path
) -> None:
    server = start_mysql().endpoint
    crew = Crew(start, load_config, tmp_path, workers=1, live=True, endpoints=(server,), rate=50, duration_s=60)
    (worker,) = crew.workers
    assert worker.stdout is not None
    next(line for line in worker.stdout if json.loads(line)["event"] == "second")

    def counted() -> int:
        with urllib.request.urlopen(f"{crew.web}/stats/requests", timeout=5) as page:
            return sum(kind["num_requests"] for kind in json.loads(page.read())["stats"])

    wait_until("the page counts operations", counted, timeout_s=10)
    urllib.request.urlopen(f"{crew.web}/stop", data=b"", timeout=20).close()
    done = next(event for line in worker.stdout if (event := json.loads(line))["event"] == "done")
    assert not done["complete"]
    assert done["offered"] == done["ok"] == len(crew.ops(0)) > 0
