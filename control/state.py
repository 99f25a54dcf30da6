"""What the control plane must not forget: the assignment, the move it is in the middle of, and its log of decisions.

Two files in one folder. ``state.json`` is replaced as a whole and is on disk before anybody acts on it;
``decisions.jsonl`` is only ever appended to, one decision a line.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from cluster.agent.assignment import Assignment, decode, write_durably
from control.hold import Hold
from history.decisions import Decision

#: The log starts again after this many bytes, keeping the part before it as ``decisions.1.jsonl``.
LOG_BYTES_MAX = 8_000_000
#: So many decisions are remembered, for those who ask what is new.
KEPT_MAX = 10_000

Event = Literal[
    "started", "restarted", "primary_suspected", "primary_gone", "fenced", "candidate_chosen", "drained", "promoted",
    "repointed", "published", "reopened", "rejoining", "rejoined", "quarantined", "switchover_started",
    "switchover_done", "switchover_refused", "pod_added", "pod_draining", "pod_removed", "no_failover", "held",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Move:
    """The way from one primary to the next.

    why: ``boot`` (the first primary of all), ``failover``, ``switchover``, or ``undo`` of one (the old primary again).
    step: ``fence`` -> ``elect`` -> ``drain`` -> ``open``; from then on the assignment names the new primary, and the
        move ends when it is open.
    lease_ends_ns: CLOCK_MONOTONIC when nobody can hold the old lease any more. received: what the candidate must apply.
    """

    why: Literal["boot", "failover", "switchover", "undo"]
    step: Literal["fence", "elect", "drain", "open"]
    old: str | None = None
    candidate: str | None = None
    lease_ends_ns: int = 0
    received: str = ""


@dataclass(frozen=True, kw_only=True)
class State:
    """leaders: who takes writes in a group, as last seen. before: the pods before a change of pods, as long as the
    primary may not know of that change: until then a failover needs a majority of either list."""

    assignment: Assignment
    move: Move | None = None
    leaders: tuple[str, ...] = ()
    before: tuple[str, ...] | None = None

    @property
    def electorates(self) -> list[list[str]]:
        """Every list of pods by which somebody may be counting."""
        return [list(self.assignment.pods), *([list(self.before)] if self.before else [])]

    def assign(self, *, new_epoch: bool = False, **changes: Any) -> State:
        """The state with another assignment, newer than this one."""
        old = self.assignment
        changed = replace(old, epoch=old.epoch + new_epoch, version=old.version + 1, **changes)
        return replace(self, assignment=changed)


class Store:
    """The folder of one control plane. ``state`` is what is on disk."""

    def __init__(self, folder: Path, first: State) -> None:
        self._file = folder / "state.json"
        self._log = folder / "decisions.jsonl"
        self.hold = Hold()
        self._news = threading.Condition()
        self._made: deque[dict[str, Any]] = deque(self._written(), maxlen=KEPT_MAX)
        self.resumed = self._file.exists()
        self.state = _read(json.loads(self._file.read_text())) if self.resumed else first
        self.save(self.state)

    def save(self, state: State) -> None:
        write_durably(self._file, asdict(state))
        self.state = state

    def log(self, event: Event, pod: str | None = None, **detail: Any) -> None:
        """Note a decision, with the time and the epoch it was taken in; wait, where somebody wants to strike then."""
        epoch = self.state.assignment.epoch
        line = Decision(at_ns=time.monotonic_ns(), event=event, epoch=epoch, pod=pod, detail=detail).as_json()
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES_MAX:
            self._log.replace(self._log.with_name("decisions.1.jsonl"))
        with self._log.open("a") as output:
            output.write(json.dumps(line) + "\n")
            output.flush()
            os.fsync(output.fileno())
        with self._news:
            self._made.append(line)
            self._news.notify_all()
        if (held_s := self.hold.stop_at(event)) is not None:
            self.log("held", pod, at=event, for_ms=round(held_s * 1000, 1))

    def since(self, at_ns: int, *, wait_s: float) -> list[dict[str, Any]]:
        """The decisions taken after a moment, oldest first; waits for the first of them, and no longer than that."""
        with self._news:
            self._news.wait_for(lambda: self._made and self._made[-1]["at_ns"] > at_ns, timeout=wait_s)
            return [one for one in self._made if one["at_ns"] > at_ns]

    def _written(self) -> list[dict[str, Any]]:
        """What stands in the log; a crash may have torn its last line."""
        lines = self._log.read_bytes().splitlines(keepends=True) if self._log.exists() else []
        return [json.loads(line) for line in lines if line.endswith(b"\n")]


def _read(written: Mapping[str, Any]) -> State:
    before, move = written["before"], written["move"]
    return State(
        assignment=decode(written["assignment"]),
        move=Move(**move) if move else None,
        leaders=tuple(written["leaders"]),
        before=tuple(before) if before else None,
    )
