"""Standard output and error that may be lost: a reader that has seen enough (``meshbench list | head``), a terminal
that is closed, a full disk below a log file.

What nobody can read any more is thrown away, and the verb ends with its own exit code: that of a PASS is 0, whoever
read it. A verb that is under way asks to be told (`told_when_lost`): it has better to do than to talk to nobody.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

#: Nobody reads: the pipe's other end, or the terminal, is gone.
_UNREAD = (errno.EPIPE, errno.EIO)

_listeners: list[Callable[[], None]] = []
_lost: set[int] = set()


class Outlet(io.FileIO):
    """One of the two. Only what was asked for, on standard output, and could not be written is an error: once."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._descriptor = descriptor

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _UNREAD and self._descriptor == 2:
                return len(data)  # a log on a full disk; there may be space again later
            _into_nothing(self._descriptor)
            if error.errno not in _UNREAD:
                raise OSError(error.errno, error.strerror, "standard output") from None
            _lost.add(self._descriptor)
            for tell in _listeners:
                tell()
            return len(data)


def settle() -> None:
    """Let the process's own standard output and error be outlets; without one (``>&-``) what is said goes nowhere."""
    if sys.stdout is sys.__stdout__:
        sys.stdout = _settled(sys.stdout, 1)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _settled(sys.stderr, 2)


def lost() -> bool:
    """Whether nobody reads standard output any more."""
    return 1 in _lost


@contextmanager
def told_when_lost(tell: Callable[[], None]) -> Iterator[None]:
    """Call it, on whatever thread wrote last, when nobody reads standard output or error any more."""
    _listeners.append(tell)
    try:
        yield
    finally:
        _listeners.remove(tell)


def _settled(stream: Any, descriptor: int) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w")
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(Outlet(descriptor)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _into_nothing(descriptor: int) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)
