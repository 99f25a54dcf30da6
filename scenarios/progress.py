"""What a user sees while a run is under way: one line a step, and the load's pulse."""

from __future__ import annotations

import logging
import sys
import time
from typing import TextIO

from history.load_events import Second
from reports.text.visible import visible

#: Without a terminal the pulse is shown this often, so that a CI log stays readable.
QUIET_EVERY_S = 5
LINE_END = "\n"


class Progress(logging.Handler):
    """Prints log lines with the time since the start, and rewrites one line for the pulse on a terminal."""

    def __init__(self, *, duration_s: float = 0, stream: TextIO | None = None) -> None:
        super().__init__()
        self._given = stream
        self._begin = time.monotonic()
        self.duration_s = duration_s
        self._pulse_shown = False

    @property
    def _stream(self) -> TextIO:
        """Standard error as it is now: below a panel it leads to what stands above it."""
        return self._given or sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        self._end_pulse()
        print(f"{self._clock()}  {visible(record.getMessage(), keep=LINE_END)}", file=self._stream, flush=True)

    def second(self, second: Second) -> None:
        """A second of the load; one after the last arrival, with nothing left to wait for, is none."""
        if second.t_s > self.duration_s and second.offered == second.backlog == 0:
            return
        failed = second.fail - second.refused
        line = (
            f"{self._clock()}  load {second.t_s:.0f}/{self.duration_s:.0f} s: offered {second.offered}/s, "
            f"ok {second.ok}, refused {second.refused}, failed {failed}, unknown {second.unknown}, "
            f"queued {second.backlog}"
        )
        if self._stream.isatty():
            print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)
            self._pulse_shown = True
        elif round(second.t_s) % QUIET_EVERY_S == 0 or failed or second.unknown:
            print(line, file=self._stream, flush=True)

    def _end_pulse(self) -> None:
        if self._pulse_shown:
            print(file=self._stream)
            self._pulse_shown = False

    def _clock(self) -> str:
        return f"{time.monotonic() - self._begin:6.1f} s"
