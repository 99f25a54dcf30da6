"""Every way to replicate, by its word. A file in this folder is enough."""

from __future__ import annotations

import cluster.topologies
from cluster.plug_ins import declared
from cluster.topologies.replication import Replication

#: The order in which they are told to people; others follow by word.
_ORDER = ("single", "async", "semisync", "group", "group-multi")
REPLICATIONS: dict[str, Replication] = declared(cluster.topologies, Replication, word="kind", first=_ORDER)


def replication_of(kind: str) -> Replication:
    """Raises KeyError for a word that is none of `kinds`."""
    return REPLICATIONS[kind]


def kinds() -> tuple[str, ...]:
    return tuple(REPLICATIONS)
