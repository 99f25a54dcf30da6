"""Watching: every pod's status WATCH_HZ times a second, a thread and a connection each: a frozen pod delays nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from cluster.status.poller import UNREACHABLE, Poller
from cluster.status.status import Status
from cluster.topologies.replication import Replication
from control.rules import Seen

WATCH_HZ = 10
TIMEOUT_S = 1.0


class Watch:
    """The newest answers. changed: set after each one, for who waits for it."""

    def __init__(self, *, user: str, password: str, replication: Replication) -> None:
        self._user, self._password = user, password
        self._replication = replication
        self._threads: dict[str, threading.Thread] = {}
        self._answers: dict[str, Status | None] = {}
        self._answered_s: dict[str, float] = {}
        self._asked: set[str] = set()

    def follow(self, pods: Mapping[str, str]) -> None:
        """Watch exactly these pods (name -> address) from now on."""
        for name in set(self._threads) - set(pods):
            del self._threads[name]  # its thread sees that and ends
        for name in set(pods) - set(self._threads):
            self._answers[name], self._answered_s[name] = None, time.monotonic()
            self._threads[name] = threading.Thread(target=self._sample, args=(name, pods[name]), daemon=True)
            self._threads[name].start()

    def seen(self) -> dict[str, Seen]:
        now_s = time.monotonic()
        return {
            name: Seen(status=self._answers[name], silent_s=now_s - self._answered_s[name]) for name in self._threads
        }

    @property
    def complete(self) -> bool:
        """Whether every pod has been asked once, and has answered or not."""
        return self._asked >= set(self._threads)

    def note(self, name: str, status: Status) -> None:
        """An answer that somebody else had."""
        self._answers[name], self._answered_s[name] = status, time.monotonic()

    def _sample(self, name: str, address: str) -> None:
        poller = Poller(
            host=address,
            user=self._user,
            password=self._password,
            replication=self._replication,
            timeout_s=TIMEOUT_S,
        )
        while self._threads.get(name) is threading.current_thread():
            begin_s = time.monotonic()
            try:
                self.note(name, poller.sample())
            except UNREACHABLE:
                self._answers[name] = None
            self._asked.add(name)
            time.sleep(max(0.01, begin_s + 1 / WATCH_HZ - time.monotonic()))
        poller.close()
