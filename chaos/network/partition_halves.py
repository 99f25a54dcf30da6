"""partition-halves: the MySQL pods fall into two halves that do not see each other; of an odd number one is larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.network.cutting.arranged import Arranged
from chaos.topologies import REPLICATED


@dataclass(frozen=True, kw_only=True)
class PartitionHalves(Arranged):
    name = "partition-halves"
    does = "the nodes fall into two halves, drawn from the seed, while clients see all of them: the split-brain attempt"
    good = "only the half with a majority takes writes, and of two equal halves none; all agree once it is healed"
    known_as = "Jepsen partition-random-halves"
    topologies = REPLICATED
    least_pods = 2
    loses_node = True

    def loses_of(self, nodes: int) -> int:
        """The smaller half; of two equal ones nobody goes on."""
        return nodes // 2

    def seen_by(self, place: int, pods: Sequence[str]) -> Sequence[str]:
        half = len(pods) // 2
        return pods[:half] if place < half else pods[half:]
