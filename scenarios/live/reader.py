"""The runs under way in a runs folder, as they publish themselves (`scenarios.live.publisher`)."""

from __future__ import annotations

from pathlib import Path

from cluster.platform import ownership
from scenarios.live.publisher import FOLDER
from scenarios.live.state import Snapshot, snapshot_of


def reader(runs: Path) -> list[Snapshot]:
    """By when they started. A run whose process is gone, as after SIGKILL, is none; neither is a file that cannot be
    read: another version's, or one that is removed this moment."""
    found = []
    for file in (runs / FOLDER).glob("*.json"):
        try:
            snapshot = snapshot_of(file.read_bytes())
        except OSError:
            continue
        if snapshot is not None and ownership.lives(snapshot.owner):
            found.append(snapshot)
    return sorted(found, key=lambda snapshot: (snapshot.started_at, snapshot.run_id))
