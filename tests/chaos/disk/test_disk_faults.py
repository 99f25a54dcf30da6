"""Disk faults without a disk: their keys, what their nodes are started with, and what a dead container tells."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import cast

import pytest

from chaos.applicability import misfit
from chaos.disk.file_systems import DISK, MOUNTS, SIZES, parts, run, tried
from chaos.disk.full import DiskFull
from chaos.disk.io_errors import IoErrors
from chaos.disk.read_only import DiskReadonly
from chaos.disk.slow import DiskSlow
from chaos.fault import Context, Setting, Victim
from chaos.registry import FAULTS
from chaos.timeline import PlannedFault
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.keys import MistakesError
from cluster.platform.fake import FakePlatform, FakePod, FakeProcess
from cluster.platform.platform import exited

OF_A_DISK = [name for name, fault in FAULTS.items() if DISK in fault.extras]


def with_mysqld(process: FakeProcess, *, host: str = "") -> Cluster:
    """host: what every script on the engine's host prints."""
    pods, platform = {"node1": FakePod(containers={"mysqld": process})}, FakePlatform(host=lambda _: (0, host))
    return cast(Cluster, SimpleNamespace(pods=pods, guests={}, platform=platform))


def test_every_file_system_has_a_place_and_a_size() -> None:
    assert list(MOUNTS) == list(SIZES) == ["data", "binlog", "tmp"]
    assert parts("all") == tuple(MOUNTS)
    assert parts("binlog") == ("binlog",)


def test_a_file_system_that_a_node_does_not_have_is_refused() -> None:
    with pytest.raises(MistakesError, match="of: expected one of data, binlog, tmp, all, got 'redo'"):
        DiskFull.read({"of": "redo"})


@pytest.mark.parametrize("keys", [{"writes": "1kbps"}, {"reads": "1gbps"}, {"operations": 0}, {"writes": "-1mbps"}])
def test_a_disk_slower_or_faster_than_could_be_measured_is_refused(keys: dict[str, object]) -> None:
    with pytest.raises(MistakesError, match=next(iter(keys))):
        DiskSlow.read(keys)


def test_a_slow_disk_without_a_limit_is_refused() -> None:
    setting = Setting(kind="async", pods=3, mesh="gateway")
    mistake = DiskSlow.read({}).misfit("primary", setting)
    assert mistake is not None
    assert mistake.words == "give writes, reads, operations, or one of them"
    assert DiskSlow.read({"writes": "1mbps"}).misfit("primary", setting) is None


@pytest.mark.parametrize(
    "told", ["7:1 1000000\n7:2 1000000\n", "7:1 rbps=max wbps=1000000 riops=max wiops=max\n7:2 wiops=5\n"]
)
def test_limits_of_both_versions_of_cgroups_are_seen(told: str) -> None:
    cluster = with_mysqld(FakeProcess(), host=told)
    injection = DiskSlow.read({"writes": "1mbps"}).on(Victim(pod="node1"), Context(cluster=cluster))
    assert injection._limited() == {"7:1", "7:2"}


@pytest.mark.parametrize("told", ["", "7:1 rbps=max wbps=max riops=max wiops=max\n"])
def test_a_limit_that_was_taken_away_is_none(told: str) -> None:
    cluster = with_mysqld(FakeProcess(), host=told)
    assert DiskSlow.read({"reads": "1mbps"}).on(Victim(pod="node1"), Context(cluster=cluster))._limited() == set()


@pytest.mark.parametrize("name", OF_A_DISK)
def test_a_proxy_has_no_such_disk(name: str) -> None:
    fault = FAULTS[name].read(FAULTS[name].example)
    step = PlannedFault(fault=fault, target="proxy", at_s=1.0)
    mistake = misfit(step, Setting(kind="async", pods=3, mesh="gateway"))
    assert mistake is not None
    assert mistake.words.startswith(f"{name} cannot have target proxy; it can: ")


@pytest.mark.parametrize("script", [DISK.probe, DISK.before, DISK.made_by])
def test_what_a_container_is_to_run_is_a_script(script: str) -> None:
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


def test_a_tool_that_an_image_lacks_is_named() -> None:
    probe = DISK.probe.replace("id -u", "echo 0").replace("fallocate", "fallocate-of-nobody")
    done = subprocess.run(["sh", "-c", probe], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "it has no fallocate-of-nobody\n")


def test_a_script_beside_a_mysqld_that_is_gone_fails() -> None:
    cluster = with_mysqld(FakeProcess(states=[exited(137)]))
    assert not tried(cluster, "node1", "true").ok
    with pytest.raises(HarnessError, match="node1: a script beside mysqld ended with 127"):
        run(cluster, "node1", "true")


@pytest.mark.parametrize(
    ("log", "refused"),
    [
        (b"starting as process 1\nOS errno 30 - Read-only file system\n", True),
        (b"OS errno 30 - Read-only file system\nstarting as process 1\nReceived SIGTERM\n", False),
    ],
)
def test_a_mysqld_that_has_ended_tells_how_its_disk_failed(log: bytes, refused: bool) -> None:
    cluster = with_mysqld(FakeProcess(states=[exited(2)], output=log))
    injection = DiskReadonly().on(Victim(pod="node1"), Context(cluster=cluster))
    assert injection.effect().ok is refused
    assert not IoErrors().on(Victim(pod="node1"), Context(cluster=cluster)).effect().ok, "that is another error"
