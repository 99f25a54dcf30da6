"""The run folder: where a run leaves everything by which it can be judged again."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError


class RunFolder:
    """``runs/<scenario>/<UTC time>-<seed>/``; ``runs/latest`` points at the newest."""

    def __init__(self, runs: Path, *, scenario: str, seed: int) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.path = self._fresh(runs / scenario, f"{stamp}-{seed}")
        for part in ("ops", "final", "logs"):
            (self.path / part).mkdir()
        latest = runs / "latest"
        pointer = runs / f".latest-{self.path.name}"
        pointer.symlink_to(self.path.relative_to(runs))
        pointer.replace(latest)

    @staticmethod
    def _fresh(parent: Path, name: str) -> Path:
        """Two runs of one second and one seed get a folder each."""
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
