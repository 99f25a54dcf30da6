"""``make images``: what is there is left alone and not mentioned; whatever goes wrong is one line and a code."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field

import pytest

from cluster.errors import ConfigurationError, EngineRefusedError, HarnessError
from cluster.platform import docker_engine, images, setup


@dataclass
class FakeImage:
    """An image that is there or is built, which may go wrong."""

    tag: str
    present: bool = False
    trouble: Exception | None = None
    built: list[str] = field(default_factory=list)

    def build(self, tag: str) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.built.append(tag)


class Machine:
    """What the set-up did to it; trouble: what its engine answers with until it is started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, trouble: Exception | None = None) -> None:
        self.done: list[str] = []
        self.programs = {"dockerd", "iptables"}
        self.may_install = True

        def client() -> object:
            if trouble is not None:
                raise trouble
            return object()

        monkeypatch.setattr(docker_engine, "client", client)
        monkeypatch.setattr(docker_engine, "can_install", lambda: self.may_install)
        monkeypatch.setattr(docker_engine, "apt_install", lambda *names: self.done.append(f"install {' '.join(names)}"))
        monkeypatch.setattr(docker_engine, "start_dockerd", lambda: self.done.append("start"))
        monkeypatch.setattr(shutil, "which", lambda name: name if name in self.programs else None)
        monkeypatch.setattr(images, "ALL", ())


NO_ENGINE = docker_engine.NoEngineError("no Docker Engine answers at unix:///var/run/docker.sock")


def test_what_is_there_is_not_built_again_and_not_mentioned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine, there = Machine(monkeypatch), FakeImage("meshbench/base:1", present=True)
    monkeypatch.setattr(images, "ALL", (there,))
    assert setup.main() == 0
    assert (machine.done, there.built) == ([], [])
    assert capsys.readouterr() == ("", "")


def test_images_that_are_missing_are_built_in_order_each_shown_while_it_is_built_and_when_it_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Machine(monkeypatch)
    order: list[str] = []
    base, mysql = (FakeImage(f"meshbench/{name}:1", built=order) for name in ("base", "mysql"))
    monkeypatch.setattr(images, "ALL", (base, FakeImage("meshbench/envoy:1", present=True, built=order), mysql))
    assert setup.main() == 0
    assert order == ["meshbench/base:1", "meshbench/mysql:1"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[set-up] build image meshbench/base:1 …"
    assert lines[1].startswith("[set-up] build image meshbench/base:1: done in ")
    assert [line.split()[3].rstrip(":") for line in lines] == [tag for tag in order for _ in range(2)]


def test_an_engine_that_is_not_there_is_started_and_installed_only_where_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(monkeypatch, trouble=NO_ENGINE)
    assert (setup.main(), machine.done) == (0, ["start"])
    for missing in ("dockerd", "iptables"):
        machine.done.clear()
        machine.programs = {"dockerd", "iptables"} - {missing}
        assert (setup.main(), machine.done) == (0, ["install docker.io iptables", "start"])


def test_where_nothing_may_be_installed_a_missing_engine_is_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(monkeypatch, trouble=NO_ENGINE)
    machine.may_install = False
    assert setup.main() == 2
    assert machine.done == []
    assert capsys.readouterr().err == f"[set-up] cannot go on: {NO_ENGINE}\n"


def test_an_engine_that_was_configured_and_does_not_answer_is_never_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(monkeypatch, trouble=ConfigurationError("no Docker Engine answers at tcp://db7:2376"))
    assert (setup.main(), machine.done) == (2, [])
    assert capsys.readouterr().err == "[set-up] cannot go on: no Docker Engine answers at tcp://db7:2376\n"


def test_a_dockerd_that_ends_at_once_is_4_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Machine(monkeypatch, trouble=NO_ENGINE)

    def ends() -> None:
        raise HarnessError("dockerd ended with code 1; its log is /var/log/x.log")

    monkeypatch.setattr(docker_engine, "start_dockerd", ends)
    assert setup.main() == 4
    assert capsys.readouterr().err == "[set-up] cannot go on: dockerd ended with code 1; its log is /var/log/x.log\n"


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (HarnessError("building meshbench/base:1 failed: it printed: E: no such package"), 4),
        (EngineRefusedError("500 Server Error: no space left on device"), 4),
        (ConfigurationError("missing on this machine: mmdebstrap"), 2),
    ],
)
def test_an_image_that_cannot_be_built_is_one_line_and_no_later_one_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: Exception, code: int
) -> None:
    Machine(monkeypatch)
    later = FakeImage("meshbench/mysql:1")
    monkeypatch.setattr(images, "ALL", (FakeImage("meshbench/base:1", trouble=trouble), later))
    assert setup.main() == code
    assert later.built == []
    out, err = capsys.readouterr()
    assert out == "[set-up] build image meshbench/base:1 …\n"
    assert err == f"[set-up] cannot go on: {trouble}\n"
