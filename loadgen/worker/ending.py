"""The end of a load program: who ended it, and what is still to be said of it.

Locust ends its process with SystemExit, and so may a user's code, anywhere: in a task, in a listener, while the file is
imported. Which of them it was stands in the traceback.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

import locust

from history.load_events import Error
from loadgen.errors import what_broke
from loadgen.worker.events import EXIT_CONFIG, emit

#: Where code that is no user's lies: ours, Locust and what is installed beside it, Python's own.
_NOT_THEIRS = tuple(
    f"{folder}{os.sep}"
    for folder in (Path(__file__).parents[1], Path(locust.__file__).parent.parent, Path(os.__file__).parent)
)

#: What the program that runs has to say at its end; see `on_end`.
_last_word: Callable[[BaseException | None], None] | None = None


def on_end(last_word: Callable[[BaseException | None], None]) -> None:
    """Call it once when Locust has ended, with what ended it; the process then ends with 0."""
    global _last_word
    _last_word = last_word


def told(bug: BaseException | None) -> int:
    """Say what is still to be said of an end, and return the code to end the process with."""
    if _last_word is not None:
        _last_word(bug)
        return 0
    where = place_of_theirs(bug.__traceback__ if bug else None)
    if not isinstance(bug, SystemExit):
        traceback.print_exception(bug)
        emit(Error(message=f"the locustfile failed: {what_broke(bug)}" if bug else "Locust ended", refused=True))
        return EXIT_CONFIG
    if where:
        emit(Error(message=f"it ended the program: sys.exit({said(bug)}) {where}", refused=True))
        return EXIT_CONFIG
    return bug.code if isinstance(bug.code, int) else int(bug.code is not None)


def said(ending: SystemExit) -> str:
    """What sys.exit was called with, as it was written."""
    return "" if ending.code is None else repr(ending.code)[:80]


def place_of_theirs(trace: TracebackType | None) -> str:
    """The innermost line of a user's code on the way to an exception: ``(FILE:LINE, in NAME)``; empty without one."""
    return _place(traceback.extract_tb(trace)) if trace else ""


def caller_of_theirs() -> str:
    """The same of the calls under way."""
    return _place(traceback.extract_stack())


def is_theirs(file: str) -> bool:
    """Whether it is a file of a user's. Compiled code names no path of this machine: it is gevent's as a rule."""
    return Path(file).is_absolute() and not file.startswith(_NOT_THEIRS)


def _place(frames: Iterable[traceback.FrameSummary]) -> str:
    theirs = [frame for frame in frames if is_theirs(frame.filename)]
    return f"({theirs[-1].filename}:{theirs[-1].lineno}, in {theirs[-1].name})" if theirs else ""
