"""Our own HTTP goes to the pods themselves, whatever proxies the environment names."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from cluster.agent.json_http import JsonHandler, JsonServer
from cluster.plain_http import open_url
from mesh.endpoints import Admin, endpoints

#: Nobody listens there.
DEAD = "http://127.0.0.1:9"
STATISTICS = "# pxname,svname,status,scur\nwrite,node1,UP,3\n"


class Handler(JsonHandler):
    def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
        if self.path.startswith("/stats"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(STATISTICS)))
            self.end_headers()
            self.wfile.write(STATISTICS.encode())
        else:
            self.answer(503 if self.path == "/primary" else 200, {"path": self.path})


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server, in an environment with every proxy that people set."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, DEAD)
        monkeypatch.setenv(name.upper(), DEAD)
    monkeypatch.setenv("no_proxy", "127.0.0.0/8,198.18.0.0/15")  # which urllib does not understand
    server = JsonServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_pod_is_asked_past_every_proxy(url: str) -> None:
    with pytest.raises(OSError, match="refused"):
        urllib.request.build_opener().open(f"{url}/health", timeout=5)  # what happens otherwise
    with open_url(f"{url}/health", timeout_s=5) as answer:
        assert answer.read() == b'{"path": "/health"}'


def test_a_refusal_is_still_an_answer(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        open_url(urllib.request.Request(f"{url}/primary"), timeout_s=5)
    refused.value.close()
    assert refused.value.code == 503


def test_a_proxys_admin_interface_is_asked_past_every_proxy(url: str) -> None:
    found = endpoints(Admin(kind="haproxy", url=url), pods={}, timeout_s=5)
    assert found == {"write": {"node1": {"healthy": True, "connections": 3, "cut": None}}}
