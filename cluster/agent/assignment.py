"""Who leads: what the control plane decides, publishes and has the role agents promise, as one JSON object.

An assignment never changes: a new one has a higher ``version``. Agents keep the newest they have heard of, from whoever
told them, on their own disk, so that a promise outlives the agent that made it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

#: Where the control plane answers (`control`).
CONTROL_PORT = 8009


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """epoch: raised with every change of who leads. version: raised with every change whatever.

    primary: the one pod that may take writes, or None while there is none (or, in a group of many primaries, no one).
    pods: name -> address of every pod of the cluster. quarantined: pod -> why it is kept out of service.
    draining: pods about to leave, out of the read pool.
    """

    epoch: int = 0
    version: int = 0
    primary: str | None = None
    pods: Mapping[str, str] = field(default_factory=dict)
    quarantined: Mapping[str, str] = field(default_factory=dict)
    draining: tuple[str, ...] = ()


def encode(assignment: Assignment) -> dict[str, Any]:
    return asdict(assignment)


def decode(written: Mapping[str, Any]) -> Assignment:
    """The assignment that `encode` wrote; raises KeyError or TypeError where it is none."""
    values = {one.name: written[one.name] for one in fields(Assignment)}
    return Assignment(**{**values, "draining": tuple(values["draining"])})


def write_durably(file: Path, written: Mapping[str, Any]) -> None:
    """Replace a JSON file so that a crash at any moment leaves the old content or the new, on disk."""
    scratch = file.with_suffix(".new")
    with scratch.open("w") as output:
        json.dump(written, output)
        output.flush()
        os.fsync(output.fileno())
    scratch.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself must survive as well
    finally:
        os.close(folder)
