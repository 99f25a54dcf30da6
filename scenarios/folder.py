"""The run folder: where a run leaves everything by which it can be judged again."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError


class RunFolder:
    """``runs/<scenario>/<UTC time>-<seed>/``; ``runs/latest`` points at the last that was judged."""

    def __init__(self, runs: Path, *, scenario: str, seed: int) -> None:
        self._runs = runs
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.path = fresh(runs / scenario, f"{stamp}-{seed}")
        for part in ("ops", "final", "logs"):
            (self.path / part).mkdir()

    def point_latest(self) -> None:
        """Let ``runs/latest`` point here: only a run that was judged may, not one that broke or was interrupted."""
        point(self._runs / "latest", self.path)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write beside and rename, so that a crash leaves no half file."""
        part = self.path / f"{name}.part"
        part.write_text(json.dumps(content, indent=2, sort_keys=False) + "\n")
        part.replace(self.path / name)

    def write_log(self, container: str, text: bytes, *, hide: list[str]) -> None:
        """Keep a container's log; passwords of the run are blotted out."""
        for secret in hide:
            text = re.sub(re.escape(secret.encode()), b"********", text)
        (self.path / "logs" / f"{container}.log").write_bytes(text)


def fresh(parent: Path, name: str) -> Path:
    """Make a folder of this name, with a number when there is one already: two of one second get a folder each."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{parent}: run folders cannot be made there ({error})") from None
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}.{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            continue
        return folder


def point(link: Path, folder: Path) -> None:
    """Let ``link`` lead to a folder beside or below it; there is never a moment without a link."""
    pointer = link.with_name(f".{link.name}-{folder.name}")
    pointer.symlink_to(folder.relative_to(link.parent))
    pointer.replace(link)
