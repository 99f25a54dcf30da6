"""Ctrl-C and its kin: they end a verb in an orderly way, and never half-way through a removal."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from scenarios.outlet import told_when_lost

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_showers: list[Callable[[str], None]] = []
_OF_A_RUN = "interrupted: healing and removing everything of this run …"


class Interrupted(KeyboardInterrupt):
    """by: what ended the verb; SIGPIPE stands for a reader of its output that went away."""

    def __init__(self, by: signal.Signals) -> None:
        super().__init__()
        self.by = by


def exit_code(ended: KeyboardInterrupt) -> int:
    """As a shell tells of a process that a signal ended: 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP, 141 nobody reads."""
    return 128 + (ended.by if isinstance(ended, Interrupted) else signal.SIGINT)


@contextmanager
def interruptible(saying: str = _OF_A_RUN) -> Iterator[None]:
    """SIGTERM, SIGHUP and a reader that went away end the block as Ctrl-C does; while it cleans up, further ones are
    noted and ignored. One that the process was started without (nohup) stays ignored."""
    unread, ended = threading.Event(), threading.Event()
    main = threading.main_thread().ident or 0
    before = {one: signal.getsignal(one) for one in _ENDING if signal.getsignal(one) is not signal.SIG_IGN}

    def interrupted(number: int, frame: FrameType | None) -> None:
        del frame
        ended.set()
        for one in before:
            signal.signal(one, lambda *_: _say("meshbench: still cleaning up …"))
        _say(f"\nmeshbench: {saying}")
        raise Interrupted(signal.SIGPIPE if unread.is_set() else signal.Signals(number))

    def nobody_reads() -> None:
        if not unread.is_set():
            unread.set()
            # a signal, not an exception: it is the main thread that must end, and it may be waiting for something
            signal.pthread_kill(main, signal.SIGTERM)

    for one in before:
        signal.signal(one, interrupted)
    try:
        with told_when_lost(nobody_reads):
            yield
    finally:
        if not ended.is_set():
            for one, handler in before.items():
                signal.signal(one, handler)


@contextmanager
def told_by(show: Callable[[str], None]) -> Iterator[None]:
    """Whoever has the terminal meanwhile is given what a signal is answered with. show: called in the middle of
    anything, so it only notes the line."""
    _showers.append(show)
    try:
        yield
    finally:
        _showers.remove(show)


def _say(line: str) -> None:
    """Written at once: the signal may have come in the middle of a print."""
    if _showers:
        _showers[-1](line.strip())
        return
    with contextlib.suppress(OSError):
        os.write(2, f"{line}\n".encode())


@contextmanager
def at_once() -> Iterator[None]:
    """While libraries are imported Ctrl-C ends the process at once: nothing is there to clean up yet, and an exception
    from the middle of somebody's import would say nothing to anybody."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and its kin until the block is done: a half-done removal would leave pods behind."""
    main = threading.current_thread() is threading.main_thread()
    before = {one: signal.signal(one, signal.SIG_IGN) for one in _ENDING} if main else {}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
