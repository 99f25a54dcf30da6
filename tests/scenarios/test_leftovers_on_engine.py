"""Whatever ends a run, nothing of it stays on the engine; and nothing of anybody else's is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from cluster import images, labels
from cluster.mysql_image import ASKED
from cluster.wait import wait_until
from scenarios.cli import main

pytestmark = pytest.mark.engine

QUICK = ["--set", "topology.pods=1", "--set", "workload.accounts=100"]


def leftovers(engine: docker.DockerClient, run_ids: set[str]) -> list[str]:
    """Names of containers, networks and volumes that carry one of these runs' labels."""
    kinds = (engine.containers.list(all=True, ignore_removed=True), engine.networks.list(), engine.volumes.list())
    return [
        str(one.name)
        for kind in kinds
        for one in kind
        if ((one.attrs.get("Config") or one.attrs).get("Labels") or {}).get(labels.RUN) in run_ids
    ]


def begun() -> frozenset[str]:
    """Runs that have pods; an image that is asked for its options before has a container, too."""
    return frozenset(one for one in labels.live_runs() if not one.startswith(ASKED))


@pytest.fixture
def under_way(engine: docker.DockerClient, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A run in a process of its own, in the middle of its load; and its run id."""
    before = begun()
    command = [sys.executable, "-m", "scenarios.cli", "run", "control-null", *QUICK]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        (run_id,) = wait_until("the run has begun", lambda: begun() - before or None, timeout_s=30)
        load = f"meshbench-{run_id}-load1-locust"
        wait_until("its load pod runs", lambda: bool(engine.containers.list(filters={"name": load})), timeout_s=60)
        yield process, run_id
    finally:
        process.kill()
        process.wait()
        labels.reap()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(
    engine: docker.DockerClient, under_way: tuple[subprocess.Popen[bytes], str], number: signal.Signals
) -> None:
    process, run_id = under_way
    assert leftovers(engine, {run_id})
    process.send_signal(number)
    assert process.wait(60) == 130
    assert leftovers(engine, {run_id}) == []


def test_an_interrupted_boot_ends_with_its_last_word(engine: docker.DockerClient, tmp_path: Path) -> None:
    """While a member waits for START GROUP_REPLICATION, whose answer never comes: its pod has been removed."""
    before = begun()
    command = [sys.executable, "-m", "scenarios.cli", "run", "control-null"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            (run_id,) = wait_until("the run has begun", lambda: begun() - before or None, timeout_s=30)
            agent = f"meshbench-{run_id}-node3-agent"
            wait_until("pods start", lambda: bool(engine.containers.list(filters={"name": agent})), timeout_s=60)
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            process.kill()
            labels.reap()
    assert leftovers(engine, {run_id}) == []


def test_gc_removes_what_a_killed_run_left_and_nothing_else(
    engine: docker.DockerClient, under_way: tuple[subprocess.Popen[bytes], str], capsys: pytest.CaptureFixture[str]
) -> None:
    process, run_id = under_way
    stranger = engine.containers.create(images.image("base").tag, ["sleep", "60"], name=f"stranger-{os.getpid()}")
    try:
        assert main(["gc"]) == 0
        assert leftovers(engine, {run_id}), "gc must leave a living run alone"
        process.kill()
        process.wait()
        assert leftovers(engine, {run_id})
        assert main(["gc"]) == 0
        assert f"network meshbench-{run_id}" in capsys.readouterr().out
        assert leftovers(engine, {run_id}) == []
        stranger.reload()
    finally:
        stranger.remove()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "mysql.image=no/such-image:1"], "image 'no/such-image:1' is not on this engine"),
        (["--set", "load.rate=-1"], "load.rate"),
        (["--set", "faults.0.fault=explode"], "unknown fault 'explode'"),
    ],
)
def test_a_mistake_starts_nothing(
    engine: docker.DockerClient, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    before = {one.id for one in engine.containers.list(all=True)}
    assert main(["run", "primary-kill", *words]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert {one.id for one in engine.containers.list(all=True)} <= before


def test_an_option_that_mysqld_refuses_is_told_in_mysqld_s_words(
    engine: docker.DockerClient, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    begin = time.time()
    try:
        assert main(["run", "control-null", *QUICK, "--set", "mysql.config.no_such_option=1"]) == 2
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert "no_such_option" in capsys.readouterr().err.splitlines()[-1]
    recent = [one for one in engine.containers.list(all=True, filters={"label": labels.RUN}) if one.attrs]
    assert not [one for one in recent if one.labels[labels.OWNER] == labels.owner()], time.time() - begin
