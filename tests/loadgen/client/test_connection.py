"""Connecting: dead and mute servers fail with a number and in time; direct mode finds the writable one."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster.session import connect
from loadgen.client.connection import Connector, NoServerError
from loadgen.config import LoadConfig
from loadgen.worker.warmup import database_problem
from loadgen.workloads.registry import create
from mesh.modes.tls import Authority

Build = Callable[..., LoadConfig]


def unused_endpoint() -> tuple[str, int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    return host, port


def test_a_session_knows_its_server(load_config: Build, start_mysql: Any) -> None:
    server = start_mysql()
    connector = Connector(load_config(endpoints=(server.endpoint,)))
    session = connector.connect()
    assert (session.server, connector.opened) == ("fake", 1)
    session.close()


def test_a_refused_connection_is_2003(load_config: Build) -> None:
    with pytest.raises(NoServerError) as failure:
        Connector(load_config(endpoints=(unused_endpoint(),))).connect()
    assert failure.value.errno == 2003


def test_a_mute_server_is_2013_within_the_connect_timeout(load_config: Build) -> None:
    """A paused mysqld accepts (the kernel does) and never greets."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.monotonic()
        with pytest.raises(NoServerError) as failure:
            Connector(load_config(endpoints=(mute.getsockname(),), connect_timeout_s=0.1)).connect()
    assert failure.value.errno == 2013
    assert time.monotonic() - began < 2


def test_direct_mode_skips_dead_and_read_only_servers(load_config: Build, start_mysql: Any) -> None:
    replica, primary = start_mysql(), start_mysql()
    replica.name, replica.read_only = "replica", True
    primary.name = "primary"
    connector = Connector(load_config(endpoints=(unused_endpoint(), replica.endpoint, primary.endpoint)))
    for _ in range(2):
        session = connector.connect()
        assert session.server == "primary"
        session.close()
    # The second connect began at the last good endpoint.
    assert (replica.connections, primary.connections) == (1, 2)

    primary.read_only, replica.read_only = True, False
    session = connector.connect()
    assert session.server == "replica"
    session.close()


def test_direct_mode_without_a_writable_server(load_config: Build, start_mysql: Any) -> None:
    servers = [start_mysql() for _ in range(2)]
    for server in servers:
        server.read_only = True
    with pytest.raises(NoServerError, match=r"read-only.*read-only"):
        Connector(load_config(endpoints=tuple(server.endpoint for server in servers))).connect()


def test_a_proxy_is_asked_for_its_server_even_when_that_is_read_only(load_config: Build, start_mysql: Any) -> None:
    server = start_mysql()
    server.read_only = True
    session = Connector(load_config(endpoints=(server.endpoint,))).connect()
    assert session.server == "fake"
    session.close()


def problem(config: LoadConfig) -> str | None:
    return database_problem(config, create(config.workload), timeout_s=0.3)


def test_a_good_database_has_no_problem(load_config: Build, start_mysql: Any) -> None:
    assert problem(load_config(endpoints=(start_mysql().endpoint,))) is None


def test_a_database_of_another_size_is_a_problem(load_config: Build, start_mysql: Any) -> None:
    config = load_config(endpoints=(start_mysql().endpoint,), accounts=77)
    assert problem(config) == "table accounts has 100 rows, expected 77; was the workload set up?"


def test_a_refused_login_ends_the_warm_up_at_once(load_config: Build, start_mysql: Any) -> None:
    server = start_mysql()
    server.greeting_errno = 1045
    assert "1045" in (problem(load_config(endpoints=(server.endpoint,))) or "")
    assert server.connections == 1


@pytest.mark.slow
def test_a_dead_server_ends_the_warm_up_in_time(load_config: Build) -> None:
    assert "cannot connect" in (problem(load_config(endpoints=(unused_endpoint(),))) or "")


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's side, with a certificate that no client knows."""
    identity = Authority("test").issue("node1", "server")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(identity.certificate)
    key.write_bytes(identity.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_tls_is_spoken_where_the_server_demands_it(load_config: Build, start_mysql: Any, tls: ssl.SSLContext) -> None:
    server = start_mysql()
    server.tls = tls
    connector = Connector(load_config(endpoints=(server.endpoint,)))
    for _ in range(3):
        session = connector.connect()
        assert session.fetch("SELECT balance FROM accounts WHERE id = %s", (1,)) == ((5,),)
        session.close()
    assert (server.connections, server.encrypted) == (4, 3), "it was asked without TLS once"


@pytest.mark.parametrize(("mode", "demanded", "errno", "encrypted"), [
    ("auto", False, None, 0),
    ("disabled", False, None, 0),
    ("required", True, None, 1),
    ("disabled", True, 3159, 0),
])  # fmt: skip
def test_tls_is_required_or_disabled_as_asked(
    load_config: Build,
    start_mysql: Any,
    tls: ssl.SSLContext,
    mode: str,
    demanded: bool,
    errno: int | None,
    encrypted: int,
) -> None:
    server = start_mysql()
    server.tls = tls if demanded else None
    connector = Connector(load_config(endpoints=(server.endpoint,), tls=mode))
    try:
        connector.connect().close()
        found = None
    except NoServerError as error:
        found = error.errno
    assert (found, server.encrypted, server.connections) == (errno, encrypted, 1)


def test_sessions_of_ours_speak_tls_where_the_server_demands_it(start_mysql: Any, tls: ssl.SSLContext) -> None:
    server = start_mysql()
    server.tls = tls
    host, port = server.endpoint
    for _ in range(2):
        connect(host=host, port=port, user="watch", password="secret", timeout_s=5).close()
    assert (server.connections, server.encrypted) == (3, 2), "one that has said so is spoken to in TLS at once"
