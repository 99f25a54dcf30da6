"""Targets are words: whom a fault hits is decided when it strikes, from who plays which part then."""

from __future__ import annotations

import random
from typing import Literal, get_args

from cluster.cluster import Cluster
from cluster.errors import HarnessError

Target = Literal["primary", "one_replica"]
TARGETS: tuple[str, ...] = get_args(Target)


def needs_replicas(target: Target) -> bool:
    return target == "one_replica"


def resolve(target: Target, cluster: Cluster, rng: random.Random) -> str:
    """The pod that the word means now; raises HarnessError when there is none."""
    primary = cluster.primary()
    if target == "primary":
        return primary
    replicas = [name for name, status in cluster.status().items() if name != primary and status and status.in_service]
    if not replicas:
        raise HarnessError("no replica is in service, so there is none to break")
    return rng.choice(sorted(replicas))
