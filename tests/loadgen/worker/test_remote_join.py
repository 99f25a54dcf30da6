"""Workers that ask Locust's master for their part: real Locust processes, on a server that only speaks the protocol."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from history.ops_file import read_ops
from loadgen.config import LoadConfig

pytestmark = pytest.mark.slow  # they wait for silences that last as long as in a run

Build = Callable[..., LoadConfig]
ROOT = Path(__file__).parents[3]
QUIET = ("--headless", "--only-summary", "--loglevel", "WARNING")


class Run:
    """Locust's master with one place to give away, and whoever comes for it."""

    def __init__(self, load_config: Build, tmp_path: Path, **keys: Any) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = str(probe.getsockname()[1])
        self._started: list[subprocess.Popen[str]] = []
        self.folder, self._home = tmp_path / "master", tmp_path / "home"
        self.folder.mkdir()
        self._home.mkdir()
        whole = load_config(out_dir=str(self.folder), rate=100, **keys)
        (tmp_path / "load.json").write_text(whole.to_json())
        (tmp_path / "joining.json").write_text(json.dumps({"places": [("load1", whole.to_json())], "own": None}))
        files = ("--load-config", str(tmp_path / "load.json"), "--joining", str(tmp_path / "joining.json"))
        bind = ("--master-bind-host", "127.0.0.1", "--master-bind-port", self._port)
        self.master = self._start(ROOT, "--master", "--expect-workers", "1", *bind, *files)

    def worker(self, root: Path = ROOT) -> subprocess.Popen[str]:
        """root: of the sources it has."""
        return self._start(root, "--worker", "--master-host", "127.0.0.1", "--master-port", self._port)

    def hear(self, event: str) -> dict[str, Any]:
        """The next event of this kind that the master passes on."""
        assert self.master.stdout is not None
        for line in self.master.stdout:
            found: dict[str, Any] = json.loads(line)
            if found["event"] == event:
                return found
        raise AssertionError(f"the master ended without {event}")

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()

    def _start(self, root: Path, *options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "loadgen.worker.start",
                "-f",
                str(root / "loadgen" / "worker" / "locustfile.py"),
                *QUIET,
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "TMPDIR": str(self._home)},
        )
        self._started.append(process)
        return process


@pytest.fixture
def run(load_config: Build, tmp_path: Path, start_mysql: Any) -> Iterator[Callable[..., Run]]:
    begun: list[Run] = []

    def begin(**keys: Any) -> Run:
        begun.append(Run(load_config, tmp_path, endpoints=(start_mysql().endpoint,), **keys))
        return begun[-1]

    yield begin
    for one in begun:
        one.close()


def test_a_worker_gets_its_part_and_its_record_is_with_the_master(run: Callable[..., Run], tmp_path: Path) -> None:
    one = run(duration_s=1)
    worker = one.worker()
    joined = one.hear("joined")
    assert joined["worker"] == "load1"
    assert set(joined["machine"]) == {"host", "python", "cores"}
    zero_ns = one.hear("started")["zero_ns"]
    done = one.hear("done")
    worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert done["ok"] == done["offered"] > 50
    ops = read_ops(one.folder / "load1.jsonl")
    assert len(ops) == done["offered"], "what a worker says it has done is there when it says so"
    (own,) = (tmp_path / "home").glob("meshbench-load1-*/ops.jsonl")
    assert own.read_bytes() == (one.folder / "load1.jsonl").read_bytes()
    # One machine, one clock: what was read must say so, within its own error.
    for reading in done["clock"]:
        assert abs(reading["offset_ns"]) <= reading["error_ns"]
    assert len(done["clock"]) == 2
    assert abs(min(op["intended_ns"] for op in ops) - zero_ns) < 1e9


def test_a_worker_that_is_killed_is_told_and_leaves_its_history(run: Callable[..., Run]) -> None:
    one = run(duration_s=60)
    worker = one.worker()
    one.hear("second")
    worker.send_signal(signal.SIGKILL)
    assert one.hear("lost")["worker"] == "load1"
    assert len(read_ops(one.folder / "load1.jsonl")) > 50


def test_a_worker_whose_run_is_gone_says_so_and_ends(run: Callable[..., Run], tmp_path: Path) -> None:
    one = run(duration_s=60)
    worker = one.worker()
    one.hear("second")
    one.master.kill()
    stdout, _ = worker.communicate(timeout=60)
    assert worker.returncode == 3
    last = json.loads(stdout.splitlines()[-1])
    assert last["event"] == "error"
    assert "lost contact with the run: no heartbeat from Locust's master" in last["message"]
    assert len(read_ops(next((tmp_path / "home").glob("meshbench-load1-*")) / "ops.jsonl")) > 50


def test_another_version_of_the_sources_is_turned_away(run: Callable[..., Run], tmp_path: Path) -> None:
    one = run(duration_s=1)
    for room in ("history", "loadgen"):
        shutil.copytree(ROOT / room, tmp_path / "other" / room)
    with (tmp_path / "other" / "loadgen" / "workloads" / "skew.py").open("a") as source:
        source.write("# not what the run has\n")
    stranger = one.worker(tmp_path / "other")
    assert "version mismatch" in one.hear("turned-away")["why"]
    stdout, _ = stranger.communicate(timeout=60)
    assert stranger.returncode == 2
    assert "check out the same commit" in json.loads(stdout)["message"]


def test_who_comes_when_all_places_are_taken_is_turned_away(run: Callable[..., Run]) -> None:
    one = run(duration_s=60)
    one.worker()
    one.hear("second")
    late = one.worker()
    assert "already joined" in one.hear("turned-away")["why"]
    late.communicate(timeout=60)
    assert late.returncode == 2
    left_ns = one.hear("second")["at_ns"]
    one.hear("second")
    # Locust moved users to the one that came, and back; the load goes on with all of its connections all the same.
    ops = [op for op in read_ops(one.folder / "load1.jsonl") if op["intended_ns"] > left_ns]
    assert {op["process"] for op in ops} == set(range(4))
    assert {op["outcome"] for op in ops} == {"ok"}
