"""The transport of a load worker: a greenlet that waits for an answer waits in gevent's hub, at the least cost.

gevent's own sockets first try to read, which fails every time for an answer that is still to come, and make a watcher,
a waiter and a timer for every wait. Here a read waits first, on a watcher that stays on from answer to answer, and one
slow timer a connection looks for answers that are overdue.
"""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent import getcurrent
from gevent.monkey import get_original  # type: ignore[import-untyped]
from gevent.socket import wait_write  # type: ignore[import-untyped]

from loadgen.wire.transport import READ_SIZE

#: libev's event.
READ = 1
#: The timer strikes so often in a timeout: an overdue answer is given up at most one stroke late.
STROKES = 20


class HubTransport:
    """Implements Transport, for one greenlet at a time. sock: gevent's, hence non-blocking underneath."""

    def __init__(self, sock: socket.socket, timeout_s: float) -> None:
        self._fd = sock.fileno()
        self._heard = get_original("select", "poll")()  # gevent's would give the turn away
        self._heard.register(self._fd, select.POLLIN)
        self._timeout_s = timeout_s
        hub = gevent.get_hub()
        self._to_hub = hub.switch
        self._readable = hub.loop.io(self._fd, READ)
        self._waiting: Any = None
        self._strokes = 0
        self._timer = hub.loop.timer(timeout_s / STROKES, timeout_s / STROKES, ref=False)
        self._timer.start(self._strike)

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
        self._strokes = 0
        self._waiting = getcurrent()
        if not self._readable.active:
            self._readable.start(self._wake)
        try:
            self._to_hub()
        finally:
            self._waiting = None
        return os.read(self._fd, READ_SIZE)

    def ended(self) -> bool:
        return bool(self._heard.poll(0))

    def close(self) -> None:
        self._timer.close()
        self._readable.close()
        self._fd = -1

    # Both run in the hub, so they must not block.

    def _wake(self) -> None:
        if self._waiting is None:
            self._readable.stop()  # bytes that nobody waits for would wake the hub again and again
        else:
            self._waiting.switch()

    def _strike(self) -> None:
        self._strokes += 1
        if self._waiting is not None and self._strokes > STROKES:
            self._waiting.throw(TimeoutError("no answer in time"))
