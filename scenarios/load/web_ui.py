"""Locust's own web page while a run is under way (``meshbench run … --live``), on this machine only.

The page is served inside the run's network, which has no way out; here a socket on 127.0.0.1 leads to it. Not a proxy
for anybody else: it listens on loopback alone and ends with the run.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import socketserver
import threading
from collections.abc import Iterator

#: Where Locust serves its page, there and, if it is free, here.
WEB_PORT = 8089
CONNECT_TIMEOUT_S = 5.0


class _Forwarder(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self.target = target
        super().__init__(("127.0.0.1", port), _Passage)


class _Passage(socketserver.BaseRequestHandler):
    """One connection, both ways, until either side ends it."""

    server: _Forwarder

    def handle(self) -> None:
        # A browser that goes away, or a page that is gone at the end of the run, is no error of ours.
        with (
            contextlib.suppress(OSError),
            socket.create_connection(self.server.target, CONNECT_TIMEOUT_S) as there,
            selectors.DefaultSelector() as ready,
        ):
            there.settimeout(None)
            ready.register(self.request, selectors.EVENT_READ, there)
            ready.register(there, selectors.EVENT_READ, self.request)
            while True:
                for key, _ in ready.select():
                    assert isinstance(key.fileobj, socket.socket)
                    if not (data := key.fileobj.recv(65536)):
                        return
                    key.data.sendall(data)


@contextlib.contextmanager
def forwarded(target: tuple[str, int]) -> Iterator[str]:
    """Give the address of a page at ``target`` on this machine's loopback; another port if WEB_PORT is taken."""
    try:
        server = _Forwarder(WEB_PORT, target)
    except OSError:
        server = _Forwarder(0, target)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="live", daemon=True).start()
    try:
        host, port = server.server_address[:2]
        yield f"http://{host!s}:{port}"
    finally:
        server.shutdown()
        server.server_close()
