"""A user's own files on their way to a worker on another machine: as JSON has them, and as files again."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def pack(files: Mapping[str, bytes], environment: Mapping[str, str]) -> dict[str, Any]:
    """files: path below the user's folder -> content. environment: the user's own variables."""
    texts = {path: base64.b64encode(content).decode() for path, content in files.items()}
    return {"files": texts, "environment": dict(environment)}


def unpack(packed: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Write the files below a folder; returns the environment. Raises ValueError for a path that leads out of it."""
    for path, text in packed["files"].items():
        place = (folder / path).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise ValueError(f"{path} leads out of the user's folder")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(base64.b64decode(text))
    return dict(packed["environment"])
