"""What a topology survives: whether a timeline takes more nodes away at the same time than writes can go on without.

The rule itself is each topology's own (`Replication.can_lose`). Here the steps are counted, the worst case of each
target's word, from the moment that a step strikes until its nodes have had time to come back. Only faults that take a
node from its peers count (`Fault.loses_node`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.targets import majority, minority, node_of, part_of
from chaos.timeline import PlannedFault
from cluster.topologies.replication import Replication


@dataclass(frozen=True, kw_only=True)
class System:
    """What the steps are to strike. wait_count: how many replicas a commit waits for, where it waits for any."""

    replication: Replication
    nodes: int
    wait_count: int = 1

    def can_lose(self, *, primary: bool) -> int:
        return max(0, self.replication.can_lose(self.nodes, primary=primary, wait_count=self.wait_count))

    @property
    def can_lose_any(self) -> int:
        """Whoever they are."""
        return min(self.can_lose(primary=True), self.can_lose(primary=False))


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """steps: the indices of those that are too much together. lost, can_lose: how many nodes, at most."""

    steps: tuple[int, ...]
    lost: int
    can_lose: int


def beyond(timeline: Sequence[PlannedFault], system: System) -> Beyond | None:
    """The first moment at which too many nodes are gone; None where there is none."""
    for begin in sorted({_begin_s(step) for step in timeline}):
        active = [number for number, step in enumerate(timeline) if _begin_s(step) <= begin < _end_s(step, system)]
        losing = [number for number in active if taken(timeline[number], system.nodes)]
        lost = min(system.nodes, sum(taken(timeline[number], system.nodes) for number in losing))
        primary = any(_may_hit_primary(timeline[number]) for number in losing)
        can_lose = system.can_lose(primary=primary)
        if lost > can_lose:
            return Beyond(steps=tuple(losing), lost=lost, can_lose=can_lose)
    return None


def taken(step: PlannedFault, nodes: int) -> int:
    """How many nodes a step takes from their peers, at most."""
    if not step.fault.loses_node or part_of(step.target) != "node":
        return 0
    if step.fault.one_by_one:
        return 1
    counts = {"all": nodes, "replicas": nodes - 1, "minority": minority(nodes), "majority": majority(nodes)}
    return step.fault.loses_of(counts.get(node_of(step.target), 1))


def _may_hit_primary(step: PlannedFault) -> bool:
    """A candidate is hit in the middle of a failover; who was primary may be it again."""
    return node_of(step.target) not in ("one_replica", "replicas")


def _begin_s(step: PlannedFault) -> float:
    """A step that waits for an event may come at any moment."""
    return 0.0 if step.at_s is None else step.at_s


def _end_s(step: PlannedFault, system: System) -> float:
    """After it was healed a node joins again and catches up, and is no full node before."""
    if step.for_good or step.at_s is None or step.heal_after_s is None:
        return float("inf")
    back_s = system.replication.back_s(step.heal_after_s, crashed=step.fault.crashes)
    return round(step.at_s + step.heal_after_s + back_s, 3)  # as moments are: a millisecond is nobody's aim
