"""Targets are words: whom a fault hits is decided when it strikes, from who plays which part then."""

from __future__ import annotations

import random
from typing import Literal, get_args

from cluster import steering
from cluster.cluster import Cluster
from cluster.elastic import next_name
from cluster.errors import HarnessError

Target = Literal["primary", "one_replica", "replicas", "minority", "majority", "all", "control_plane", "new_replica"]
TARGETS: tuple[str, ...] = get_args(Target)


def minority(pods: int) -> int:
    """How many pods can be lost at most so that a majority is left: 2 of 5."""
    return (pods - 1) // 2


def majority(pods: int) -> int:
    """How many pods must be lost at least so that no majority is left: 3 of 5."""
    return (pods + 1) // 2


def resolve(target: Target, cluster: Cluster, rng: random.Random) -> list[str]:
    """The pods that the word means now, in order of their names; raises HarnessError when there is none.

    minority and majority hold the primary, and others drawn by lot.
    """
    if target == "control_plane":
        return [steering.POD]
    if target == "new_replica":
        return [next_name(cluster)]
    if target == "all":
        return sorted(cluster.pods)
    primary = cluster.primary()
    others = sorted(name for name in cluster.pods if name != primary)
    if target == "primary":
        return [primary]
    if target == "one_replica":
        return [_one_in_service(cluster, others, rng)]
    if target == "replicas":
        if not others:
            raise HarnessError("the primary is alone, so there is no replica to break")
        return others
    count = (minority if target == "minority" else majority)(len(cluster.pods))
    if count < 1:
        raise HarnessError(f"{len(cluster.pods)} pods have no {target} to break")
    return sorted([primary, *rng.sample(others, count - 1)])


def _one_in_service(cluster: Cluster, others: list[str], rng: random.Random) -> str:
    statuses = cluster.status()
    serving = [name for name in others if (status := statuses[name]) and status.in_service]
    if not serving:
        raise HarnessError("no replica is in service, so there is none to break")
    return rng.choice(serving)
