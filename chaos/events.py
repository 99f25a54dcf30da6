"""What a step of the timeline can wait for, which topologies ever have it, and what tells that it happened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, get_args

from chaos.feed import Feed
from chaos.topologies import ONE_PRIMARY, PROMOTED, REPLICATED
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.topology import Kind

Event = Literal[
    "failover-started",
    "primary-suspected",
    "candidate-chosen",
    "promoted",
    "first-ack",
    "rejoining",
    "clone-started",
]
EVENTS: tuple[str, ...] = get_args(Event)
POLL_S = 0.02


@dataclass(frozen=True, kw_only=True)
class _Known:
    """kinds: the topologies that ever have it. decisions: those of the control plane that tell it."""

    kinds: tuple[Kind, ...]
    decisions: tuple[str, ...] = ()


#: Of a group, whose suspicions may be over between two looks, one that is gone was suspected at the latest then.
KNOWN: Mapping[Event, _Known] = {
    "failover-started": _Known(kinds=REPLICATED, decisions=("primary_gone",)),
    "primary-suspected": _Known(kinds=REPLICATED, decisions=("primary_suspected", "primary_gone")),
    "candidate-chosen": _Known(kinds=PROMOTED, decisions=("candidate_chosen",)),
    "promoted": _Known(kinds=REPLICATED, decisions=("promoted",)),
    "first-ack": _Known(kinds=ONE_PRIMARY, decisions=("promoted",)),
    "rejoining": _Known(kinds=REPLICATED, decisions=("rejoining",)),
    "clone-started": _Known(kinds=REPLICATED),
}

#: Events between which and the next there are only some milliseconds: the control plane waits there until a step that
#: is to strike at once has struck.
HELD: Mapping[Event, str] = {"candidate-chosen": "candidate_chosen"}

#: Waits until a client had a write acknowledged that ended after a time (CLOCK_MONOTONIC ns); returns when that write
#: ended, None when the event is set first.
FirstAck = Callable[[int, threading.Event], int | None]


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Everything that tells of events. zero_ns: of the load; what came before does not count."""

    cluster: Cluster
    feed: Feed
    first_ack: FirstAck
    zero_ns: int

    def wait_for(self, event: Event, over: threading.Event) -> int | None:
        """When it happened for the first time (CLOCK_MONOTONIC ns), as soon as that is known; None when the load is
        over first."""
        if event == "clone-started":
            return self._clone(over)
        decision = self.feed.wait_for(KNOWN[event].decisions, over)
        if decision is None:
            return None
        at_ns = int(decision["at_ns"])
        return self.first_ack(at_ns, over) if event == "first-ack" else at_ns

    def hold(self, event: Event) -> None:
        """Have the control plane wait after an event for who strikes then, if it is one of HELD."""
        if event in HELD:
            with suppress(OSError, HarnessError):  # one that does not answer decides nothing either
                self.cluster.control.hold(HELD[event])

    def release(self, event: Event) -> None:
        if event in HELD:
            with suppress(OSError, HarnessError):  # it goes on by itself after a while
                self.cluster.control.release()

    def _clone(self, over: threading.Event) -> int | None:
        while not over.wait(POLL_S):
            if begun := [at_ns for at_ns in self.cluster.clones_begun_ns if at_ns > self.zero_ns]:
                return begun[0]
        return None


def nobody_listens(_since_ns: int, over: threading.Event) -> int | None:
    """A FirstAck where no client can be heard."""
    over.wait()
    return None
