"""What load workers say while a run is under way: one JSON object a line, each a class here with what it carries.

`loadgen.worker` says them, on a channel of their own; `scenarios.load` hears them, from load pods directly and from
workers on other machines through Locust's master, which then adds whose they are. Times are CLOCK_MONOTONIC.

    ready     its connections stand                         joined       master: a worker on another machine has a place
    started   the load has begun                            turned-away  master: such a worker was refused
    second    what happened in about a second               lost         master: such a worker no longer answers
    done      the end, in order, with the worker's account  ended        master of a user's locustfile: its account
    error     the end, and why
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import UnionType
from typing import Any, ClassVar, get_args, get_origin, get_type_hints


class LoadEventError(Exception):
    """What was said is no event as it should be; one line that names the event and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class LoadEvent:
    """name: as it is written under ``event``. worker: on another machine, of which Locust's master speaks."""

    name: ClassVar[str]
    worker: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """With its name; what is null is left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"event": self.name} | {name: value for name, value in values.items() if value is not None}

    def to_json(self) -> bytes:
        return json.dumps(self.to_dict()).encode()


@dataclass(frozen=True, kw_only=True)
class Ready(LoadEvent):
    """connected: of its connections. clock: see `Done`."""

    name = "ready"
    connected: int
    clock: list[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Started(LoadEvent):
    name = "started"
    zero_ns: int
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class Second(LoadEvent):
    """t_s: since the load began. offered, ok, fail, unknown, refused: since the last one. backlog, in_flight: now.
    cpu_s, connections_opened: of the process so far, null where it does not know. responses: how long the operations
    took that were acknowledged since the last one, from when they were due: bucket of `loadgen.driver.responses` ->
    operations."""

    name = "second"
    at_ns: int
    t_s: float
    offered: int
    ok: int
    fail: int
    unknown: int
    refused: int
    backlog: int
    in_flight: int
    cpu_s: float | None = None
    connections_opened: int | None = None
    responses: dict[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Done(LoadEvent):
    """The account of one worker. offered = ok + fail + unknown; null is what is not known.

    refused (by the business), overflow and expired are part of fail. in_flight: what the drain gave up in mid-attempt.
    retries: attempts after the first. complete: False when it was stopped early. lateness_ms: quantile -> ms. cpu_s:
    from the first arrival to the end of the drain. task_errors, task_error: of a user's locustfile, how many and the
    first. locustfile: what else it did, `loadgen.user_code.listeners.Watch.account`. clock: readings of the clock of a
    worker on another machine, `loadgen.worker.clock.Reading` as JSON.
    """

    name = "done"
    offered: int
    ok: int
    fail: int
    unknown: int
    refused: int
    overflow: int | None = None
    expired: int | None = None
    retries: int | None = None
    in_flight: int | None = None
    complete: bool = True
    lateness_ms: dict[str, Any] | None = None
    cpu_s: float | None = None
    connections_opened: int | None = None
    task_errors: int | None = None
    task_error: str | None = None
    locustfile: dict[str, Any] | None = None
    clock: list[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Error(LoadEvent):
    """refused: it is the user who can mend it."""

    name = "error"
    message: str
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class Joined(LoadEvent):
    """machine: host, python, cores."""

    name = "joined"
    machine: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TurnedAway(LoadEvent):
    name = "turned-away"
    machine: dict[str, Any]
    why: str


@dataclass(frozen=True, kw_only=True)
class Lost(LoadEvent):
    name = "lost"


@dataclass(frozen=True, kw_only=True)
class Ended(LoadEvent):
    """locustfile: see `Done`."""

    name = "ended"
    locustfile: dict[str, Any]


EVENTS: dict[str, type[LoadEvent]] = {
    kind.name: kind for kind in (Ready, Started, Second, Done, Error, Joined, TurnedAway, Lost, Ended)
}
_HINTS = {
    name: {field.name: get_type_hints(kind)[field.name] for field in fields(kind)} for name, kind in EVENTS.items()
}


def read_line(line: bytes) -> LoadEvent | None:
    """The event of a line of standard output, or None: before our program has begun, others may have printed there.
    Raises LoadEventError."""
    try:
        found = json.loads(line) if line.startswith(b'{"event"') else None
    except ValueError:
        return None
    return read(found) if isinstance(found, dict) else None


def read(found: Mapping[str, Any]) -> LoadEvent:
    """The event of an object as `LoadEvent.to_dict` makes it. Raises LoadEventError."""
    name, values = found.get("event"), {key: value for key, value in found.items() if key != "event"}
    kind = EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise LoadEventError(f"unknown event {name!r}; expected one of {', '.join(EVENTS)}")
    hints = _HINTS[kind.name]
    if missing := [one.name for one in fields(kind) if one.default is MISSING and one.name not in values]:
        raise LoadEventError(f"event {name}: {', '.join(missing)} missing")
    if unknown := [key for key in values if key not in hints]:
        raise LoadEventError(f"event {name}: unknown field {', '.join(unknown)}")
    if wrong := [key for key, value in values.items() if not _fits(value, hints[key])]:
        raise LoadEventError(f"event {name}: {wrong[0]} is {values[wrong[0]]!r:.80}")
    return kind(**values)


def _fits(value: object, hint: Any) -> bool:
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if isinstance(value, bool):  # which Python takes for a number
        return hint is bool
    return isinstance(value, int | float if hint is float else get_origin(hint) or hint)
