"""The transport of a load worker: a greenlet that waits for an answer waits in gevent's hub, at the least cost.

gevent's own sockets first try to read, which fails every time for an answer that is still to come, and arm a timer for
every wait. Here a read waits first, and one slow timer a connection looks for answers that are overdue.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.socket import wait_write  # type: ignore[import-untyped]

from loadgen.transport import READ_SIZE

#: libev's event.
READ = 1
#: An overdue answer is given up at most this share of the timeout late.
TIMEOUT_SLACK = 0.05


class HubTransport:
    """Implements Transport, for one greenlet at a time. sock: gevent's, hence non-blocking underneath."""

    def __init__(self, sock: socket.socket, timeout_s: float) -> None:
        self._fd = sock.fileno()
        self._timeout_s = timeout_s
        self._hub = gevent.get_hub()
        self._readable = self._hub.loop.io(self._fd, READ)
        self._waiting: Any = None
        self._since_s = 0.0
        self._watch = self._hub.loop.timer(timeout_s * TIMEOUT_SLACK, timeout_s * TIMEOUT_SLACK, ref=False)
        self._watch.start(self._give_up_if_overdue)

    def send(self, data: bytes) -> None:
        try:
            sent = os.write(self._fd, data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:])

    def _send_rest(self, rest: memoryview) -> None:
        while rest:
            wait_write(self._fd, self._timeout_s)
            with suppress(BlockingIOError):
                rest = rest[os.write(self._fd, rest) :]

    def receive(self) -> bytes:
        self._since_s = time.monotonic()
        self._waiting = gevent.getcurrent()
        try:
            self._hub.wait(self._readable)
        finally:
            self._waiting = None
        return os.read(self._fd, READ_SIZE)

    def close(self) -> None:
        self._watch.close()
        self._readable.close()
        self._fd = -1

    def _give_up_if_overdue(self) -> None:
        """In the hub, so it must not block."""
        if self._waiting is not None and time.monotonic() - self._since_s >= self._timeout_s:
            waiting, self._waiting = self._waiting, None
            waiting.throw(TimeoutError("no answer in time"))
