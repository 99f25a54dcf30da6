"""The way out for events: a descriptor of its own, so that what a user's code prints can never be taken for one.

`take` gives the process's first standard output to the events, and lets everything else that would go there (print,
C code, child processes) go to standard error, which is only a log. It must be called before any code of a user's is
imported; where nobody does (a program of ours without a user's code), events go to standard output as it is.
"""

from __future__ import annotations

import fcntl
import io
import os
import sys

#: Above what a user's code closes or finds free by habit.
_LEAST_FD = 100

_fd = 1
#: A child that a user's code forks has the descriptor too, but nothing to say.
_speaker: int | None = None


def take() -> None:
    """Keep standard output for events alone, from now on. Children of the process do not inherit it."""
    global _fd, _speaker
    sys.stdout.flush()
    _fd, _speaker = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _LEAST_FD), os.getpid()
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is printed is seen when it is, also of a process that is killed, and no character makes it fail.
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")


def say(line: bytes) -> None:
    """Write one line, whole."""
    if _speaker not in (None, os.getpid()):
        return
    rest = memoryview(line + b"\n")
    while rest:
        rest = rest[os.write(_fd, rest) :]
