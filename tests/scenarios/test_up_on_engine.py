"""A cluster that is up stays when its process has ended, whatever else runs, until it is taken down."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator

import docker
import pytest

from cluster.platform import ownership
from cluster.wait import wait_until
from scenarios.cli.cli import main
from scenarios.standing.standing import find

pytestmark = pytest.mark.engine

UP = [sys.executable, "-m", "scenarios", "up"]


@pytest.fixture
def name(engine: docker.DockerClient) -> Iterator[str]:
    """A name for a cluster that is gone after the test whatever happens."""
    chosen = f"test-{secrets.token_hex(3)}"
    yield chosen
    for one in find():
        if one.name == chosen:
            ownership.remove(one.run_id)


def owned(engine: docker.DockerClient, run_id: str) -> int:
    """How many containers and networks carry this run's label."""
    wanted: dict[str, str | list[str] | bool] = {"label": f"{ownership.RUN}={run_id}"}
    return len(engine.containers.list(all=True, filters=wanted)) + len(engine.networks.list(filters=wanted))


def run_of(engine: docker.DockerClient, process: subprocess.Popen[bytes]) -> str | None:
    """The run whose containers this process owns, once there is one."""
    containers = engine.containers.list(all=True, filters={"label": ownership.RUN}, ignore_removed=True)
    mine = [one for one in containers if one.labels[ownership.OWNER].split(":")[1] == str(process.pid)]
    return mine[0].labels[ownership.RUN] if mine else None


def test_a_cluster_stays_until_it_is_taken_down(
    engine: docker.DockerClient, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.run([*UP, "group", "--pods", "2", "--name", name], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    assert f"docker exec -it meshbench-{name} mysql" in done.stdout
    (up,) = [one for one in find() if one.name == name]

    assert main(["gc"]) == 0
    assert f"cluster {name}" in capsys.readouterr().out
    assert main(["status"]) == 0
    told = capsys.readouterr().out.partition(f"{name}:")[2]
    assert "node1  " in told
    assert "primary  ONLINE" in told
    assert "replica  ONLINE" in told

    code, said = engine.containers.get(up.shell).exec_run(["mysql", "-N", "-e", "SELECT @@hostname"])
    assert (code, said) == (0, b"node1\n"), "the ready command writes through the mesh, with no password on its line"

    assert main(["up", "single", "--name", name]) == 2
    assert "is up" in capsys.readouterr().err
    assert owned(engine, up.run_id) > 0
    assert main(["down", name]) == 0
    assert owned(engine, up.run_id) == 0
    assert main(["down", name]) == 2


def test_an_interrupted_up_leaves_nothing(engine: docker.DockerClient, name: str) -> None:
    process = subprocess.Popen([*UP, "single", "--name", name], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        run_id = wait_until("its first pod starts", lambda: run_of(engine, process), timeout_s=30)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert owned(engine, run_id) == 0
    finally:
        process.kill()
        process.wait()
        ownership.reap()
