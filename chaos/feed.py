"""What the control plane decides, as it decides it: its log, followed while the load runs.

Its own process is asked, which answers as soon as there is something new; where that is killed, frozen or busy, the log
is read out of its container.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from http.client import HTTPException
from typing import Any

from cluster.control_plane import ControlPlane, decisions
from cluster.errors import EngineError, HarnessError

log = logging.getLogger("meshbench")

Decision = dict[str, Any]

WAIT_S = 1.0
#: How soon a control plane that does not answer is asked again.
AGAIN_S = 0.1
#: It is dead, frozen or cut off, refuses, or was killed in the middle of its answer.
UNANSWERED = (OSError, HTTPException, ValueError, HarnessError)


class Feed:
    """made: the decisions since the load's zero, oldest first."""

    def __init__(self, control: Callable[[], ControlPlane]) -> None:
        self._control = control
        self._news = threading.Condition()
        self._over = threading.Event()
        self._made: list[Decision] = []
        self._thread = threading.Thread(target=self._follow, name="decisions", daemon=True)
        self._since_ns = 0
        self._blind = False

    def start(self, zero_ns: int) -> None:
        self._since_ns = zero_ns
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        with self._news:
            self._news.notify_all()

    @property
    def made(self) -> list[Decision]:
        with self._news:
            return list(self._made)

    def wait_for(self, events: Collection[str], over: threading.Event) -> Decision | None:
        """The first decision of these events, as soon as it is made; None when ``over`` is set first."""

        def first() -> Decision | None:
            return next((one for one in self._made if one["event"] in events), None)

        with self._news:
            while not over.is_set():
                if (found := first()) is not None:
                    return found
                self._news.wait(timeout=AGAIN_S)  # ``over`` tells nobody when it is set
        return None

    def _follow(self) -> None:
        control = self._control()
        while not self._over.is_set():
            try:
                found = control.decisions_since(self._since_ns, wait_s=WAIT_S)
            except UNANSWERED:
                found = [one for one in self._logged(control) if one["at_ns"] > self._since_ns]
                self._over.wait(AGAIN_S)
            if found:
                self._since_ns = found[-1]["at_ns"]
                with self._news:
                    self._made += found
                    self._news.notify_all()

    def _logged(self, control: ControlPlane) -> list[Decision]:
        """Its log, whether it runs or not; nothing for now where the engine does not give it."""
        try:
            made = decisions(control)
        except EngineError as error:
            if not self._blind:
                log.warning("neither the control plane nor its log can be read, steps wait: %s", error)
            self._blind = True
            return []
        self._blind = False
        return made
