"""partition-ring: each MySQL pod sees its two neighbours in a ring, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.network.cutting.arranged import Arranged
from chaos.topologies import REPLICATED


@dataclass(frozen=True, kw_only=True)
class PartitionRing(Arranged):
    name = "partition-ring"
    does = "each node sees only its two neighbours in a ring, drawn from the seed: each has another view of who is up"
    good = "at most one primary takes writes, whatever each node believes; all agree once it is healed"
    known_as = "Jepsen majorities-ring, up to 5 pods"
    topologies = REPLICATED
    least_pods = 4
    loses_node = True

    def loses_of(self, nodes: int) -> int:
        """Each sees three of all, itself among them: none, while that is a majority of them, else all of them."""
        return 0 if nodes / 2 < 3 else nodes

    def seen_by(self, place: int, pods: Sequence[str]) -> Sequence[str]:
        return pods[place - 1], pods[(place + 1) % len(pods)]
