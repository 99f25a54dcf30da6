"""The faults of a run so far, from its ``faults.jsonl`` as the injector writes it, a line a step."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from scenarios.live.state import FaultSeen


class FaultStories:
    """Reads what is new in the file each time it is asked; there may be no file yet."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_bytes = 0
        self._stories: dict[int, FaultSeen] = {}

    def so_far(self) -> tuple[FaultSeen, ...]:
        """By id, which is the order of the timeline. Raises OSError or ValueError where the file cannot be read."""
        if self._file.exists():
            with self._file.open("rb") as file:
                file.seek(self._read_bytes)
                for line in file:
                    if line.endswith(b"\n"):  # else it is being written
                        self._read_bytes += len(line)
                        self._take(json.loads(line))
        return tuple(self._stories[number] for number in sorted(self._stories))

    def _take(self, line: dict[str, Any]) -> None:
        before = self._stories.get(line["id"]) or FaultSeen(
            id=line["id"],
            kind=line.get("kind"),
            fault=line["fault"],
            target=line["target"],
            pod=None,
            steps={},
            ok=None,
            active=False,
        )
        step = line["step"]
        steps = before.steps | {step: line["at_ns"]}
        took_effect = not (line.get("kind") == "change" and line.get("ok") is False)
        self._stories[line["id"]] = replace(
            before,
            pod=line.get("pod") or before.pod,
            steps=steps,
            ok=line.get("ok"),
            active="injected" in steps and not {"healed", "clean"} & steps.keys() and took_effect,
        )
