"""faults.jsonl: one line a step of a fault's story, written at once, so that a run that breaks off keeps its part."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path
from typing import Any, Literal, Protocol

from chaos.fault import Evidence

Step = Literal["planned", "injected", "bitten", "healed", "clean"]


class _Planned(Protocol):
    """What of a planned fault is on every line of its story."""

    @property
    def fault(self) -> str: ...

    @property
    def target(self) -> str: ...

    @property
    def for_good(self) -> bool: ...


class Notebook(Protocol):
    """Writes one step of one fault's story on one pod. at_ns: None where it is not known when that will be."""

    def __call__(self, step: Step, at_ns: int | None, pod: str | None, evidence: Evidence | None = None) -> None: ...


class Record:
    """The file, and who has which id: a step of the timeline has its number, further pods it hits have later ones."""

    def __init__(self, file: Path, *, steps: int) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._further_ids = itertools.count(steps)
        file.touch()

    def notebook(self, planned: _Planned, due_ns: int | None, number: int | None = None) -> Notebook:
        """Begin the story of a planned fault on one more pod. number: of its step in the timeline, None for a further
        pod of the same step."""
        with self._lock:
            own_id = next(self._further_ids) if number is None else number

        def note(step: Step, at_ns: int | None, pod: str | None, evidence: Evidence | None = None) -> None:
            line: dict[str, Any] = {"id": own_id, "step": step, "at_ns": at_ns, "fault": planned.fault}
            line |= {"target": planned.target, "pod": pod}
            if planned.for_good:
                line["for_good"] = True
            if evidence is not None:
                line |= {"ok": evidence.ok, "evidence": evidence.seen}
            with self._lock, self._file.open("a") as file:
                file.write(json.dumps(line) + "\n")

        note("planned", due_ns, None)
        return note
