"""Whatever ends a run, nothing of it stays on the engine; and nothing of anybody else's is touched."""

from __future__ import annotations

import os
import pty
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from cluster.mysqld.mysql_image import ASKED
from cluster.platform import images, keeper, ownership
from cluster.wait import wait_until
from scenarios.cli.cli import main

pytestmark = pytest.mark.engine

QUICK = ["--set", "topology.pods=1", "--set", "workload.accounts=100"]


def leftovers(engine: docker.DockerClient, run_ids: set[str]) -> list[str]:
    """Names of containers, networks and volumes that carry one of these runs' labels."""
    kinds = (engine.containers.list(all=True, ignore_removed=True), engine.networks.list(), engine.volumes.list())
    return [
        str(one.name)
        for kind in kinds
        for one in kind
        if ((one.attrs.get("Config") or one.attrs).get("Labels") or {}).get(ownership.RUN) in run_ids
    ]


def begun() -> frozenset[str]:
    """Runs that have pods; an image that is asked for its options before has a container, too."""
    return frozenset(one for one in ownership.live_runs() if not one.startswith(ASKED))


@pytest.fixture
def under_way(engine: docker.DockerClient, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A run in a process of its own, in the middle of its load; and its run id."""
    before = begun()
    command = [sys.executable, "-m", "scenarios.cli.cli", "run", "control-null", *QUICK]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stderr is not None
    try:
        (run_id,) = wait_until("the run has begun", lambda: begun() - before or None, timeout_s=30)
        load = f"meshbench-{run_id}-load1-locust"
        wait_until("its load pod runs", lambda: bool(engine.containers.list(filters={"name": load})), timeout_s=60)
        yield process, run_id
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        ownership.reap()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.nightly),  # a terminal that is closed sends it, see below
        pytest.param(signal.SIGPIPE, 141, marks=pytest.mark.nightly),
    ],
)
def test_an_interrupted_run_leaves_nothing(
    engine: docker.DockerClient, under_way: tuple[subprocess.Popen[bytes], str], number: signal.Signals, code: int
) -> None:
    process, run_id = under_way
    assert leftovers(engine, {run_id})
    (pod, *_) = engine.containers.list(filters={"label": f"{ownership.RUN}={run_id}"})
    token = pod.labels[ownership.KEEPER]
    assert token in keeper.living()
    if number == signal.SIGPIPE:  # as `meshbench run … 2>&1 | head` does: the reader goes away
        assert process.stderr is not None
        process.stderr.close()
    else:
        process.send_signal(number)
    assert process.wait(60) == code
    assert leftovers(engine, {run_id}) == []
    assert token not in keeper.living()


def test_a_run_whose_terminal_is_closed_leaves_nothing(engine: docker.DockerClient, tmp_path: Path) -> None:
    """The terminal hangs up (SIGHUP), and from then on nothing can be written to it."""
    before = begun()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, [sys.executable, "-m", "scenarios", "run", "control-null", *QUICK])
    try:
        said = b""
        while b"set up" not in said:
            said += os.read(terminal, 4096)
        (run_id,) = begun() - before
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 129
    finally:
        ownership.reap()
    assert leftovers(engine, {run_id}) == []


def elsewhere(*words: str) -> str:
    """What a verb says in a PID namespace of its own, as in a container that was given the engine's socket."""
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-m", "scenarios", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="a PID namespace of one's own takes root")
def test_a_live_run_is_told_from_a_dead_one_in_another_pid_namespace(
    engine: docker.DockerClient, under_way: tuple[subprocess.Popen[bytes], str]
) -> None:
    process, run_id = under_way
    process.send_signal(signal.SIGSTOP)  # a process that stands still, as after Ctrl-Z, is not dead
    before = sorted(leftovers(engine, {run_id}))
    assert f"run {run_id}" in elsewhere("gc")
    assert sorted(leftovers(engine, {run_id})) == before
    process.kill()
    process.wait()
    gone(run_id)
    assert f"network meshbench-{run_id}" in elsewhere("gc")
    assert leftovers(engine, {run_id}) == []


def test_a_run_of_an_older_version_goes_when_it_is_named(
    engine: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = f"old{secrets.token_hex(2)}"
    old = {ownership.RUN: run_id, ownership.OWNER: "0:1:2"}
    engine.containers.run(images.image("base").tag, ["sleep", "60"], labels=old, detach=True, network_mode="none")
    try:
        assert main(["gc"]) == 0
        assert f"left alone: run {run_id}, of an older version" in capsys.readouterr().out
        assert leftovers(engine, {run_id})
        assert main(["gc", run_id]) == 0
        assert leftovers(engine, {run_id}) == []
        assert main(["gc", run_id]) == 2
    finally:
        ownership.remove(run_id)


def gone(run_id: str) -> None:
    """Return when the engine has seen that the run's owner is dead."""
    wait_until("its keeper has ended", lambda: run_id not in ownership.live_runs(), timeout_s=10)


def test_an_interrupted_boot_ends_with_its_last_word(engine: docker.DockerClient, tmp_path: Path) -> None:
    """While a member waits for START GROUP_REPLICATION, whose answer never comes: its pod has been removed."""
    before = begun()
    command = [sys.executable, "-m", "scenarios.cli.cli", "run", "control-null"]
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
            ownership.reap()
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
        gone(run_id)
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
    begin = time.time()
    assert main(["run", "control-null", *QUICK, "--set", "mysql.config.no_such_option=1"]) == 2
    assert "no_such_option" in capsys.readouterr().err.splitlines()[-1]
    recent = [one for one in engine.containers.list(all=True, filters={"label": ownership.RUN}) if one.attrs]
    assert not [one for one in recent if one.labels[ownership.OWNER] == ownership.owner()], time.time() - begin
