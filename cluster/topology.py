"""What a cluster is to be: a frozen description, checked by the scenario before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["single", "async", "semisync", "group", "group-multi"]

MAX_PODS = 9


@dataclass(frozen=True, kw_only=True)
class Topology:
    """How many MySQL pods, and how they replicate.

    kind: ``single`` (one pod, no replication), ``async`` or ``semisync`` (one source, GTID auto-position), ``group``
        (Group Replication with one primary) or ``group-multi`` (every member is a primary).
    pods: 1 to MAX_PODS.
    image: a local image reference, or None for the default image.
    config: mysqld options by name, applied after everything else, such as {"sync_binlog": 0}.
    my_cnf: an option file of the user's, read after the image's own and before ``config``, or None.
    """

    kind: Kind
    pods: int
    image: str | None = None
    config: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    my_cnf: Path | None = None

    @property
    def group(self) -> bool:
        """Whether the pods form a group that elects by itself."""
        return is_group(self.kind)

    @property
    def source_replica(self) -> bool:
        """Whether one pod is the source of all others, so that somebody else must fail it over."""
        return is_source_replica(self.kind)

    @property
    def primaries(self) -> int:
        """How many pods take writes when all is well."""
        return self.pods if self.kind == "group-multi" else 1


def is_group(kind: Kind) -> bool:
    return kind in ("group", "group-multi")


def is_source_replica(kind: Kind) -> bool:
    return kind in ("async", "semisync")
