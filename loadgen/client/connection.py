"""Connects to MySQL and finds the writable server among several; nothing here runs a workload.

One endpoint is a proxy that has found the primary already. Several are direct mode: the client asks each, from the
last good one on, and leaves out those that are read-only.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pymysql
from pymysql.constants import CR

from cluster.session import (
    CHARACTER_SET,
    COLLATION,
    ER_SECURE_TRANSPORT_REQUIRED,
    encryption,
    statement,
    tls_context,
)
from loadgen.config import LoadConfig
from loadgen.errors import in_words
from loadgen.outcome import WIRE_ERRORS, errno_of
from loadgen.wire.session import Session
from loadgen.wire.transport import BlockingTransport, MakeTransport
from loadgen.wire.wire import CAPABILITIES, SEVERAL_STATEMENTS, Wire
from loadgen.workload import Port

WHO_ARE_YOU = "SELECT @@report_host, @@hostname, @@global.read_only OR @@global.super_read_only"


def settings(isolation: str) -> dict[str, str | int]:
    """What a session of the load sets for itself, because the transactions of a workload mean something else without
    it; all else is as the server's options have it for any application. isolation: one of config.ISOLATION_LEVELS."""
    return {
        "transaction_isolation": isolation.upper(),
        "autocommit": 1,
        "completion_type": "NO_CHAIN",
        "transaction_read_only": 0,
        "session_track_gtids": "OWN_GTID",  # the answer to a commit then carries its GTID
    }


class NoServerError(Exception):
    """No endpoint took the connection. errno: MySQL error number of the last failure, or None."""

    def __init__(self, message: str, *, errno: int | None) -> None:
        super().__init__(message)
        self.errno = errno


class Connector:
    """Opens sessions for all clients of one worker. opened: how many it has.

    port ``write`` leads to the writable server. ``read`` leads to any: where there are several to choose from, each
    session begins at another one.
    """

    def __init__(
        self, config: LoadConfig, *, port: Port = "write", make_transport: MakeTransport = BlockingTransport
    ) -> None:
        self._config = config
        self._make_transport = make_transport
        self._writes = port == "write"
        self._endpoints = config.endpoints if self._writes else config.read_endpoints or config.endpoints
        self._last_good = 0
        self._tls = config.tls == "required"
        self.opened = 0

    def connect(self) -> Session:
        """Try every endpoint once. Raises NoServerError."""
        endpoints = self._endpoints
        first = self._last_good if self._writes else self.opened
        failures: list[str] = []
        errno = None
        for step in range(len(endpoints)):
            index = (first + step) % len(endpoints)
            host, port = endpoints[index]
            try:
                session, read_only = self._admitted(host, port)
            except WIRE_ERRORS as error:
                errno = errno_of(error)
                failures.append(f"{host}:{port}: {in_words(error)}")
                continue
            if read_only and self._writes and len(endpoints) > 1:
                session.close()
                failures.append(f"{host}:{port}: read-only")
                continue
            self._last_good = index
            self.opened += 1
            return session
        raise NoServerError("; ".join(failures), errno=errno)

    def _admitted(self, host: str, port: int) -> tuple[Session, bool]:
        """With TLS where this server demands it, unless it is not to be."""
        try:
            return self._open(host, port)
        except pymysql.MySQLError as error:
            if errno_of(error) != ER_SECURE_TRANSPORT_REQUIRED or self._config.tls != "auto" or self._tls:
                raise
            self._tls = True
            return self._open(host, port)

    def _open(self, host: str, port: int) -> tuple[Session, bool]:
        config = self._config
        connection: Any = pymysql.Connection(
            host=host,
            port=port,
            user=config.user,
            password=config.password,
            database=config.database,
            charset=CHARACTER_SET,
            collation=COLLATION,
            autocommit=None,  # it is among the settings
            client_flag=CAPABILITIES | (SEVERAL_STATEMENTS if config.batch else 0),
            init_command=statement(settings(config.workload.isolation)),
            connect_timeout=config.connect_timeout_s,
            read_timeout=config.statement_timeout_s,
            write_timeout=config.statement_timeout_s,
            defer_connect=True,
            **encryption(tls_context() if self._tls else None),
        )
        sock = _greeted_socket(host, port, timeout_s=config.connect_timeout_s)
        connection.connect(sock)
        sock = connection._sock  # with TLS another one, around the first
        # What is encrypted comes in records, which only the library under Python's own sockets can take apart.
        make = BlockingTransport if self._tls else self._make_transport
        transport = make(sock, config.statement_timeout_s)
        wire = Wire(transport)

        def hang_up() -> None:
            transport.close()
            if not wire.in_step:
                # Nobody listens: a farewell could block. PyMySQL's then fails at once, and it closes.
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            if connection.open:
                connection.close()

        session = Session(wire, server=None, hang_up=hang_up, batch=config.batch)
        try:
            ((report_host, hostname, read_only),) = session.fetch(WHO_ARE_YOU)
        except WIRE_ERRORS:
            session.close()
            raise
        session.server = report_host or hostname
        return session, bool(read_only)


def _greeted_socket(host: str, port: int, *, timeout_s: float) -> socket.socket:
    """A connected socket on which the server has begun to speak.

    A paused mysqld, or a proxy without a backend, still accepts. MySQL speaks first, so a peek at the greeting under
    the connect timeout, as libmysqlclient does, tells; PyMySQL would wait for it as long as for a statement.
    """
    try:
        sock = socket.create_connection((host, port), timeout_s)
    except OSError as error:
        raise pymysql.OperationalError(CR.CR_CONN_HOST_ERROR, f"cannot connect ({error})") from error
    try:
        greeting = sock.recv(1, socket.MSG_PEEK)
    except OSError as error:
        sock.close()
        raise pymysql.OperationalError(CR.CR_SERVER_LOST, f"no greeting ({error})") from error
    if not greeting:
        sock.close()
        raise pymysql.OperationalError(CR.CR_SERVER_LOST, "closed before the greeting")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
