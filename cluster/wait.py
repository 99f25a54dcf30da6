"""Waiting, always for something with a name and always with an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from cluster.errors import HarnessError

T = TypeVar("T")


class WaitTimeoutError(HarnessError):
    """What was awaited did not come in time; the message names it and the last thing seen instead."""


def wait_until(
    what: str,
    probe: Callable[[], T | None],
    *,
    timeout_s: float,
    poll_s: float = 0.05,
    tolerate: type[Exception] | None = None,
) -> T:
    """Call ``probe`` until it returns something other than None or False, and return that.

    what: completes the sentence "wait until …", such as ``"node2 accepts logins"``.
    tolerate: exceptions of this type count as "not yet" and are shown if time runs out; others pass through.
    Raises WaitTimeoutError after ``timeout_s`` seconds.
    """
    deadline = time.monotonic() + timeout_s
    last: object = None
    while True:
        try:
            found = probe()
            if found is not None and found is not False:
                return found
            last = found
        except Exception as error:
            if tolerate is None or not isinstance(error, tolerate):
                raise
            last = error
        if time.monotonic() >= deadline:
            raise WaitTimeoutError(f"waited {timeout_s:g} s until {what}; last seen: {last!r}")
        time.sleep(poll_s)
