"""The way to Locust's web page: on loopback alone, both ways, gone afterwards."""

from __future__ import annotations

import http.server
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from scenarios.load.web_ui import forwarded


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"x" * 300_000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[tuple[str, int]]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield ("127.0.0.1", server.server_port)
    server.shutdown()
    server.server_close()


def test_the_page_is_reached_on_loopback_and_only_while_it_is_forwarded(page: tuple[str, int]) -> None:
    with forwarded(page) as first, forwarded(page) as second:
        assert first != second
        for address in (first, second):
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert len(answer.read()) == 300_000
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(first, timeout=5)


def test_a_page_that_is_gone_ends_the_connection(page: tuple[str, int]) -> None:
    with forwarded(("127.0.0.1", 1)) as address, pytest.raises(OSError):  # noqa: PT011  reset or closed: the client's word
        urllib.request.urlopen(address, timeout=5)
