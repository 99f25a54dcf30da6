"""What would answer in a pod, where nothing runs: an HTTP server at that pod's address, which is of this machine's
loopback on a `cluster.platform.fake.FakePlatform`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from cluster.agent.json_http import JsonServer

#: Gets method and path of a request, gives status and body.
Answer = Callable[[str, str], tuple[int, bytes]]


@contextmanager
def answering(address: str, port: int, answer: Answer) -> Iterator[list[str]]:
    """While within; gives the requests so far, each as ``GET /path``."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            self._answer("GET")

        def do_POST(self) -> None:  # the name that http.server calls
            self._answer("POST")

        def _answer(self, method: str) -> None:
            asked.append(f"{method} {self.path}")
            code, body = answer(method, self.path)
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = JsonServer((address, port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
