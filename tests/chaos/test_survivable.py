"""How many nodes each topology can lose, and how steps of a timeline add up."""

from __future__ import annotations

import pytest

from chaos.network.partition import Partition
from chaos.network.partition_halves import PartitionHalves
from chaos.network.partition_ring import PartitionRing
from chaos.noop import Noop
from chaos.process.kill import Kill
from chaos.survivable import System, beyond
from chaos.timeline import PlannedFault
from cluster.topologies.lookup import REPLICATIONS, replication_of
from cluster.topology import Kind


@pytest.mark.parametrize(
    ("kind", "nodes", "replicas", "with_primary"),
    [
        ("single", 1, 0, 0),
        ("async", 2, 1, 1), ("async", 3, 2, 1), ("async", 4, 3, 2), ("async", 5, 4, 2),
        ("semisync", 2, 0, 0), ("semisync", 3, 1, 1), ("semisync", 5, 3, 1),
        ("group", 1, 0, 0), ("group", 3, 1, 1), ("group", 4, 1, 1), ("group", 5, 2, 2), ("group", 9, 4, 4),
        ("group-multi", 3, 1, 1), ("group-multi", 5, 2, 2),
    ],
)  # fmt: skip
def test_what_a_topology_can_lose(kind: Kind, nodes: int, replicas: int, with_primary: int) -> None:
    replication = replication_of(kind)
    assert max(0, replication.can_lose(nodes, primary=False)) == replicas
    assert max(0, replication.can_lose(nodes, primary=True)) == with_primary


def test_every_topology_has_the_rule_and_no_fewer_nodes_survive_more() -> None:
    for replication in REPLICATIONS.values():
        for primary in (False, True):
            rising = [replication.can_lose(nodes, primary=primary) for nodes in range(1, 10)]
            assert rising == sorted(rising)


def test_semisync_that_waits_for_two_survives_the_loss_of_more_acknowledgements() -> None:
    assert replication_of("semisync").can_lose(5, primary=True, wait_count=2) == 2
    assert replication_of("semisync").can_lose(5, primary=False, wait_count=2) == 2


def step(target: str, *, at: float | None = 10.0, heal: float | None = 5.0, fault: type = Kill) -> PlannedFault:
    after = None if at is not None else "failover-started"
    return PlannedFault(fault=fault(), target=target, at_s=at, after=after, heal_after_s=heal)  # type: ignore[arg-type]


GROUP = System(replication=replication_of("group"), nodes=3)


def test_steps_that_overlap_add_up() -> None:
    assert beyond([step("primary"), step("one_replica", at=90)], GROUP) is None
    found = beyond([step("primary"), step("one_replica", at=12)], GROUP)
    assert found is not None
    assert (found.steps, found.lost, found.can_lose) == ((0, 1), 2, 1)


def test_a_node_that_was_healed_a_moment_ago_is_not_back_yet() -> None:
    assert beyond([step("primary"), step("one_replica", at=16)], GROUP) is not None


def test_a_group_lets_a_member_in_sooner_that_was_gone_long_enough_to_be_expelled() -> None:
    soon, late = step("primary", heal=4), step("primary", heal=20)
    next_one = step("one_replica", at=56)
    assert beyond([soon, next_one], GROUP) is not None
    assert beyond([late, next_one], GROUP) is None


def test_a_step_that_waits_for_an_event_may_come_at_any_time() -> None:
    assert beyond([step("primary", at=50), step("candidate", at=None)], GROUP) is not None


def test_of_halves_the_smaller_one_is_lost_and_of_two_equal_ones_both() -> None:
    for nodes, survives in ((3, True), (4, False), (5, True)):
        system = System(replication=replication_of("group"), nodes=nodes)
        assert (beyond([step("all", fault=PartitionHalves)], system) is None) is survives
        assert beyond([step("all", fault=PartitionRing)], system) is None


def test_what_takes_no_node_away_does_not_count() -> None:
    nothing = [step("all", fault=Noop), step("agent of all"), step("control_plane", fault=Partition)]
    assert beyond(nothing, GROUP) is None


@pytest.mark.parametrize(
    ("target", "nodes", "too_much"), [("minority", 5, False), ("majority", 5, True), ("all", 3, True)]
)
def test_words_for_several_count_as_many_as_they_mean(target: str, nodes: int, too_much: bool) -> None:
    system = System(replication=replication_of("group"), nodes=nodes)
    assert (beyond([step(target)], system) is not None) == too_much
