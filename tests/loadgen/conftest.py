"""A server that speaks just enough of MySQL's protocol for one workload, so that PyMySQL, Locust and the whole load
worker run for real without a database. It keeps no data: every account is rich and every statement succeeds. Beside it
the driver alone, without any server, on a clock of its own.
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loadgen.config import LoadConfig, WorkloadConfig
from tests.loadgen.driven import OpenLoop

LONGLONG, VAR_STRING = 8, 253
EOF = b"\xfe\x00\x00\x02\x00"
ACCOUNTS = 100
SSL_REQUEST_SIZE = 32


def _length_coded(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def _column(value: object) -> bytes:
    kind = LONGLONG if isinstance(value, int) else VAR_STRING
    return b"\x03def" + b"\x00" * 3 + b"\x01c\x00" + b"\x0c" + struct.pack("<HIBHB", 45, 255, kind, 0, 0) + b"\x00\x00"


class _Session(socketserver.BaseRequestHandler):
    server: FakeMysql

    def handle(self) -> None:
        self.server.connections += 1
        if self.server.greeting_errno and self.server.connections > self.server.takes:
            self._send([b"\xff" + struct.pack("<H", self.server.greeting_errno) + b"refused"], first=0)
            return
        capabilities = 0x0008 | 0x0200 | 0x2000 | 0x8000 | 0x80000 | (0x0800 if self.server.tls else 0)
        greeting = b"\x0a8.0.0-fake\x00" + struct.pack("<I", 1) + b"12345678\x00"
        greeting += struct.pack("<HBHHB", capabilities & 0xFFFF, 45, 2, capabilities >> 16, 21) + b"\x00" * 10
        self._send([greeting + b"901234567890\x00mysql_native_password\x00"], first=0)
        encrypted = self._is_tls_begun(self._receive())
        if self.server.tls and not encrypted:
            self._send([b"\xff" + struct.pack("<H", 3159) + b"#HY000insecure transport"], first=2)
            return
        self._send([self._ok(0)], first=2 + encrypted)
        self.server.sessions.append(self)
        while (command := self._receive()) and command[0] == 3 and not self.server.cut_at(sql := command[1:].decode()):
            self.server.statements.append(sql)
            if self.server.bids_farewell_at(sql):
                self.bid_farewell()
                return
            self._answer(sql)

    def _is_tls_begun(self, answer: bytes) -> bool:
        """Whether the client asked for TLS, which is then spoken, instead of logging in."""
        if len(answer) != SSL_REQUEST_SIZE or self.server.tls is None:
            return False
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.server.encrypted += 1
        self._receive()
        return True

    def finish(self) -> None:
        self.request.close()  # with TLS not the socket that the server closes by itself

    def bid_farewell(self) -> None:
        """As MySQL does when a session has been idle for wait_timeout: error 4031 as packet 0, then the end."""
        self._send([b"\xff" + struct.pack("<H", 4031) + b"#HY000idle for too long"], first=0)
        self.request.shutdown(socket.SHUT_RDWR)

    def _answer(self, sql: str) -> None:
        rows = self._rows(sql)
        if rows is None:
            affected = 2 if sql.startswith("INSERT INTO entries") else int(sql.startswith(("UPDATE", "INSERT")))
            self._send([self._ok(affected)], first=1)
            return
        columns = [_column(value) for value in (rows[0] if rows else (0,))]
        texts = [b"".join(_length_coded(str(value).encode()) for value in row) for row in rows]
        self._send([bytes([len(columns)]), *columns, EOF, *texts, EOF], first=1)

    def _rows(self, sql: str) -> list[tuple[Any, ...]] | None:
        if sql.startswith("SELECT @@report_host"):
            return [(self.server.name, "host", int(self.server.read_only))]
        if sql.startswith("SELECT COUNT(*)"):
            return [(self.server.accounts,)]
        if found := re.search(r"IN \((\d+), (\d+)\)", sql):
            return [(int(number), 10**12) for number in sorted(found.groups(), key=int)]
        if sql.startswith("SELECT balance"):
            return [(5,)]
        return [] if sql.startswith("SELECT") else None

    @staticmethod
    def _ok(affected: int) -> bytes:
        return bytes([0, affected, 0, 2, 0, 0, 0])

    def _send(self, payloads: list[bytes], *, first: int) -> None:
        packets = [
            struct.pack("<I", len(payload))[:3] + bytes([(first + number) % 256]) + payload
            for number, payload in enumerate(payloads)
        ]
        self.request.sendall(b"".join(packets))

    def _receive(self) -> bytes:
        header = self._exactly(4)
        return self._exactly(int.from_bytes(header[:3], "little")) if header else b""

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                chunk = self.request.recv(size - len(data))
            except ConnectionResetError:  # the client was killed
                return b""
            if not chunk:
                return b""
            data += chunk
        return data


class FakeMysql(socketserver.ThreadingTCPServer):
    """cut_at: whether to close the connection instead of answering a statement; bids_farewell_at: whether the session
    had ended for idleness when the statement came. greeting_errno: refuse every login, or every one after so many as it
    takes. tls: lets nobody in without; encrypted: how many spoke it. statements: all that were answered, in order;
    sessions: all that there were."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.name = "fake"
        self.accounts = ACCOUNTS
        self.read_only = False
        self.greeting_errno = 0
        self.takes = 0
        self.tls: ssl.SSLContext | None = None
        self.encrypted = 0
        self.connections = 0
        self.cut_at: Callable[[str], bool] = lambda _: False
        self.bids_farewell_at: Callable[[str], bool] = lambda _: False
        self.statements: list[str] = []
        self.sessions: list[_Session] = []

    @property
    def endpoint(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return host, port


@pytest.fixture
def start_mysql() -> Iterator[Callable[[], FakeMysql]]:
    servers: list[FakeMysql] = []

    def start() -> FakeMysql:
        server = FakeMysql()
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def load_config(tmp_path: Path) -> Callable[..., LoadConfig]:
    """A small configuration; keywords override its keys, ``read_share`` and ``accounts`` those of the workload."""

    def build(*, read_share: float = 0.2, accounts: int = ACCOUNTS, **keys: Any) -> LoadConfig:
        options = {"accounts": accounts, "read_share": read_share, "opening": 1000}
        workload = WorkloadConfig(name="transfer", isolation="repeatable-read", options=options)
        defaults: dict[str, Any] = {
            "endpoints": (("127.0.0.1", 1),),
            "user": "app",
            "password": "",
            "database": "ledger",
            "workload": workload,
            "model": "poisson",
            "rate": 200,
            "duration_s": 1.0,
            "connections": 4,
            "seed": 7,
            "out_dir": str(tmp_path),
            "connect_timeout_s": 0.2,
        }
        return LoadConfig(**defaults | keys)

    return build


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLoop]:
    """Runs loads on the virtual clock."""
    open_loop = OpenLoop(tmp_path_factory.mktemp("open_loop"))
    yield open_loop
    open_loop.close()


@pytest.fixture
def read_events() -> Callable[[str], dict[str, list[dict[str, Any]]]]:
    """Standard output of a worker -> event name -> its events; every line must be one."""

    def read(stdout: str) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for line in stdout.splitlines():
            event = json.loads(line)
            found.setdefault(event["event"], []).append(event)
        return found

    return read
