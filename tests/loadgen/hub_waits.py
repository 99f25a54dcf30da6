"""Tries HubTransport on socket pairs and prints what happened as JSON; started by test_hub_transport.py.

A process of its own, because gevent must not get into the tests' process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent import socket

from loadgen.wire.gevent_transport import HubTransport

LARGE = bytes(range(256)) * 20_000


def large_message() -> dict[str, Any]:
    """More than any socket buffer holds, to a peer that begins to read late."""
    ours, theirs = socket.socketpair()
    transport = HubTransport(ours, 5.0)
    sender = gevent.spawn(transport.send, LARGE)
    gevent.sleep(0.05)
    waited = not sender.ready()
    arrived = b""
    while len(arrived) < len(LARGE):
        arrived += theirs.recv(1 << 20)
    sender.get(timeout=5)
    return {"waited": waited, "whole": arrived == LARGE}


def stuck_message() -> dict[str, Any]:
    ours, _theirs = socket.socketpair()
    return _fails(HubTransport(ours, 0.1).send, LARGE)


def overdue_answer() -> dict[str, Any]:
    """The first answer comes in time, the second does not; the clock starts anew for each."""
    ours, theirs = socket.socketpair()
    transport = HubTransport(ours, 0.2)
    gevent.spawn_later(0.15, theirs.send, b"first")
    first = transport.receive()
    return {"first": first.decode()} | _fails(transport.receive)


def two_at_once() -> dict[str, Any]:
    """Neither waits for the other."""
    pairs = [socket.socketpair() for _ in range(2)]
    readers = [gevent.spawn(HubTransport(ours, 5.0).receive) for ours, _ in pairs]
    gevent.sleep(0)
    for number, (_, theirs) in reversed(list(enumerate(pairs))):
        theirs.send(b"%d" % number)
    return {"got": [reader.get(timeout=5).decode() for reader in readers]}


def closed_by_the_peer() -> dict[str, Any]:
    ours, theirs = socket.socketpair()
    transport = HubTransport(ours, 5.0)
    theirs.close()
    return {"got": transport.receive().decode()} | _fails(transport.send, b"x")


def unasked_bytes() -> dict[str, Any]:
    """A farewell while nobody waits: it does not keep the hub busy, and is there when somebody asks."""
    ours, theirs = socket.socketpair()
    transport = HubTransport(ours, 5.0)
    theirs.send(b"answer")
    answer = transport.receive()
    theirs.send(b"farewell")
    loop = gevent.get_hub().loop
    before = loop.iteration
    gevent.sleep(0.05)
    return {"turns": loop.iteration - before, "got": [answer.decode(), transport.receive().decode()]}


def ended_while_idle() -> dict[str, Any]:
    """Asked between two answers; whoever asks keeps the turn."""
    pairs = [socket.socketpair() for _ in range(3)]
    transports = [HubTransport(ours, 5.0) for ours, _ in pairs]
    pairs[0][1].send(b"answer")
    transports[0].receive()
    pairs[1][1].send(b"farewell")
    pairs[2][1].close()
    turns: list[str] = []
    gevent.spawn(turns.append, "another's")
    ended = [transport.ended() for transport in transports]
    return {"ended": ended, "turns": turns}


def used_after_close() -> dict[str, Any]:
    ours, _theirs = socket.socketpair()
    transport = HubTransport(ours, 5.0)
    transport.close()
    return _fails(transport.send, b"x")


def _fails(verb: Callable[..., object], *args: bytes) -> dict[str, Any]:
    began = time.monotonic()
    try:
        verb(*args)
    except OSError as error:
        return {"error": type(error).__name__, "after_s": time.monotonic() - began}
    return {"error": None}


if __name__ == "__main__":
    trials = (
        large_message,
        stuck_message,
        overdue_answer,
        two_at_once,
        closed_by_the_peer,
        unasked_bytes,
        ended_while_idle,
        used_after_close,
    )
    print(json.dumps({trial.__name__: trial() for trial in trials}))
