"""file-descriptors on a mysqld that is not there: its soft limit goes down and up, and what gave up is started."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaos.fault import Context, Injection, Victim
from chaos.resource.file_descriptors import FileDescriptors
from cluster.agent import agent
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.keys import MistakesError
from cluster.platform.fake import FakePlatform, FakePod, FakeProcess
from cluster.platform.platform import exited

OPEN, HARD = 32, 20_000


class Server:
    """A mysqld and the container beside it, which is asked and told by scripts. code: what those end with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.soft, self.code = HARD, 0
        self.mysqld = FakeProcess()
        self.pod = FakePod(containers={"mysqld": self.mysqld}, cast=lambda *_: Beside(self))
        monkeypatch.setattr(agent, "greets", lambda *_, **__: self.runs() and self.soft > OPEN)

    def runs(self) -> bool:
        return self.mysqld.state().word == "running"

    def give_up(self) -> None:
        self.mysqld.states = [exited(3)]
        self.mysqld._script([exited(3)])
        self.mysqld.output = b"Error number 24 means 'Too many open files'\nCannot continue operation.\n"
        self.soft, self.code = HARD, 126  # nobody can be asked in its namespace, and its next start has its own limits

    def on(self) -> Injection[Any]:
        cluster = SimpleNamespace(pods={"node1": self.pod}, guests={}, platform=FakePlatform())
        return FileDescriptors().on(Victim(pod="node1"), Context(cluster=cast(Cluster, cluster)))


class Beside(FakeProcess):
    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def exec(self, *command: str, user: str | None = None) -> tuple[int, bytes]:
        del user
        server, script = self._server, command[-1]
        if server.code == 0 and "$((next + 0))" in script:
            server.soft = OPEN
        elif server.code == 0 and '--nofile="$hard:"' in script:
            server.soft = HARD
        return server.code, f"{server.soft} {HARD} {OPEN}\n".encode() if script.endswith('$next"') else b""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_the_soft_limit_comes_down_to_what_is_open_and_another_injection_raises_it(server: Server) -> None:
    fault = server.on()
    assert not fault.effect().ok
    fault.inject()
    assert fault.effect().ok
    assert fault.effect().seen == {
        "soft_limit": OPEN, "hard_limit": HARD, "next_file": OPEN, "lowered": True, "answers": False,
    }  # fmt: skip
    assert not fault.residue().ok
    server.on().heal()
    fault.heal()
    assert server.soft == HARD
    assert fault.residue().ok
    assert server.pod.containers["files"].state().word == "exited"
    assert not fault.effect().ok


def test_a_mysqld_that_gave_up_for_want_of_a_file_has_been_bitten_and_is_started_again(server: Server) -> None:
    fault = server.on()
    fault.inject()
    server.give_up()
    assert fault.effect().ok
    assert fault.effect().seen["exit_code"] == 3
    fault.heal()
    server.code = 0
    assert fault.residue().ok


def test_a_mysqld_that_was_killed_by_another_has_not(server: Server) -> None:
    fault = server.on()
    fault.inject()
    server.mysqld.kill()
    assert not fault.effect().ok


def test_a_limit_that_cannot_be_raised_ends_the_run(server: Server) -> None:
    fault = server.on()
    fault.inject()
    server.code = 1
    with pytest.raises(HarnessError, match="node1: the limit of open files could not be looked at or set: exit code 1"):
        fault.heal()


def test_values_beyond_their_bounds_are_refused() -> None:
    with pytest.raises(MistakesError, match="left: expected a whole number, 0 to 10,000"):
        FileDescriptors.read({"left": -1})
