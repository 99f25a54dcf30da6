"""faults.jsonl: one line a step of a fault's story, written at once, so that a run that breaks off keeps its part.

Every line carries everything that the step was (design: ``id step at_ns kind fault target hits pod peer isolates_from
after heal_after_s for_good parameters ok evidence``), so that nobody has to guess from a name what was cut off.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from chaos.fault import Evidence

Step = Literal["planned", "injected", "bitten", "healed", "clean"]


class Story:
    """One fault on one pod. asked: what every line of it says."""

    def __init__(self, record: Record, number: int, asked: Mapping[str, Any]) -> None:
        self._record = record
        self._number = number
        self._asked = dict(asked)
        self._hit: dict[str, Any] = {"pod": None, "isolates_from": None}

    def befalls(self, pod: str, *, isolates_from: Sequence[str]) -> None:
        """Now it is known whom it hits, and from whom that pod is cut off: names, or ``all``; none, for most faults."""
        self._hit = {"pod": pod, "isolates_from": list(isolates_from)}

    def note(self, step: Step, at_ns: int | None, evidence: Evidence | None = None) -> None:
        """at_ns: None where it is not known when that will be."""
        line: dict[str, Any] = {"id": self._number, "step": step, "at_ns": at_ns, **self._asked, **self._hit}
        if evidence is not None:
            line |= {"ok": evidence.ok, "evidence": evidence.seen}
        self._record.write(line)


class Record:
    """The file, and who has which id: a step of the timeline has its number, further pods it hits have later ones."""

    def __init__(self, file: Path, *, steps: int) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._further_ids = itertools.count(steps)
        file.touch()

    def story(self, asked: Mapping[str, Any], due_ns: int | None, number: int | None = None) -> Story:
        """Begin the story of a planned fault on one more pod. number: of its step in the timeline, None for a further
        pod of the same step."""
        with self._lock:
            own_id = next(self._further_ids) if number is None else number
        story = Story(self, own_id, asked)
        story.note("planned", due_ns)
        return story

    def write(self, line: Mapping[str, Any]) -> None:
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")
