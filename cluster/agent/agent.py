"""Role agent: tells proxies over HTTP what the mysqld beside it is. Patroni's convention.

``GET /primary``, ``/replica``, ``/health`` answer 200 only when that is true right now, else 503, with the status as
JSON. ``/health`` is true of a pod in service, whatever its role. A status older than MAX_AGE_S is no status: a mysqld
that hangs is not a primary. Nor is one that answers old sessions but greets no new ones, nor one that has only its own
word for it: `cluster.agent.lease` has the rules. A source without a lease is fenced.

``GET /report`` is for the other agents; with ``PUT /assignment`` the control plane has this one promise an assignment.
A fault can make all of it late, and /primary a lie: `cluster.agent.misled`.

Runs in the pod's namespace: ``python3 -m cluster.agent.agent`` with MESHBENCH_USER, MESHBENCH_PASSWORD, MESHBENCH_KIND
(how the pods replicate, one of `cluster.topologies.lookup.kinds`) and MESHBENCH_CONTROL (host:port, may be missing).
The pod's host name is its own name.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import asdict
from pathlib import Path
from time import sleep

from cluster.agent import misled
from cluster.agent.assignment import decode
from cluster.agent.json_http import JsonHandler, JsonServer
from cluster.agent.peers import Gossip
from cluster.agent.role import MAX_AGE_S, Latest, Role
from cluster.session import connect
from cluster.status.poller import UNREACHABLE, Poller
from cluster.status.status import Status
from cluster.topologies.lookup import replication_of
from cluster.topologies.replication import CanPromote

PORT = 8008
POLL_S = 0.05
GREETING_EVERY_S = 0.25
FENCE_TIMEOUT_S = 15.0
PROMISES = Path("/data/assignment.json")


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


def keep_fenced(role: Role, *, user: str, password: str) -> None:
    """Fence the mysqld beside this agent whenever it is in the way, for ever."""
    while True:
        if role.in_the_way() and isinstance(role.replication, CanPromote):
            try:
                with connect(host="127.0.0.1", user=user, password=password, timeout_s=FENCE_TIMEOUT_S) as connection:
                    role.replication.fence(connection)
                print(f"fenced: no lease at version {role.gossip.assignment.version}", flush=True)
            except UNREACHABLE as error:
                print(f"could not fence: {error!r}", flush=True)
        time.sleep(POLL_S)


def serve(role: Role, *, port: int = PORT) -> JsonServer:
    """An HTTP server (not yet serving) that answers for ``role``."""

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
            sleep(misled.latency_s())
            if self.path == "/report":
                self.answer(200, role.report())
                return
            holds, status = role.holds(self.path), role.latest.status
            claimed = misled.claim() if self.path == "/primary" else None
            self.answer(claimed or (200 if holds else 503), asdict(status) if status else None)

        def do_PUT(self) -> None:  # noqa: N802  # the name that http.server calls
            sleep(misled.latency_s())
            try:
                told = decode(self.body())
            except (ValueError, KeyError, TypeError) as error:
                self.answer(400, {"error": f"not an assignment: {error!r}"})
                return
            role.gossip.adopt(told)
            self.answer(200, role.promise())

    return JsonServer(("", port), Handler)


def main() -> None:
    user, password = os.environ["MESHBENCH_USER"], os.environ["MESHBENCH_PASSWORD"]
    replication = replication_of(os.environ["MESHBENCH_KIND"])
    host, _, port = os.environ.get("MESHBENCH_CONTROL", "").rpartition(":")
    gossip = Gossip(socket.gethostname(), control=(host, int(port)) if host else None, port=PORT, file=PROMISES)
    role = Role(replication, gossip=gossip, latest=Latest())
    poller = Poller(host="127.0.0.1", user=user, password=password, replication=replication, timeout_s=MAX_AGE_S)
    threading.Thread(target=watch, args=(poller, role.latest), daemon=True).start()
    if replication.replicates:
        threading.Thread(
            target=keep_fenced, args=(role,), kwargs={"user": user, "password": password}, daemon=True
        ).start()
        threading.Thread(target=gossip.run, args=(role.members,), daemon=True).start()
    serve(role).serve_forever()


if __name__ == "__main__":
    main()
