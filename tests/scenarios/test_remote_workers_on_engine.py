"""Load workers on another machine: a network namespace of the test's own, with a clock that began at another time.

It reaches the run's machine by one cable (a veth pair) and nothing else, as a machine in the next rack would.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from cluster.platform.docker_platform import DockerPlatform
from cluster.wait import wait_until
from history.load_events import Second
from scenarios.load.remote_workers import elsewhere
from scenarios.run.run import Run, require_images
from scenarios.schema.read import read_scenario
from scenarios.user_code.pod import look

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine")]

ROOT = Path(__file__).parents[2]
HERE, THERE = "198.19.255.241", "198.19.255.242"
CLOCK_AHEAD_S = 5000
BASE = """\
name: mine
teaches: what the tests want to know
topology: single
mesh: envoy
workload: {{name: '{workload}', {keys}}}
load: {{rate: 100, duration: {duration}, connections: 8, workers: 2}}
"""


class Machine:
    """name: of its network namespace."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._workers: list[subprocess.Popen[bytes]] = []
        ip("netns", "add", name)
        cable = (f"{name[-9:]}a", f"{name[-9:]}b")
        ip("link", "add", cable[0], "type", "veth", "peer", "name", cable[1], "netns", name)
        ip("address", "add", f"{HERE}/30", "dev", cable[0])
        ip("link", "set", cable[0], "up")
        ip("-n", name, "address", "add", f"{THERE}/30", "dev", cable[1])
        ip("-n", name, "link", "set", cable[1], "up")

    def work(self) -> subprocess.Popen[bytes]:
        apart = ["ip", "netns", "exec", self.name, "unshare", "--time", "--monotonic", str(CLOCK_AHEAD_S)]
        command = [sys.executable, "-m", "scenarios", "worker", HERE]
        self._workers.append(subprocess.Popen([*apart, *command], cwd=ROOT))
        return self._workers[-1]

    def lose_power(self) -> None:
        for pid in ip("netns", "pids", self.name).split():
            os.kill(int(pid), signal.SIGKILL)

    def close(self) -> None:
        self.lose_power()
        for worker in self._workers:
            worker.wait()
        ip("netns", "del", self.name)  # and the cable with it


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def machine() -> Iterator[Machine]:
    made = Machine(f"meshbench-{os.getpid()}")
    yield made
    made.close()


def start(file: Path, text: str) -> Run:
    file.write_text(text)
    scenario = read_scenario(str(file), look=look)
    platform = DockerPlatform()
    require_images(scenario, platform)
    others = elsewhere(scenario, workers=1, bind=HERE)
    return Run(
        scenario,
        platform=platform,
        runs=file.parent / "runs",
        command=["meshbench", "run", str(file)],
        elsewhere=others,
    )


def test_a_worker_with_another_clock_and_the_user_s_own_workload(machine: Machine, tmp_path: Path) -> None:
    example = ROOT / "docs" / "examples" / "inbox.py"
    run = start(tmp_path / "mine.yaml", BASE.format(workload=f"{example}:Inbox", keys="inboxes: 50", duration="5s"))
    worker = machine.work()
    summary = run.execute(lambda _: None)
    assert summary["verdict"] == "pass", summary["why"]
    assert worker.wait(timeout=20) == 0
    load = json.loads((run.folder / "manifest.json").read_text())["load"]
    assert load["pods"]["load2"]["clock_error_ms"] < 50
    assert load["pods"]["load2"]["machine"]["cores"] == os.cpu_count()
    ops = {name: pd.read_parquet(run.folder / "ops" / f"{name}.parquet") for name in ("load1", "load2")}
    assert {name: len(rows) for name, rows in ops.items()} == {n: load["pods"][n]["offered"] for n in ops}
    first_s = {name: rows["intended_ns"].min() / 1e9 for name, rows in ops.items()}
    assert abs(first_s["load1"] - first_s["load2"]) < 1, "one beginning, on one clock"
    assert summary["rpo"]["lost"] == 0


@pytest.mark.nightly
def test_a_machine_that_loses_power_voids_the_trial_and_leaves_its_history(machine: Machine, tmp_path: Path) -> None:
    def in_the_second_second(second: Second) -> None:
        if round(second.t_s) == 2:
            machine.lose_power()

    run = start(tmp_path / "mine.yaml", BASE.format(workload="transfer", keys="accounts: 200", duration="18s"))
    machine.work()
    summary = run.execute(in_the_second_second)
    assert summary["verdict"] == "void"
    assert "load pod load2 exited early" in summary["why"]
    ops = {name: pd.read_parquet(run.folder / "ops" / f"{name}.parquet") for name in ("load1", "load2")}
    lasted_s = {name: (rows["end_ns"].max() - rows["intended_ns"].min()) / 1e9 for name, rows in ops.items()}
    assert 1 < lasted_s["load2"] < 8
    assert lasted_s["load1"] > 16, "one that dies takes nobody with it"
    assert summary["rpo"]["lost"] == 0


def test_nothing_is_left_on_the_host_when_nobody_comes(machine: Machine, tmp_path: Path) -> None:
    """A run that is interrupted while it waits takes its passage with it."""
    file = tmp_path / "mine.yaml"
    file.write_text(BASE.format(workload="transfer", keys="accounts: 200", duration="5s"))
    command = [sys.executable, "-m", "scenarios", "run", str(file), "--remote-workers", "1", "--bind", HERE]
    with subprocess.Popen([*command, "--runs", str(tmp_path / "runs")], cwd=ROOT, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        waiting = next(line for line in run.stderr if b"s for 1 remote load worker" in line)
        assert f"meshbench worker {HERE}:5557" in waiting.decode()
        assert listening()
        run.send_signal(signal.SIGINT)
        run.stderr.read()
    assert run.returncode == 130
    wait_until("the passage is gone", lambda: not listening(), timeout_s=10)
    assert machine.name in ip("netns", "list")


def listening() -> bool:
    found = subprocess.run(["ss", "-Hltn", f"src {HERE}"], check=True, capture_output=True, text=True)
    return HERE in found.stdout
