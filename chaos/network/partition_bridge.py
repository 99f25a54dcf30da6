"""partition-bridge: the MySQL pods fall into two halves that do not see each other, and one pod that both see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.network.cutting.arranged import Arranged
from chaos.topologies import REPLICATED


@dataclass(frozen=True, kw_only=True)
class PartitionBridge(Arranged):
    name = "partition-bridge"
    does = "two halves that see each other only by way of one node, drawn from the seed: who is up is not transitive"
    bites = "no pod that is cut off can connect, packets were dropped, and what is to stay connected still is"
    good = "at most one primary takes writes, whatever each half believes; all agree once it is healed"
    known_as = "Jepsen partition bridge"
    topologies = REPLICATED
    least_pods = 3

    def seen_by(self, place: int, pods: Sequence[str]) -> Sequence[str]:
        bridge, sides = pods[0], (pods[1 : len(pods) // 2 + 1], pods[len(pods) // 2 + 1 :])
        if place == 0:
            return pods
        return [bridge, *next(side for side in sides if pods[place] in side)]
