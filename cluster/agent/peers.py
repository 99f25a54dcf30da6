"""What a role agent knows from others: the newest assignment, and when it last heard the control plane and its peers.

Each of them is asked GOSSIP_HZ times a second over a connection that stays open. A thread each, so that one that does
not answer delays nobody. An assignment is on disk before anybody is told that it is known: that is a promise.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from cluster.agent.assignment import Assignment, decode, encode, write_durably
from cluster.agent.lease import Heard

GOSSIP_HZ = 4
TIMEOUT_S = 0.5
#: Whatever can go wrong between a question and an answer that can be read.
UNHEARD = (OSError, HTTPException, ValueError, KeyError, TypeError)


class Gossip:
    """own: this pod. control: address and port of the control plane, or None. port: where peers' agents answer."""

    def __init__(self, own: str, *, control: tuple[str, int] | None, port: int, file: Path) -> None:
        self.own = own
        self.peers: dict[str, Heard] = {}
        self.control: Heard | None = None
        self._control_at = control
        self._port = port
        self._file = file
        self._lock = threading.Lock()
        self._asked: dict[str, threading.Thread] = {}
        self.assignment = decode(json.loads(file.read_text())) if file.exists() else Assignment()

    def adopt(self, told: Assignment) -> None:
        """Keep the assignment, if it is newer than the one known."""
        with self._lock:
            if told.version > self.assignment.version:
                write_durably(self._file, encode(told))
                self.assignment = told

    def run(self, view: Callable[[], Iterable[str]]) -> None:
        """Ask for ever: the control plane, and every pod of the assignment and of the own group's view."""
        while True:
            wanted = {*self.assignment.pods, *view()} - {self.own}
            if self._control_at is not None:
                wanted.add("")
            for name in wanted - set(self._asked):
                self._asked[name] = threading.Thread(target=self._ask_on, args=(name,), daemon=True)
                self._asked[name].start()
            for name in set(self._asked) - wanted:
                del self._asked[name]  # its thread sees that and ends
                self.peers.pop(name, None)
            time.sleep(1 / GOSSIP_HZ)

    def ask_control(self) -> None:
        """Ask the control plane once more, now; raises one of UNHEARD."""
        if self._control_at is not None:
            connection = HTTPConnection(*self._control_at, timeout=TIMEOUT_S)
            try:
                self._ask("", connection)
            finally:
                connection.close()

    def _ask_on(self, name: str) -> None:
        where = self._control_at if not name else (name, self._port)
        assert where is not None
        connection = HTTPConnection(*where, timeout=TIMEOUT_S)
        while self._asked.get(name) is threading.current_thread():
            begin_s = time.monotonic()
            try:
                self._ask(name, connection)
            except UNHEARD:
                connection.close()  # the next request opens it again
            time.sleep(max(0.0, begin_s + 1 / GOSSIP_HZ - time.monotonic()))
        connection.close()

    def _ask(self, name: str, connection: HTTPConnection) -> None:
        sent_s = time.monotonic()
        connection.request("GET", "/report" if name else "/assignment")
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        told = decode(answer["assignment"] if name else answer)
        self.adopt(told)
        view = (answer["status"] or {}).get("view", {}) if name else {}
        heard = Heard(sent_s=sent_s, version=told.version, view=view)
        if name:
            self.peers[name] = heard
        else:
            self.control = heard
