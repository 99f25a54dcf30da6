"""The topologies that targets, events and faults name: what has replicas, and what has one primary and replicas."""

from __future__ import annotations

from typing import get_args

from cluster.topology import Kind, is_source_replica

ALL: tuple[Kind, ...] = get_args(Kind)
SOURCE_REPLICA: tuple[Kind, ...] = tuple(kind for kind in ALL if is_source_replica(kind))
ONE_PRIMARY: tuple[Kind, ...] = (*SOURCE_REPLICA, "group")
REPLICATED: tuple[Kind, ...] = (*ONE_PRIMARY, "group-multi")
