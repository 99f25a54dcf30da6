"""What a user sees while a run is under way: one line a step, and the load's pulse."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, TextIO

from reports.text.visible import visible

#: Without a terminal the pulse is shown this often, so that a CI log stays readable.
QUIET_EVERY_S = 5
LINE_END = "\n"


class Progress(logging.Handler):
    """Prints log lines with the time since the start, and rewrites one line for the pulse on a terminal."""

    def __init__(self, *, duration_s: float = 0, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr
        self._begin = time.monotonic()
        self.duration_s = duration_s
        self._pulse_shown = False

    def emit(self, record: logging.LogRecord) -> None:
        self._end_pulse()
        print(f"{self._clock()}  {visible(record.getMessage(), keep=LINE_END)}", file=self._stream, flush=True)

    def second(self, event: dict[str, Any]) -> None:
        """One ``second`` event of the load pod; one after the last arrival, with nothing left to wait for, is none."""
        if event["t_s"] > self.duration_s and event["offered"] == event["backlog"] == 0:
            return
        failed = event["fail"] - event["refused"]
        line = (
            f"{self._clock()}  load {event['t_s']:.0f}/{self.duration_s:.0f} s: offered {event['offered']}/s, "
            f"ok {event['ok']}, refused {event['refused']}, failed {failed}, unknown {event['unknown']}, "
            f"queued {event['backlog']}"
        )
        if self._stream.isatty():
            print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)
            self._pulse_shown = True
        elif round(event["t_s"]) % QUIET_EVERY_S == 0 or failed or event["unknown"]:
            print(line, file=self._stream, flush=True)

    def _end_pulse(self) -> None:
        if self._pulse_shown:
            print(file=self._stream)
            self._pulse_shown = False

    def _clock(self) -> str:
        return f"{time.monotonic() - self._begin:6.1f} s"
