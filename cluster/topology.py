"""What a cluster is to be: a frozen description, checked by the scenario before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster.extras import Extra
from cluster.topologies.lookup import replication_of
from cluster.topologies.replication import Replication, primaries

#: The word for a way to replicate: one of `cluster.topologies.lookup.kinds`.
Kind = str

MAX_PODS = 9


@dataclass(frozen=True, kw_only=True)
class Topology:
    """How many MySQL pods, and how they replicate.

    kind: ``single`` (one pod, no replication), ``async`` or ``semisync`` (one source, GTID auto-position), ``group``
        (Group Replication with one primary) or ``group-multi`` (every member is a primary).
    pods: 1 to MAX_PODS.
    image: a local image reference, or None for the default image.
    default_image: the reference of that, once a run has resolved it (`cluster.platform.platform.Platform`).
    config: mysqld options by name, applied after everything else, such as {"sync_binlog": 0}.
    my_cnf: an option file of the user's, read after the image's own and before ``config``, or None.
    extras: what its nodes are started with beside, because a fault works through it; each once.
    """

    kind: Kind
    pods: int
    image: str | None = None
    default_image: str | None = None
    config: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    my_cnf: Path | None = None
    extras: tuple[Extra, ...] = ()

    @property
    def replication(self) -> Replication:
        return replication_of(self.kind)

    @property
    def primaries(self) -> int:
        """How many pods take writes when all is well."""
        return primaries(self.replication, self.pods)
