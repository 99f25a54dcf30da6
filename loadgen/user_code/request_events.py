"""A stranger's request event, as an operation of the record, or the reason why it cannot be one.

Locust passes on whatever a file fires: any name, any time, any exception. A name is written down as text of one line; a
time that is none, or that would have begun before the load did, is refused and counted, because one of it among a
thousand would make an outage of years.
"""

from __future__ import annotations

import json
import math
import numbers
from decimal import Decimal
from typing import Any

from history.ops import OpRow
from loadgen.outcome import ERROR_TEXT_LIMIT, errno_of

NAME_LIMIT = 200
#: A clock of the file's own may differ by so much from ours.
BEFORE_LIMIT_NS = 50_000_000
#: MySQL's own numbers end long before.
_MAX_ERRNO = 65_535

EARLY = "begun before the load did, by its response_time"


class RefusedError(Exception):
    """The event is no operation; its text is the reason, one of a handful."""


def row(fields: dict[str, Any], *, key: str, zero_ns: int, now_ns: int) -> tuple[OpRow, bool]:
    """The operation, and whether its name had to be written otherwise. fields: of the event, as they were fired.
    zero_ns: when the load began, 0 before it did. Raises RefusedError."""
    for needed in ("name", "response_time"):
        if needed not in fields:
            raise RefusedError(f"without {needed}")
    start_ns = now_ns - round(_time_ms(fields["response_time"]) * 1e6)
    if not zero_ns or start_ns < zero_ns - BEFORE_LIMIT_NS:
        raise RefusedError(EARLY)
    name, other = plain(fields["name"], limit=NAME_LIMIT)
    exception = fields.get("exception")
    failed = exception is not None and _holds(exception)
    errno = errno_of(exception) if failed and isinstance(exception, BaseException) else None
    operation: OpRow = {
        "process": 0,  # Locust does not tell which user it was
        "f": name,
        "key": key,
        "value": json.dumps({"type": plain(fields.get("request_type"), limit=NAME_LIMIT)[0]}),
        "outcome": "unknown" if failed else "ok",
        "errno": errno if errno is not None and 0 < errno <= _MAX_ERRNO else None,
        "error": plain(_spelt(exception), limit=ERROR_TEXT_LIMIT)[0] if failed else None,
        "attempt": 1,
        "intended_ns": start_ns,
        "start_ns": start_ns,
        "end_ns": now_ns,
        "server": None,
        "gtid": None,
    }
    return operation, other


def plain(value: object, *, limit: int) -> tuple[str, bool]:
    """A value as text of one line that can be shown anywhere, and whether it is not the value as it was."""
    try:
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    except Exception:  # noqa: BLE001  a stranger's __str__
        text = f"({type(value).__name__})"
    shown = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text[: limit + 1])
    if len(shown) > limit:
        shown = f"{shown[: limit - 1]}…"
    return shown, shown != value


def _time_ms(found: object) -> float:
    if found is None:
        raise RefusedError("with response_time None")
    if isinstance(found, bool) or not isinstance(found, numbers.Real | Decimal):
        raise RefusedError(f"with a response_time that is no number ({type(found).__name__:.40})")
    try:
        time_ms = float(found)
    except (OverflowError, ValueError):  # a whole number beyond any float; a signalling NaN
        time_ms = math.inf
    if not math.isfinite(time_ms):
        raise RefusedError(f"with response_time {time_ms}")
    if time_ms < 0:
        raise RefusedError("with a negative response_time")
    return time_ms


def _holds(exception: object) -> bool:
    """Whether it is a failure, as Locust's own statistics read it: any that is true."""
    if isinstance(exception, BaseException):
        return True
    try:
        return bool(exception)
    except Exception:  # noqa: BLE001  a stranger's __bool__
        return True


def _spelt(exception: object) -> object:
    if isinstance(exception, str):
        return exception
    try:
        return repr(exception)
    except Exception:  # noqa: BLE001  a stranger's __repr__
        return f"{type(exception).__name__}, which cannot be shown"
