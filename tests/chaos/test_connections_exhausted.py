"""connections-exhausted on a server that is not there: it takes all connections, and heal kills exactly those."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Self, cast

import pymysql
import pytest

from chaos.fault import Context, Victim
from chaos.resource import connections_exhausted
from chaos.resource.connections_exhausted import ConnectionsExhausted, Exhausted
from cluster.agent import agent
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.mysqld import mysqld
from cluster.mysqld.mysqld import Credentials
from cluster.platform.fake import FakePod


class Server:
    """Lets ``most`` sessions in, and root once more. full: the number of its error where it is full."""

    def __init__(self, most: int = 20, *, full: int = 1040) -> None:
        self.users: dict[int, str] = {1: "meshbench_app", 2: "meshbench_app"}
        self.most, self.full, self.last = most, full, 2

    def connect(self, _: str, *, user: str, password: str, timeout_s: float) -> Session:
        del password, timeout_s
        if len(self.users) >= self.most + (user == "root"):
            raise pymysql.OperationalError(self.full, "Too many connections")
        self.last += 1
        self.users[self.last] = user
        return Session(self, self.last)


class Session:
    """And its own cursor."""

    def __init__(self, server: Server, number: int) -> None:
        self._server, self._number = server, number
        self._rows: list[tuple[int]] = []

    def close(self) -> None:
        self._server.users.pop(self._number, None)

    def cursor(self) -> Cursor:
        return Cursor(self._server)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Cursor(Session):
    def __init__(self, server: Server) -> None:
        super().__init__(server, 0)

    def execute(self, statement: str, values: tuple[str, ...] = ()) -> None:
        users = self._server.users
        if statement.startswith("KILL"):
            if users.pop(int(statement.split()[1]), None) is None:
                raise pymysql.OperationalError(1094, "Unknown thread id")
            return
        self._rows = [(number,) for number, user in users.items() if user == values[0]]

    def fetchall(self) -> list[tuple[int]]:
        return self._rows


def on(server: Server, monkeypatch: pytest.MonkeyPatch) -> Exhausted:
    monkeypatch.setattr(mysqld, "connect", server.connect)
    monkeypatch.setattr(agent, "greets", lambda *_, **__: True)

    def as_root(_: str, *, timeout_s: float) -> Session:
        return server.connect("", user="root", password="", timeout_s=timeout_s)

    cluster = SimpleNamespace(
        pods={"node1": FakePod()}, hosts={"node1": "127.0.0.1"}, credentials=Credentials(), connect=as_root
    )
    return ConnectionsExhausted().on(Victim(pod="node1"), Context(cluster=cast(Cluster, cluster)))


def test_all_connections_are_taken_and_heal_kills_exactly_those_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    fault = on(server, monkeypatch)
    assert not fault.effect().ok
    fault.inject()
    assert fault.effect().seen == {"refused_with": 1040, "sessions": 18, "greets": True}
    assert fault.effect().ok
    assert not fault.residue().ok
    on(server, monkeypatch).heal()  # another, which has opened none of them
    assert set(server.users.values()) == {"meshbench_app"}
    fault.heal()
    assert fault.residue().ok
    assert not fault.effect().ok


def test_connections_that_others_have_taken_are_not_this_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not on(Server(most=2), monkeypatch).effect().ok


def test_a_refusal_for_another_reason_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HarnessError, match="node1: session 19 was refused with error 1226"):
        on(Server(full=1226), monkeypatch).inject()


def test_a_server_that_never_is_full_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_exhausted, "FILL_TIMEOUT_S", 0.0)
    with pytest.raises(HarnessError, match="sessions after 0 s, and it still lets more in"):
        on(Server(most=100_000), monkeypatch).inject()


def test_a_server_that_is_gone_has_nothing_to_heal(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    fault = on(server, monkeypatch)
    monkeypatch.setattr(agent, "greets", lambda *_, **__: False)
    server.most = 0
    fault.heal()
    assert not fault.sessions
