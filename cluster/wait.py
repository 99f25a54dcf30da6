"""Waiting, always for something with a name, always with an end, and never in silence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from cluster.errors import HarnessError

log = logging.getLogger("meshbench")

#: How often a wait says what it waits for.
TELL_EVERY_S = 5.0

T = TypeVar("T")


class WaitTimeoutError(HarnessError):
    """What was awaited did not come in time; the message names it and the last thing seen instead."""


class CannotComeError(WaitTimeoutError):
    """What is awaited cannot come any more, however long one waits; the message says why."""


def wait_until(
    what: str,
    probe: Callable[[], T | None],
    *,
    timeout_s: float,
    poll_s: float = 0.05,
    tolerate: type[Exception] | None = None,
    now: Callable[[], str] | None = None,
) -> T:
    """Call ``probe`` until it returns something other than None or False, and return that.

    what: completes the sentence "wait until …", such as ``"node2 accepts logins"``.
    tolerate: exceptions of this type count as "not yet" and are shown if time runs out; others pass through.
    now: how things stand instead, in words; asked for when the wait has something to say, every TELL_EVERY_S.
    Raises WaitTimeoutError after ``timeout_s`` seconds.
    """
    begin = time.monotonic()
    tell_at, last = begin + TELL_EVERY_S, ""
    while True:
        try:
            found = probe()
            if found is not None and found is not False:
                return found
            last = ""
        except Exception as error:
            if tolerate is None or not isinstance(error, tolerate):
                raise
            last = " ".join(str(error).split())
        at = time.monotonic()
        if at >= begin + timeout_s:
            raise WaitTimeoutError(f"waited {timeout_s:g} s until {what}{_seen(last, now)}")
        if at >= tell_at:
            log.info("waiting until %s, for %.0f s of at most %g s%s", what, at - begin, timeout_s, _seen(last, now))
            tell_at = at + TELL_EVERY_S
        time.sleep(poll_s)


def _seen(last: str, now: Callable[[], str] | None) -> str:
    words = last or (now() if now is not None else "")
    return f"; last seen: {words}" if words else ""
