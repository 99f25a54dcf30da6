"""What load workers say: every event survives its line, and one that is not as it should be is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from history import load_events
from history.load_events import EVENTS, Done, LoadEvent, LoadEventError, read_line

MACHINE = {"host": "there", "python": "3.11.7", "cores": 4}
ACCOUNT = {"exit_code": None, "users": {"started": 2, "why": "zwölf \ud800"}, "shape": {"steps": [[0.0, 5]]}}
CLOCK = [{"at_ns": 5, "offset_ns": -7, "error_ns": 1}]
COUNTS: dict[str, Any] = {"offered": 9, "ok": 7, "fail": 1, "unknown": 1, "refused": 0}
EXAMPLES: list[LoadEvent] = [
    load_events.Ready(connected=4),
    load_events.Ready(connected=4, clock=CLOCK, worker="load2"),
    load_events.Started(zero_ns=5_000_000_000_000, duration_s=60.0),
    load_events.Second(at_ns=7, t_s=1.001, **COUNTS, backlog=0, in_flight=3),
    load_events.Second(at_ns=7, t_s=1.001, **COUNTS, backlog=0, in_flight=3, cpu_s=0.25, connections_opened=4),
    Done(**COUNTS),
    Done(**COUNTS, complete=False, lateness_ms={"p99": None, "max": 3.5}, cpu_s=1.0, retries=2, clock=CLOCK),
    Done(**COUNTS, task_errors=1, task_error="ValueError: x", locustfile=ACCOUNT),
    load_events.Error(message="no such key", refused=True),
    load_events.Error(message="\ud800"),
    load_events.Joined(machine=MACHINE, worker="load2"),
    load_events.TurnedAway(machine=MACHINE, why="all workers of the run have already joined"),
    load_events.Lost(worker="load2"),
    load_events.Ended(locustfile=ACCOUNT),
]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.name)
def test_an_event_survives_its_line(event: LoadEvent) -> None:
    line = event.to_json()
    assert line.startswith(b'{"event"')
    assert b"\n" not in line
    assert read_line(line) == event


def test_every_kind_of_event_is_among_them() -> None:
    assert {event.name for event in EXAMPLES} == set(EVENTS)
    assert set(EVENTS.values()) == set(LoadEvent.__subclasses__())


def test_what_is_null_is_not_written() -> None:
    assert json.loads(load_events.Ready(connected=4).to_json()) == {"event": "ready", "connected": 4}


@pytest.mark.parametrize("name", EVENTS)
def test_a_field_that_is_missing_is_named(name: str) -> None:
    whole = next(event for event in EXAMPLES if event.name == name).to_dict()
    needed = [key for key in whole if key != "event" and not _can_be_left_out(whole, key)]
    assert needed or name == "lost", "which carries only whose it is"
    for key in needed:
        left = {other: value for other, value in whole.items() if other != key}
        with pytest.raises(LoadEventError, match=f"^event {name}: {key} missing$"):
            load_events.read(left)


def _can_be_left_out(whole: dict[str, Any], key: str) -> bool:
    kind = EVENTS[whole["event"]]
    return hasattr(kind, key)  # of a dataclass: it has a default


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"event": "explode"},
            "^unknown event 'explode'; expected one of ready, started, second, done, error, ",
        ),
        ({"event": 7}, "^unknown event 7; expected one of ready, "),
        ({"event": []}, r"^unknown event \[\]; expected one of ready, "),
        ({"event": "started"}, "^event started: zero_ns, duration_s missing$"),
        ({"event": "ready", "connected": 4, "colour": 1}, "^event ready: unknown field colour$"),
        ({"event": "ready", "connected": "four"}, "^event ready: connected is 'four'$"),
        ({"event": "ready", "connected": True}, "^event ready: connected is True$"),
        ({"event": "ready", "connected": None}, "^event ready: connected is None$"),
        ({"event": "error", "message": "x", "refused": 1}, "^event error: refused is 1$"),
        ({"event": "done", **COUNTS, "lateness_ms": [1]}, r"^event done: lateness_ms is \[1\]$"),
    ],
)
def test_one_that_is_malformed_is_named(said: dict[str, Any], message: str) -> None:
    with pytest.raises(LoadEventError, match=message):
        read_line(json.dumps(said).encode())


@pytest.mark.parametrize("line", [b"", b"starting up", b"[1]", b'{"other": 1}', b'{"event": "rea', b'{"event"}'])
def test_what_others_printed_is_no_event(line: bytes) -> None:
    assert read_line(line) is None


def test_a_whole_number_will_do_for_seconds() -> None:
    assert read_line(b'{"event": "started", "zero_ns": 5, "duration_s": 60}') == load_events.Started(
        zero_ns=5, duration_s=60
    )
