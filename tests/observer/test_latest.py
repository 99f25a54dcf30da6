"""The newest sample of everybody, over HTTP, as the observer serves it."""

from __future__ import annotations

import json
import urllib.error

import pytest

from cluster.plain_http import open_url
from observer.latest import Latest, serve


def test_the_newest_sample_of_every_pod_and_proxy_is_told() -> None:
    latest = Latest()
    latest.note({"clock": {"monotonic_ns": 1, "unix_ns": 2}})
    for at_ns, up in ((1, True), (2, False)):
        latest.note({"at_ns": at_ns, "kind": "pod", "name": "node1", "up": up})
    latest.note({"at_ns": 3, "kind": "proxy", "name": "node1", "up": True})
    server = serve(latest, port=0)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with open_url(f"{url}/latest", timeout_s=5) as answer:
            told = json.load(answer)
        with pytest.raises(urllib.error.HTTPError) as refused:
            open_url(f"{url}/other", timeout_s=5)
        refused.value.close()
    finally:
        server.shutdown()
        server.server_close()
    assert told == {
        "rows": [
            {"at_ns": 2, "kind": "pod", "name": "node1", "up": False},
            {"at_ns": 3, "kind": "proxy", "name": "node1", "up": True},
        ]
    }
    assert refused.value.code == 404
