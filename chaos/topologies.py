"""The topologies that targets, events and faults name, by what each says of itself."""

from __future__ import annotations

from cluster.topologies.lookup import REPLICATIONS
from cluster.topologies.replication import CanPromote
from cluster.topology import Kind

ALL: tuple[Kind, ...] = tuple(REPLICATIONS)
REPLICATED: tuple[Kind, ...] = tuple(kind for kind, way in REPLICATIONS.items() if way.replicates)
ONE_PRIMARY: tuple[Kind, ...] = tuple(kind for kind in REPLICATED if not REPLICATIONS[kind].multi_primary)
#: Where the control plane chooses the next primary.
PROMOTED: tuple[Kind, ...] = tuple(kind for kind, way in REPLICATIONS.items() if isinstance(way, CanPromote))
