"""What the HTTP servers in the pods have in common: JSON answers over connections that stay open, and no noise."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class JsonHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def body(self) -> Any:
        """What was sent along; raises ValueError where that is not JSON."""
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")

    def answer(self, code: int, value: Mapping[str, Any] | None) -> None:
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: proxies and agents ask several times a second."""


class JsonServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may hang up before it is answered: a check that has timed out, a pod that was killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
