"""Role agent: tells proxies over HTTP what the mysqld beside it is. Patroni's convention.

``GET /primary``, ``/replica``, ``/health`` answer 200 only when that is true right now, else 503, with the status as
JSON. ``/health`` is true of a pod in service, whatever its role. A status older than MAX_AGE_S is no status: a mysqld
that hangs is not a primary. Nor is one that answers old sessions but greets no new ones.

Runs in the pod's namespace: ``python3 -m cluster.agent`` with MESHBENCH_USER, MESHBENCH_PASSWORD and MESHBENCH_KIND
(how the pods replicate, one of `cluster.topology.Kind`).
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from cluster.poller import UNREACHABLE, Poller
from cluster.status import Status
from cluster.topology import Kind

PORT = 8008
POLL_S = 0.05
GREETING_EVERY_S = 0.25
MAX_AGE_S = 1.0


@dataclass
class Latest:
    """The newest sample and when it was taken (CLOCK_MONOTONIC seconds)."""

    status: Status | None = None
    at_s: float = 0.0

    def holds(self, path: str) -> bool:
        """Whether what ``path`` asks is true now."""
        status = self.status
        if status is None or time.monotonic() - self.at_s > MAX_AGE_S:
            return False
        answers = {
            "/primary": status.writable,
            "/replica": status.role == "replica" and status.in_service,
            "/health": status.in_service,
        }
        return answers.get(path, False)


def greets(host: str, *, port: int = 3306, timeout_s: float = MAX_AGE_S) -> bool:
    """Whether a new connection is answered in MySQL's protocol in time: a greeting, or an error such as 1040."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            packet = connection.recv(5)  # length (3 bytes), sequence number 0, then protocol version 10 or error 255
    except OSError:
        return False
    return len(packet) == 5 and packet[3] == 0 and packet[4] in (10, 255)


def watch(poller: Poller, latest: Latest) -> None:
    """Sample for ever; every failure is a sample too."""
    greeted_at_s = 0.0
    while True:
        begin = time.monotonic()
        try:
            if begin - greeted_at_s >= GREETING_EVERY_S:
                if not greets(socket.gethostname()):  # resolves to the pod's own address: the one clients use
                    raise ConnectionError("no greeting")
                greeted_at_s = begin
            status: Status | None = poller.sample()
        except UNREACHABLE:
            status = None
        latest.status, latest.at_s = status, time.monotonic()
        time.sleep(max(0.01, POLL_S - (time.monotonic() - begin)))


def serve(latest: Latest, *, port: int = PORT) -> ThreadingHTTPServer:
    """An HTTP server (not yet serving) that answers from ``latest``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            holds = latest.holds(self.path)
            body = json.dumps(asdict(latest.status) if latest.status else None).encode()
            self.send_response(200 if holds else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent: proxies ask several times a second."""

    server = ThreadingHTTPServer(("", port), Handler)
    server.daemon_threads = True
    return server


def main() -> None:
    poller = Poller(
        host="127.0.0.1",
        user=os.environ["MESHBENCH_USER"],
        password=os.environ["MESHBENCH_PASSWORD"],
        kind=cast(Kind, os.environ["MESHBENCH_KIND"]),
        timeout_s=MAX_AGE_S,
    )
    latest = Latest()
    threading.Thread(target=watch, args=(poller, latest), daemon=True).start()
    serve(latest).serve_forever()


if __name__ == "__main__":
    main()
