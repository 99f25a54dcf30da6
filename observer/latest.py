"""The newest sample of every pod and proxy, over HTTP: ``GET /latest`` -> ``{"rows": [row, …]}`` on `PORT`.

For whoever looks on while a run lasts. The samples are made anyway, so a request costs the observer no more than its
answer, and nobody else anything.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from cluster.agent.json_http import JsonHandler, JsonServer

PORT = 8010


class Latest:
    """rows: by kind and name, replaced by the threads that sample; each row is one that nobody changes any more."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Mapping[str, Any]] = {}

    def note(self, row: Mapping[str, Any]) -> None:
        if "kind" in row:
            self._rows[row["kind"], row["name"]] = row

    def as_json(self) -> dict[str, Any]:
        return {"rows": list(self._rows.values())}


def serve(latest: Latest, *, port: int = PORT) -> JsonServer:
    """Answer in a thread of its own from now on."""

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
            known = self.path == "/latest"
            self.answer(200 if known else 404, latest.as_json() if known else None)

    server = JsonServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="latest", daemon=True).start()
    return server
