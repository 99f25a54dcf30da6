"""A stop in the middle of a move, asked for by who wants to break something just there.

Between two decisions lie some milliseconds, too few for anybody outside to strike in. So whoever wants to can have the
control plane wait after a decision until it is told to go on, or for HOLD_MAX_S. What it was held for is in its log.
"""

from __future__ import annotations

import threading
import time

HOLD_MAX_S = 2.0


class Hold:
    """One stop at most is armed at a time; it is over when it has been used."""

    def __init__(self) -> None:
        self._event: str | None = None
        self._go = threading.Event()

    def arm(self, event: str) -> None:
        self._go.clear()
        self._event = event

    def release(self) -> None:
        self._event = None
        self._go.set()

    def stop_at(self, event: str) -> float | None:
        """Wait, if it is armed for this decision; returns the seconds waited, None where it was not."""
        if event != self._event:
            return None
        began_s = time.monotonic()
        self._go.wait(timeout=HOLD_MAX_S)
        self._event = None
        return time.monotonic() - began_s
