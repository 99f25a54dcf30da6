"""HTTP: what the agents, the host and people ask the control plane. Port `cluster.agent.assignment.CONTROL_PORT`.

``GET /assignment`` · ``GET /state`` (what it sees) · ``GET /decisions?since=NS&wait_s=S`` (those after a time of
CLOCK_MONOTONIC; waits for the first) · ``GET /candidate`` (who would be promoted now, null where a group elects) ·
``POST /switchover {"to": pod or null, "timeout_s"}`` · ``POST /pods {"name", "address"}`` · ``POST /drain {"name"}`` ·
``DELETE /pods/<name>`` · ``POST /hold {"event"}``, ``DELETE /hold`` (see `control.hold`). Answers are JSON: 200,
400 for what is no request, 409 with ``{"reason"}`` for one that is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cluster.agent.assignment import CONTROL_PORT, encode
from cluster.agent.json_http import JsonHandler, JsonServer
from control.loop import ControlPlane
from control.members import Members
from control.switchover import RefusedError

SWITCHOVER_TIMEOUT_S = 10.0
REQUEST_TIMEOUT_S = 30.0
DECISIONS_WAIT_MAX_S = 10.0


def answer(control: ControlPlane, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a request gets; None when there is no such thing. Raises RefusedError, or KeyError for a missing field."""
    members = Members(control.plan, control.store, control.agents)
    url = urlsplit(path)
    if (method, url.path) == ("GET", "/decisions"):
        asked = dict(parse_qsl(url.query))
        wait_s = min(float(asked.get("wait_s", 0)), DECISIONS_WAIT_MAX_S)
        return {"decisions": control.store.since(int(asked.get("since", 0)), wait_s=wait_s)}
    if (method, path) == ("POST", "/hold"):
        control.store.hold.arm(str(body["event"]))
        return {}
    if (method, path) == ("DELETE", "/hold"):
        control.store.hold.release()
        return {}
    if (method, path) == ("GET", "/candidate"):
        return {"candidate": control.candidate()}
    if (method, path) == ("GET", "/assignment"):
        return encode(control.store.state.assignment)
    if (method, path) == ("GET", "/state"):
        return {
            **asdict(control.store.state),
            "kind": control.plan.kind,
            "published": dict(zip(("write", "read"), control.published or ([], []), strict=True)),
            "seen": {name: asdict(one) for name, one in control.watch.seen().items()},
        }
    if (method, path) == ("POST", "/switchover"):
        timeout_s = float(body.get("timeout_s", SWITCHOVER_TIMEOUT_S))
        return {"primary": control.switchover(body["to"], timeout_s=timeout_s)}
    if (method, path) == ("POST", "/pods"):
        control.ask(lambda: members.add(body["name"], body["address"]), timeout_s=REQUEST_TIMEOUT_S)
    elif (method, path) == ("POST", "/drain"):
        control.ask(lambda: members.drain(body["name"]), timeout_s=REQUEST_TIMEOUT_S)
    elif method == "DELETE" and path.startswith("/pods/"):
        control.ask(lambda: members.remove(path.removeprefix("/pods/")), timeout_s=REQUEST_TIMEOUT_S)
    else:
        return None
    return encode(control.store.state.assignment)


def serve(control: ControlPlane, *, port: int = CONTROL_PORT) -> JsonServer:
    """An HTTP server, not yet serving."""

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
            self._serve("GET")

        def do_POST(self) -> None:  # noqa: N802  # the name that http.server calls
            self._serve("POST")

        def do_DELETE(self) -> None:  # noqa: N802  # the name that http.server calls
            self._serve("DELETE")

        def _serve(self, method: str) -> None:
            try:
                found = answer(control, method, self.path, self.body())
                self.answer(404 if found is None else 200, found)
            except (RefusedError, TimeoutError) as refused:
                self.answer(409, {"reason": str(refused) or "the control plane is busy"})
            except (ValueError, KeyError, TypeError) as wrong:
                self.answer(400, {"reason": f"not understood: {wrong!r}"})

    return JsonServer(("", port), Handler)
