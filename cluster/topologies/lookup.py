"""Every way to replicate, by its word."""

from __future__ import annotations

from cluster.topologies.group import Group, GroupOfPrimaries
from cluster.topologies.replication import Replication
from cluster.topologies.single import Single
from cluster.topologies.source_replica import Async, SemiSync

#: In the order in which they are told to people. A new one is one more file here and one more name in this line.
_BUILT_IN: tuple[Replication, ...] = (Single(), Async(), SemiSync(), Group(), GroupOfPrimaries())
REPLICATIONS: dict[str, Replication] = {one.kind: one for one in _BUILT_IN}


def replication_of(kind: str) -> Replication:
    """Raises KeyError for a word that is none of `kinds`."""
    return REPLICATIONS[kind]


def kinds() -> tuple[str, ...]:
    return tuple(REPLICATIONS)
