"""Whom a word hits, and which step fits where: all without pods."""

from __future__ import annotations

import random
from typing import Any, cast, get_args

import pytest

from chaos import FAULTS
from chaos.fits import KINDS_OF, OPERATIONS, TARGETS_OF, misfit
from chaos.injector import PlannedFault
from chaos.targets import TARGETS, Target, majority, minority, resolve
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.status import Status
from cluster.topology import MAX_PODS, Kind


class FakeCluster:
    """So many pods, of which node2 leads (node1 where it is alone) and those named are not in service."""

    def __init__(self, pods: int, *, away: tuple[str, ...] = ()) -> None:
        self.pods: dict[str, object] = {f"node{number + 1}": object() for number in range(pods)}
        self.departed: dict[str, object] = {}
        self._away = away

    def primary(self) -> str:
        return "node2" if len(self.pods) > 1 else "node1"

    def status(self) -> dict[str, Status]:
        def status(name: str) -> Status:
            state = "ERROR" if name in self._away else "ONLINE"
            return Status(role="replica", state=state, read_only=True, gtid_executed="", lag_ms=None)

        return {name: status(name) for name in self.pods}


def hit(word: Target, fake: FakeCluster, *, seed: int = 1) -> list[str]:
    return resolve(word, cast(Cluster, fake), random.Random(seed))


@pytest.mark.parametrize("pods", range(1, MAX_PODS + 1))
def test_a_minority_leaves_a_majority_and_a_majority_leaves_none(pods: int) -> None:
    left = pods - minority(pods)
    assert left * 2 > pods
    assert (left - 1) * 2 <= pods, "it is the largest such set"
    left = pods - majority(pods)
    assert left * 2 <= pods
    assert (left + 1) * 2 > pods, "it is the smallest such set"


def test_words_mean_pods() -> None:
    five = FakeCluster(5)
    assert hit("primary", five) == ["node2"]
    assert hit("replicas", five) == ["node1", "node3", "node4", "node5"]
    assert hit("all", five) == ["node1", "node2", "node3", "node4", "node5"]
    assert hit("control_plane", five) == ["control"]
    assert hit("new_replica", five) == ["node6"]
    for seed in range(20):
        assert "node2" not in hit("one_replica", five, seed=seed)
        for word, count in (("minority", 2), ("majority", 3)):
            chosen = hit(cast(Target, word), five, seed=seed)
            assert "node2" in chosen
            assert len(set(chosen)) == len(chosen) == count


def test_the_lot_falls_alike_for_the_same_seed_and_not_always_alike() -> None:
    drawn = [tuple(hit("majority", FakeCluster(5), seed=seed)) for seed in range(20)]
    assert drawn == [tuple(hit("majority", FakeCluster(5), seed=seed)) for seed in range(20)]
    assert len(set(drawn)) > 1


def test_a_replica_out_of_service_is_not_the_one_replica() -> None:
    assert hit("one_replica", FakeCluster(3, away=("node1",))) == ["node3"]
    with pytest.raises(HarnessError, match="no replica is in service"):
        hit("one_replica", FakeCluster(3, away=("node1", "node3")))
    with pytest.raises(HarnessError, match="alone"):
        hit("replicas", FakeCluster(1))
    with pytest.raises(HarnessError, match="no minority"):
        hit("minority", FakeCluster(2))


def test_the_name_of_a_pod_that_left_is_not_given_again() -> None:
    fake = FakeCluster(3)
    fake.departed["node4"] = object()
    assert hit("new_replica", fake) == ["node5"]


def test_the_table_knows_every_step_and_every_word() -> None:
    assert set(TARGETS_OF) == set(FAULTS)
    assert {word for targets in TARGETS_OF.values() for word in targets} == set(TARGETS)
    assert {name for name, fault in FAULTS.items() if not fault.lasts} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("step", "kind", "pods"),
    [
        ({"fault": "kill", "target": "control_plane"}, "single", 1),
        ({"fault": "kill", "target": "primary", "for_good": True}, "async", 3),
        ({"fault": "pause", "target": "majority"}, "group", 5),
        ({"fault": "partition", "target": "replicas", "peer": "primary"}, "async", 2),
        ({"fault": "partition", "target": "control_plane", "peer": "primary"}, "single", 1),
        ({"fault": "scale-out", "target": "new_replica"}, "group-multi", 1),
        ({"fault": "scale-in", "target": "one_replica"}, "semisync", 2),
        ({"fault": "switchover", "target": "primary"}, "group", 3),
    ],
)
def test_what_fits(step: dict[str, Any], kind: Kind, pods: int) -> None:
    assert misfit(PlannedFault(at_s=1, **step), kind=kind, pods=pods) is None


@pytest.mark.parametrize(
    ("step", "kind", "pods", "key", "why"),
    [
        ({"fault": "kill", "target": "new_replica"}, "group", 3, "target", "it can: primary, one_replica"),
        ({"fault": "scale-out", "target": "primary"}, "group", 3, "target", "it can: new_replica"),
        ({"fault": "scale-out", "target": "new_replica"}, "single", 1, "fault", "it has in async, semisync"),
        ({"fault": "switchover", "target": "primary"}, "group-multi", 3, "fault", "it has in async, semisync, group"),
        ({"fault": "switchover", "target": "primary"}, "async", 1, "fault", "at least 2 pods"),
        ({"fault": "kill", "target": "minority"}, "group", 2, "target", "at least 3 pods; topology group has 2"),
        ({"fault": "kill", "target": "one_replica"}, "single", 1, "target", "at least 2 pods"),
        ({"fault": "kill", "target": "primary", "peer": "replicas"}, "group", 3, "peer", "none; leave it out"),
        ({"fault": "partition", "target": "primary", "peer": "primary"}, "group", 3, "peer", "replicas, control_plane"),
        ({"fault": "partition", "target": "control_plane", "peer": "replicas"}, "single", 1, "peer", "at least 2"),
        ({"fault": "pause", "target": "primary", "for_good": True}, "group", 3, "heal_after", "kill alone"),
        ({"fault": "switchover", "target": "primary", "heal_after_s": 3.0}, "group", 3, "heal_after", "leave it out"),
    ],
)
def test_what_does_not_fit_is_told(step: dict[str, Any], kind: Kind, pods: int, key: str, why: str) -> None:
    wrong = misfit(PlannedFault(at_s=1, **step), kind=kind, pods=pods)
    assert wrong is not None
    assert wrong.key == key
    assert why in wrong.why


def test_every_topology_of_the_table_is_one() -> None:
    assert {kind for kinds in KINDS_OF.values() for kind in kinds} <= set(get_args(Kind))
