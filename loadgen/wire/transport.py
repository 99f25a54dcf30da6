"""What a wire needs of a socket, and the plain one: it blocks, for tests and for whoever has a thread to spare.

Load workers use `loadgen.wire.gevent_transport`, which waits in gevent's hub.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Protocol

#: Most bytes of one read: far above any answer but a large result.
READ_SIZE = 65_536


class Transport(Protocol):
    """A connected socket that is somebody else's to close. Both verbs raise OSError, of which TimeoutError is one."""

    def send(self, data: bytes) -> None:
        """Send all of it."""

    def receive(self) -> bytes:
        """Wait for bytes and return what there is; empty when the other side has closed."""

    def ended(self) -> bool:
        """Whether the other side has closed, or spoken unasked, while nothing was to be answered. Never waits."""

    def close(self) -> None:
        """Let go of the socket, before it is closed."""


#: Makes a transport of a connected socket; timeout_s is for one wait.
MakeTransport = Callable[[socket.socket, float], Transport]


class BlockingTransport:
    """Implements Transport."""

    def __init__(self, sock: socket.socket, timeout_s: float) -> None:
        sock.settimeout(timeout_s)
        self._sock = sock
        self._heard = select.poll()
        self._heard.register(sock, select.POLLIN)

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def receive(self) -> bytes:
        return self._sock.recv(READ_SIZE)

    def ended(self) -> bool:
        return bool(self._heard.poll(0))

    def close(self) -> None:
        """Nothing of the socket is held."""
