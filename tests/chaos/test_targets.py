"""Whom a word hits, and which step fits where: all without pods."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaos.applicability import misfit as misfit_of
from chaos.events import EVENTS
from chaos.fault import Setting
from chaos.outlook import Handover, Settled, handover
from chaos.registry import FAULTS
from chaos.targets import TARGETS, Aim, NobodyError, majority, minority, part_of, resolve
from chaos.timeline import PlannedFault
from cluster.cluster import Cluster
from cluster.keys import Mistake
from cluster.status.status import Status
from cluster.topologies.lookup import kinds
from cluster.topology import MAX_PODS, Topology


class FakeGuest:
    def __init__(self, *containers: str) -> None:
        self.containers = dict.fromkeys(containers)


class FakeControl:
    def candidate(self) -> str | None:
        return "node3"


class FakeCluster:
    """So many pods, of which node2 led when last all was settled (node1 where it is alone); those named were not in
    service then."""

    def __init__(self, pods: int, *, away: tuple[str, ...] = (), kind: str = "async", mesh: str = "gateway") -> None:
        self.pods: dict[str, object] = {f"node{number + 1}": object() for number in range(pods)}
        self.departed: dict[str, object] = {}
        self.topology = Topology(kind=kind, pods=pods)
        self.control = FakeControl()
        beside = ["envoy"] if mesh == "sidecar" else []
        self.guests = {"load1": FakeGuest("pause", "locust", *beside), "observer": FakeGuest("observer")}
        self.guests |= {"gateway": FakeGuest("pause", "haproxy")} if mesh == "gateway" else {}
        self.front = SimpleNamespace(containers=beside or ["haproxy"])
        self.statuses = {
            name: Status(
                role="replica",
                state="ERROR" if name in away else "ONLINE",
                read_only=True,
                gtid_executed="",
                lag_ms=None,
            )
            for name in self.pods
        }
        self.settled = Settled(primary="node2" if pods > 1 else "node1", statuses=self.statuses)


def hit(word: str, fake: FakeCluster, *, seed: int = 1, made: list[dict[str, Any]] | None = None) -> list[str]:
    aim = Aim(cluster=cast(Cluster, fake), scene=fake, made=made or [], rng=random.Random(seed))
    return resolve(word, aim)


def planned(fault: str, target: Any, *, peer: str | None = None, **plan: Any) -> PlannedFault:
    keys = {} if peer is None else {"peer": peer}
    moment: dict[str, Any] = {} if "after" in plan else {"at_s": 1.0}
    return PlannedFault(fault=FAULTS[fault].read(keys), target=target, **moment, **plan)


def misfit(
    step: PlannedFault, *, kind: str, pods: int, mesh: Any = "gateway", timeline: list[PlannedFault] | None = None
) -> Mistake | None:
    return misfit_of(step, Setting(kind=kind, pods=pods, mesh=mesh), timeline=timeline or [])


def decided(*events: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"event": event, "pod": pod, "detail": {}} for event, pod in events]


@pytest.mark.parametrize("pods", range(1, MAX_PODS + 1))
def test_a_minority_leaves_a_majority_and_a_majority_leaves_none(pods: int) -> None:
    left = pods - minority(pods)
    assert left * 2 > pods
    assert (left - 1) * 2 <= pods, "it is the largest such set"
    left = pods - majority(pods)
    assert left * 2 <= pods
    assert (left + 1) * 2 > pods, "it is the smallest such set"


def test_a_word_for_a_target_means_these_pods() -> None:
    five = FakeCluster(5)
    assert hit("primary", five) == ["node2"]
    assert hit("replicas", five) == ["node1", "node3", "node4", "node5"]
    assert hit("all", five) == ["node1", "node2", "node3", "node4", "node5"]
    assert hit("control_plane", five) == ["control"]
    assert hit("new_replica", five) == ["node6"]
    for seed in range(20):
        assert "node2" not in hit("one_replica", five, seed=seed)
        for word, count in (("minority", 2), ("majority", 3)):
            chosen = hit(word, five, seed=seed)
            assert "node2" in chosen
            assert len(set(chosen)) == len(chosen) == count


def test_the_lot_falls_alike_for_the_same_seed_and_not_always_alike() -> None:
    drawn = [tuple(hit("majority", FakeCluster(5), seed=seed)) for seed in range(20)]
    assert drawn == [tuple(hit("majority", FakeCluster(5), seed=seed)) for seed in range(20)]
    assert len(set(drawn)) > 1


def test_a_replica_out_of_service_is_not_the_one_replica() -> None:
    assert hit("one_replica", FakeCluster(3, away=("node1",))) == ["node3"]
    with pytest.raises(NobodyError, match="no replica is in service"):
        hit("one_replica", FakeCluster(3, away=("node1", "node3")))
    with pytest.raises(NobodyError, match="alone"):
        hit("replicas", FakeCluster(1))
    with pytest.raises(NobodyError, match="no minority"):
        hit("minority", FakeCluster(2))


SUSPECTED = (("primary_suspected", "node2"), ("primary_gone", "node2"))
CHOSEN = (*SUSPECTED, ("fenced", "node2"), ("candidate_chosen", "node1"))
PROMOTED = (*CHOSEN, ("drained", "node1"), ("promoted", "node1"))


@pytest.mark.parametrize(
    ("made", "old", "candidate", "new"),
    [
        ((), None, None, None),
        (SUSPECTED[:1], "node2", None, None),
        (SUSPECTED, "node2", None, None),
        (CHOSEN, "node2", "node1", None),
        (PROMOTED, "node2", None, "node1"),
        ((*CHOSEN, ("candidate_chosen", "node3")), "node2", "node3", None),
        ((*PROMOTED, ("primary_gone", "node1")), "node1", None, None),
    ],
)
def test_a_failover_is_read_from_what_the_control_plane_decided(
    made: tuple[tuple[str, str], ...], old: str | None, candidate: str | None, new: str | None
) -> None:
    assert handover(decided(*made)) == Handover(old=old, candidate=candidate, new=new)


def test_a_switchover_has_an_old_primary_and_a_candidate_too() -> None:
    begun = {"event": "switchover_started", "pod": "node1", "detail": {"old": "node2"}}
    assert handover([begun]) == Handover(old="node2", candidate="node1")
    assert handover([begun, *decided(("primary_gone", "node2"))]) == Handover(old="node2", candidate="node1")
    assert handover([begun, *decided(("promoted", "node1"))]) == Handover(old="node2", new="node1")
    assert handover([begun, *decided(("switchover_refused", "node1"))]) == Handover()


def test_parts_of_a_failover_are_pods() -> None:
    five = FakeCluster(5)
    assert hit("candidate", five, made=decided(*CHOSEN)) == ["node1"]
    assert hit("candidate", five, made=decided(*SUSPECTED)) == ["node3"], "whom the control plane would choose"
    assert hit("candidate", five) == ["node3"]
    assert hit("old_primary", five, made=decided(*PROMOTED)) == ["node2"]
    assert hit("new_primary", five, made=decided(*PROMOTED)) == ["node1"]
    assert hit("primary", five, made=decided(*SUSPECTED)) == ["node2"], "in the middle of it, the last that was settled"
    with pytest.raises(NobodyError, match="no new_primary"):
        hit("new_primary", five, made=decided(*CHOSEN))


def test_whom_a_group_has_elected_is_its_candidate() -> None:
    group = FakeCluster(3, kind="group")
    view = {"node2": "ONLINE/SECONDARY", "node3": "ONLINE/PRIMARY"}
    group.statuses |= {"node3": replace(group.statuses["node3"], view=view)}
    assert hit("candidate", group) == ["node3"]


def test_a_pod_that_was_killed_for_good_is_nobody() -> None:
    three = FakeCluster(3)
    del three.pods["node2"]
    with pytest.raises(NobodyError, match="node2 no longer exists"):
        hit("primary", three)


@pytest.mark.parametrize(
    ("word", "mesh", "pods"),
    [
        ("proxy", "gateway", ["gateway"]),
        ("proxy", "sidecar", ["load1"]),
        ("load", "direct", ["load1"]),
        ("agent of primary", "direct", ["node2"]),
        ("agent of replicas", "direct", ["node1", "node3"]),
        ("proxy of primary", "mtls", ["node2"]),
    ],
)
def test_what_stands_around_the_pods_has_words_too(word: str, mesh: str, pods: list[str]) -> None:
    assert hit(word, FakeCluster(3, mesh=mesh)) == pods
    assert part_of(word) == word.partition(" ")[0]


def test_there_is_no_proxy_where_clients_know_every_pod() -> None:
    with pytest.raises(NobodyError, match="no proxy"):
        hit("proxy", FakeCluster(3, mesh="direct"))


def test_the_name_of_a_pod_that_left_is_not_given_again() -> None:
    fake = FakeCluster(3)
    fake.departed["node4"] = object()
    assert hit("new_replica", fake) == ["node5"]


def test_every_target_is_one_of_some_fault_and_every_fault_has_targets() -> None:
    assert all(fault.targets for fault in FAULTS.values())
    assert {word for fault in FAULTS.values() for word in fault.targets} == set(TARGETS)


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
        ({"fault": "kill", "target": "candidate"}, "semisync", 2),
        ({"fault": "kill", "target": "agent of primary"}, "single", 1),
        ({"fault": "pause", "target": "load"}, "single", 1),
        ({"fault": "partition", "target": "load", "peer": "proxy"}, "group", 3),
        ({"fault": "partition", "target": "old_primary", "peer": "new_primary"}, "async", 3),
    ],
)
def test_a_step_that_its_topology_can_take_is_accepted(step: dict[str, Any], kind: str, pods: int) -> None:
    assert misfit(planned(**step), kind=kind, pods=pods) is None


@pytest.mark.parametrize("mesh", ["gateway", "sidecar", "mtls"])
def test_every_mesh_with_a_proxy_can_lose_it(mesh: str) -> None:
    assert misfit(planned(fault="kill", target="proxy"), kind="async", pods=3, mesh=mesh) is None


@pytest.mark.parametrize(
    ("step", "mesh", "why"),
    [
        ({"fault": "kill", "target": "proxy"}, "direct", "mesh direct has no proxy; targets here: primary, "),
        ({"fault": "kill", "target": "proxy of primary"}, "gateway", "no proxy beside its MySQL pods; targets here: "),
        ({"fault": "partition", "target": "proxy"}, "sidecar", "shares the network of its load pod; target load"),
        ({"fault": "partition", "target": "agent of primary"}, "gateway", "cannot have target agent of primary"),
        ({"fault": "kill", "target": "load"}, "gateway", "kill cannot have target load; it can: primary, "),
        ({"fault": "partition", "target": "load", "peer": "proxy"}, "direct", "it can: primary, replicas"),
    ],
)
def test_what_a_mesh_does_not_have_is_told(step: dict[str, Any], mesh: str, why: str) -> None:
    wrong = misfit(planned(**step), kind="async", pods=3, mesh=mesh)
    assert wrong is not None
    assert why in wrong.why


@pytest.mark.parametrize(
    ("event", "kind", "pods", "why"),
    [
        ("failover-started", "single", 1, "never happens in topology single of 1 pod; it has no event"),
        ("candidate-chosen", "group", 3, "never happens in topology group of 3 pods; it has: failover-started, "),
        ("first-ack", "group-multi", 3, "never happens in topology group-multi of 3 pods"),
        ("promoted", "async", 1, "never happens in topology async of 1 pod"),
        ("clone-started", "group", 3, "never happens without a step scale-out; add one"),
    ],
)
def test_an_event_that_never_comes_is_told(event: Any, kind: str, pods: int, why: str) -> None:
    wrong = misfit(planned(fault="kill", target="primary", after=event), kind=kind, pods=pods)
    assert wrong is not None
    assert (wrong.key, why in wrong.why) == ("after", True)


def test_every_event_happens_in_some_topology() -> None:
    added = planned(fault="scale-out", target="new_replica")
    for event in EVENTS:
        step = planned(fault="kill", target="primary", after=cast(Any, event))
        assert misfit(step, kind="async", pods=3, timeline=[added, step]) is None


@pytest.mark.parametrize(
    ("step", "kind", "pods", "key", "why"),
    [
        ({"fault": "kill", "target": "new_replica"}, "group", 3, "target", "it can: primary, one_replica"),
        ({"fault": "scale-out", "target": "primary"}, "group", 3, "target", "it can: new_replica"),
        ({"fault": "scale-out", "target": "new_replica"}, "single", 1, "fault", "it applies to async, semisync"),
        (
            {"fault": "switchover", "target": "primary"},
            "group-multi",
            3,
            "fault",
            "it applies to async, semisync, group",
        ),
        ({"fault": "switchover", "target": "primary"}, "async", 1, "fault", "at least 2 pods"),
        ({"fault": "kill", "target": "minority"}, "group", 2, "target", "at least 3 pods; topology group has 2"),
        ({"fault": "kill", "target": "one_replica"}, "single", 1, "target", "at least 2 pods"),
        ({"fault": "partition", "target": "all", "peer": "replicas"}, "group", 3, "peer", "none; leave it out"),
        ({"fault": "partition", "target": "primary", "peer": "primary"}, "group", 3, "peer", "replicas, control_plane"),
        ({"fault": "partition", "target": "control_plane", "peer": "replicas"}, "single", 1, "peer", "at least 2"),
        ({"fault": "pause", "target": "primary", "for_good": True}, "group", 3, "heal_after", "only to kill, stop"),
        ({"fault": "switchover", "target": "primary", "heal_after_s": 3.0}, "group", 3, "heal_after", "leave it out"),
        (
            {"fault": "kill", "target": "candidate"},
            "single",
            1,
            "target",
            "it applies to async, semisync, group; targets",
        ),
        ({"fault": "kill", "target": "agent of new_primary"}, "group-multi", 3, "target", "new_primary does not apply"),
        (
            {"fault": "kill", "target": "proxy", "for_good": True},
            "group",
            3,
            "heal_after",
            "never is allowed for MySQL nodes only",
        ),
    ],
)
def test_what_does_not_fit_is_told(step: dict[str, Any], kind: str, pods: int, key: str, why: str) -> None:
    wrong = misfit(planned(**step), kind=kind, pods=pods)
    assert wrong is not None
    assert wrong.key == key
    assert why in wrong.why


def test_every_topology_that_a_fault_names_is_one() -> None:
    assert {kind for fault in FAULTS.values() for kind in fault.topologies} <= set(kinds())
