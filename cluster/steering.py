"""A client of the control plane's HTTP interface, for those who ask it to do something: chaos, and tests.

The control plane is the pod ``control`` at a fixed address. Its decisions are its own: what is asked here may be
refused, which raises HarnessError with the reason it gave.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from cluster.errors import HarnessError

POD = "control"
PORT = 8009
TIMEOUT_S = 5.0
#: A switchover drains, promotes and publishes before it answers.
SWITCHOVER_TIMEOUT_S = 60.0


class Steering:
    """url: of the control plane, without a path."""

    def __init__(self, url: str) -> None:
        self._url = url

    def assignment(self) -> dict[str, Any]:
        """Who is primary, which pods there are, which are draining or quarantined (design: `GET /assignment`)."""
        return self._ask("GET", "/assignment")

    def state(self) -> dict[str, Any]:
        """What the control plane sees."""
        return self._ask("GET", "/state")

    def switchover(self, to: str | None = None) -> None:
        """Make another pod the primary, a given one or the best, without losing a write."""
        self._ask("POST", "/switchover", {"to": to}, timeout_s=SWITCHOVER_TIMEOUT_S)

    def register(self, name: str, address: str) -> None:
        """Publish a new pod."""
        self._ask("POST", "/pods", {"name": name, "address": address})

    def drain(self, name: str) -> None:
        """Give a pod no new sessions."""
        self._ask("POST", "/drain", {"name": name})

    def deregister(self, name: str) -> None:
        """A pod is no more."""
        self._ask("DELETE", f"/pods/{urllib.parse.quote(name)}")

    def answers(self) -> bool:
        """Whether the control plane speaks HTTP right now."""
        try:
            self.state()
        except (HarnessError, OSError):
            return False
        return True

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                said = answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                reason = refusal.read().decode(errors="replace").strip()
            raise HarnessError(f"the control plane refused {method} {path} ({refusal.code}): {reason}") from None
        loaded = json.loads(said) if said else {}
        return loaded if isinstance(loaded, dict) else {}
