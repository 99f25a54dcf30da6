"""A server outside of containers: what it needs is told in a line, and its files are gone whatever happens."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

import scenarios.capacity.bare
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.platform import one_off
from cluster.platform.fake import FakePlatform
from cluster.topology import Topology
from cluster.wait import wait_until
from scenarios.capacity.bare import files_of, remove_left
from scenarios.capacity.container_tax import different, measure_container_tax
from scenarios.run.cpu_time import spent_by
from scenarios.schema.read import read_scenario


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Images are unpacked as nothing, and as root."""
    folders: list[Path] = []
    monkeypatch.setattr(one_off, "unpack", lambda _, folder, run_id: folders.append(folder))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "mknod", lambda device, *_: Path(device).touch())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return folders


def test_the_files_of_an_image_are_removed_also_after_a_failure(unpacked: list[Path]) -> None:
    def fails() -> None:
        with files_of("an image", run_id="0a1b2c3d") as root:
            assert (root / "dev" / "null").exists()
            raise HarnessError("the server did not start")

    with pytest.raises(HarnessError, match="did not start"):
        fails()
    assert unpacked
    assert not unpacked[0].exists()


def test_who_is_not_root_is_told_so_and_nothing_is_unpacked(
    unpacked: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ConfigurationError, match="needs root"), files_of("an image", run_id="0a1b2c3d"):
        pass
    assert not unpacked


def test_a_disk_without_room_is_told_and_left_as_it_was(
    unpacked: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scenarios.capacity.bare, "LEAST_FREE_BYTES", 2**62)
    with pytest.raises(ConfigurationError, match="GiB are free"), files_of("an image", run_id="0a1b2c3d"):
        pass
    assert not unpacked
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_is_not_on_this_machine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(Topology(kind="single", pods=1), platform=FakePlatform(), run_id="0a1b2c3d")
    cluster.nodes.open_network()
    monkeypatch.setattr(type(cluster.network), "gateway", "192.0.2.1")  # of nobody's machine (RFC 5737)
    with pytest.raises(ConfigurationError, match="needs the engine on this machine"):
        scenarios.capacity.bare._address(cluster)


def test_a_bare_server_that_ends_at_start_is_told_with_its_words(tmp_path: Path) -> None:
    cluster = Cluster(Topology(kind="single", pods=1), platform=FakePlatform(), run_id="0a1b2c3d")
    (tmp_path / "bare.log").write_text("first\nmysqld: unknown variable\nAborting\n")
    with Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
        with pytest.raises(HarnessError, match=r"unknown variable \| Aborting"):
            scenarios.capacity.bare._served(cluster, ended, ("127.0.0.1", 1), tmp_path / "bare.log")


def test_a_server_that_does_not_end_in_time_is_killed_by_its_pid(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    parent = "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    parent += f"subprocess.run([sys.executable, '-c', {deaf!r}])"
    monkeypatch.setattr(scenarios.capacity.bare, "END_TIMEOUT_S", 0.1)
    with Popen([sys.executable, "-c", parent], stdout=-1) as started:
        assert started.stdout is not None
        started.stdout.readline()
        (child,) = scenarios.capacity.bare._children(started.pid)
        scenarios.capacity.bare._end(started)
    assert not Path(f"/proc/{child}").exists()


def test_only_a_single_server_without_a_mesh_has_a_twin_outside_of_containers(tmp_path: Path) -> None:
    for settings in (["topology=group", "mesh=direct"], ["topology=single", "mesh=envoy"]):
        with pytest.raises(ConfigurationError, match="single server without a mesh"):
            measure_container_tax(read_scenario("steady", settings=settings), platform=FakePlatform(), folder=tmp_path)


def test_variables_that_differ_are_named_but_for_those_that_name_a_server() -> None:
    one: dict[str, Any] = {"port": "3306", "open_files_limit": "1048576", "flush": "OFF", "hostname": "node1"}
    assert different(one, {**one, "port": "40001", "open_files_limit": "1024"}) == ["open_files_limit"]
    assert different(one, {**one, "new": "1"}) == ["new"]


def test_the_cpu_time_of_a_process_is_known_while_it_lives() -> None:
    spent = spent_by(os.getpid())
    assert spent is not None
    assert spent.usage_s > 0
    assert spent_by(2**22 + 1) is None


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders of bare servers are made and looked for."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")


@contextmanager
def running(program: str, *words: str) -> Iterator[Popen[bytes]]:
    """A Python program that has printed a line; its output goes on from there."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with Popen([sys.executable, "-c", program, *words], stdout=PIPE, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def inside(root: Path) -> Any:
    """What stands in for the server: a process whose root is this folder."""
    return running("import os, sys, time; os.chroot(sys.argv[1]); print(flush=True); time.sleep(600)", str(root))


@needs_root
def test_what_a_killed_process_has_left_of_a_bare_server_is_removed(temporary: Path) -> None:
    left = temporary / "meshbench-bare-0a1b2c3d-left"
    (left / "usr").mkdir(parents=True)
    with inside(left) as server, inside(temporary) as stranger:
        assert server.stdout is not None
        assert stranger.stdout is not None
        server.stdout.readline()
        stranger.stdout.readline()
        assert remove_left() == [f"bare server {left}"]
        assert server.wait() == -signal.SIGKILL
        assert stranger.poll() is None
    assert not left.exists()
    assert remove_left() == []


@needs_root
def test_a_bare_server_whose_owner_lives_is_left_alone(unpacked: list[Path]) -> None:
    with files_of("an image", run_id="0a1b2c3d") as root, inside(root) as server:
        assert server.stdout is not None
        server.stdout.readline()
        assert remove_left() == []
        assert server.poll() is None
        assert root.exists()


@pytest.mark.slow
def test_the_lock_of_an_owner_ends_with_it_and_not_with_what_it_started(temporary: Path) -> None:
    owner = (
        "import subprocess, sys; from pathlib import Path; from scenarios.capacity.bare import _locked\n"
        "with _locked(Path(sys.argv[1])) as ours:\n"
        "    child = subprocess.Popen(['sleep', '600'])\n"
        "    print(ours, child.pid, flush=True)\n"
        "    child.wait()"
    )
    left = temporary / "meshbench-bare-0a1b2c3d-left"
    left.mkdir()
    with running(owner, str(left)) as process:
        assert process.stdout is not None
        ours, child = process.stdout.readline().decode().split()
        assert ours == "True"
        assert remove_left() == []
        process.kill()
        process.wait()
        assert remove_left() == [f"bare server {left}"]
        os.kill(int(child), signal.SIGKILL)


def test_a_link_or_a_strangers_folder_is_never_followed(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (temporary / "precious").mkdir()
    (temporary / "meshbench-bare-link").symlink_to(temporary / "precious")
    (temporary / "meshbench-bare-file").write_text("")
    assert remove_left() == []
    (temporary / "meshbench-bare-theirs").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 1000 + os.getuid())
    assert remove_left() == []
    assert (temporary / "precious").exists()
    assert (temporary / "meshbench-bare-theirs").exists()


@pytest.mark.slow
@needs_root
def test_a_bare_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    owner = (
        "import os, resource, sys; from pathlib import Path; from scenarios.capacity import bare\n"
        "log = open(sys.argv[1], 'wb'); limits = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "started = bare._start(Path('/'), ['sleep', '600'], dict(os.environ), log=log, open_files=limits)\n"
        "while not bare._children(started.pid): pass\n"
        "print(*bare._children(started.pid), flush=True); started.wait()"
    )
    with running(owner, str(tmp_path / "log")) as process:
        assert process.stdout is not None
        server = Path("/proc") / process.stdout.readline().decode().strip()
        assert server.exists()
        process.kill()
        process.wait()
        wait_until("the server has ended", lambda: not server.exists(), timeout_s=20)
