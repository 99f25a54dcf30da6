"""Ctrl-C and its kin: they end a verb in an orderly way, and never half-way through a removal."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def with_signals() -> None:
    """SIGTERM and SIGHUP end a run as Ctrl-C does; while it cleans up, further ones are noted and ignored."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        del number, frame
        for one in _ENDING:
            signal.signal(one, lambda *_: print("meshbench: still cleaning up …", file=sys.stderr))
        print("\nmeshbench: interrupted: healing and removing everything of this run …", file=sys.stderr)
        raise KeyboardInterrupt

    for one in _ENDING:
        signal.signal(one, interrupted)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the block is done: a half-done removal would leave pods behind."""
    main = threading.current_thread() is threading.main_thread()
    before = {one: signal.signal(one, signal.SIG_IGN) for one in _ENDING} if main else {}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
