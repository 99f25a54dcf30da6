"""faults.jsonl: one line a step of a fault's story, written at once, so that a run that breaks off keeps its part.

Every line carries everything that the step was (`history.fault_lines`), so that nobody has to guess from a name what
was cut off.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chaos.fault import Evidence
from history.fault_lines import Asked, FaultLine, Step


class Story:
    """One fault on one pod. asked: what every line of it says."""

    def __init__(self, record: Record, number: int, asked: Asked) -> None:
        self._record = record
        self._line = FaultLine(**vars(asked), id=number, step="planned")

    def befalls(self, pod: str, *, isolates_from: Sequence[str]) -> None:
        """Now it is known whom it hits, and from whom that pod is cut off: names, or ``all``; none, for most faults."""
        self._line = replace(self._line, pod=(pod,), isolates_from=tuple(isolates_from))

    def note(self, step: Step, at_ns: int | None, evidence: Evidence | None = None) -> None:
        """at_ns: None where it is not known when that will be."""
        line = replace(self._line, step=step, at_ns=at_ns)
        self._record.write(line if evidence is None else replace(line, ok=evidence.ok, evidence=evidence.seen))


class Record:
    """The file, and who has which id: a step of the timeline has its number, further pods it hits have later ones."""

    def __init__(self, file: Path, *, steps: int) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._further_ids = itertools.count(steps)
        file.touch()

    def story(self, asked: Asked, due_ns: int | None, number: int | None = None) -> Story:
        """Begin the story of a planned fault on one more pod. number: of its step in the timeline, None for a further
        pod of the same step."""
        with self._lock:
            own_id = next(self._further_ids) if number is None else number
        story = Story(self, own_id, asked)
        story.note("planned", due_ns)
        return story

    def write(self, line: FaultLine) -> None:
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps(line.as_json()) + "\n")
