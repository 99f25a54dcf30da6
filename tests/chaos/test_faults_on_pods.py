"""Every fault on a real group of three: it does not show before, bites on the pod it hit and on no other, and is gone.

One cluster serves all of them in turn; each test leaves it whole, which the next one would notice.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from chaos.fault import Context, Fault, Injection, Victim, await_evidence
from chaos.network.partition import Partition
from chaos.outlook import Outlook
from chaos.probes import answers, bystander, reached
from chaos.process.kill import Kill
from chaos.registry import FAULTS
from chaos.targets import Aim, resolve
from cluster.cluster import Cluster
from cluster.topology import Topology
from cluster.wait import wait_until
from history.fault_lines import Part

pytestmark = pytest.mark.engine

RECOVERY_TIMEOUT_S = 120
#: One or two of a family are tried in `make test`, all of them in `make nightly`.
IN_EACH = ("noop", "kill", "pause", "partition", "delay", "cpu-throttle")
NIGHTLY = (pytest.mark.nightly,)


@pytest.fixture(scope="module")
def group(cluster: Callable[[Topology], Cluster]) -> Cluster:
    config = {"group_replication_member_expel_timeout": 0}
    return cluster(Topology(kind="group", pods=3, config=config))


def writable(group: Cluster, pods: list[str]) -> bool:
    statuses = group.status()
    return any(one is not None and one.writable for one in map(statuses.get, pods))


def on(fault: Fault, group: Cluster, pod: str, *, part: Part = "node", peers: tuple[str, ...] = ()) -> Injection[Any]:
    return fault.on(Victim(pod=pod, part=part), Context(cluster=group, peers=peers))


#: Those that a node without a mesh, started as ever, can have; the others, and what people do to a node, have tests of
#: their own.
OF_NODES = [
    name
    for name, fault in FAULTS.items()
    if fault.lasts
    and "primary" in fault.targets
    and "direct" in fault.meshes
    and fault.family() != "changes"
    and not fault.extras
]


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in IN_EACH else NIGHTLY) for name in OF_NODES])
def test_a_fault_bites_its_pod_alone_and_leaves_nothing(group: Cluster, name: str) -> None:
    fault = FAULTS[name].read(FAULTS[name].example)
    victim = group.membership.primary()
    other = next(pod for pod in group.pods if pod != victim)
    injection = on(fault, group, victim)
    assert not injection.effect().ok, "a sound pod must not look broken"

    injection.inject()
    try:
        bite = await_evidence(f"{name} shows", injection.effect, timeout_s=10)
        assert bite.ok, bite.seen
        assert not injection.residue().ok, "a broken pod must not look clean"
        assert not on(fault, group, other).effect().ok, "the fault hit a pod it was not aimed at"
        if fault.loses_node:
            others = [pod for pod in group.pods if pod != victim]
            wait_until("the others elect a primary", lambda: writable(group, others), timeout_s=60)
    finally:
        on(fault, group, victim).heal()  # as another process would, which knows nothing of the injection
    injection.heal()  # twice is as good as once

    group.membership.bring_back(victim, timeout_s=RECOVERY_TIMEOUT_S)
    clean = await_evidence(f"{name} is gone", injection.residue, timeout_s=10)
    assert clean.ok, clean.seen
    assert answers(group, Victim(pod=victim))
    assert reached(group, victim, peer=str(bystander(group, victim)))
    assert group.membership.wait_converged(timeout_s=RECOVERY_TIMEOUT_S)


@pytest.mark.parametrize("name", ["kill", "pause", "agent-lies", "agent-slow"])
def test_an_agent_is_broken_without_its_mysqld(group: Cluster, name: str) -> None:
    victim = group.membership.primary()
    injection = on(FAULTS[name].read({}), group, victim, part="agent")
    assert not injection.effect().ok
    injection.inject()
    try:
        bite = await_evidence(f"{name} shows", injection.effect, timeout_s=10)
        assert bite.ok, bite.seen
        assert answers(group, Victim(pod=victim)), "mysqld goes on"
        assert not injection.residue().ok
    finally:
        injection.heal()
    clean = await_evidence(f"{name} is gone", injection.residue, timeout_s=10)
    assert clean.ok, clean.seen


def test_whom_a_group_would_elect_is_whom_it_elects(group: Cluster) -> None:
    heavy = max(set(group.pods) - {group.membership.primary()})
    with group.connect(heavy) as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL group_replication_member_weight = 70")
    scene, old = Outlook(group), group.membership.primary()
    scene.start()
    try:
        aim = Aim(cluster=group, scene=scene, made=[], rng=random.Random(1))
        assert resolve("candidate", aim) == [heavy]
        kill = on(Kill(), group, old)
        kill.inject()
        try:
            wait_until("the others elect a primary", lambda: writable(group, [heavy]), timeout_s=60)
            wait_until("it is seen to be settled", lambda: scene.settled.primary == heavy, timeout_s=10)
        finally:
            kill.heal()
    finally:
        scene.stop()
    group.membership.bring_back(old, timeout_s=RECOVERY_TIMEOUT_S)
    assert group.membership.wait_converged(timeout_s=RECOVERY_TIMEOUT_S)


def test_a_partition_from_some_peers_leaves_the_others_connected(group: Cluster) -> None:
    victim = group.membership.primary()
    peer, other = sorted(set(group.pods) - {victim})
    cut = on(Partition(), group, victim, peers=(peer,))
    assert not cut.effect().ok
    cut.inject()
    try:
        bite = await_evidence("the cut shows", cut.effect, timeout_s=10)
        assert bite.ok, bite.seen
        assert bite.seen["reached_from"] == {peer: False}
        assert bite.seen["reached_from_bystander"] == {other: True}
        assert not reached(group, peer, peer=victim), "both directions are cut"
        assert reached(group, other, peer=victim)
    finally:
        cut.heal()
    clean = await_evidence("the cut is gone", cut.residue, timeout_s=10)
    assert clean.ok, clean.seen
    group.membership.bring_back(victim, timeout_s=RECOVERY_TIMEOUT_S)
    assert group.membership.wait_converged(timeout_s=RECOVERY_TIMEOUT_S)


@pytest.mark.nightly
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restarted_pod_was_gone_and_is_back_in_the_group(group: Cluster, how: str) -> None:
    victim = group.membership.primary()
    other = next(pod for pod in group.pods if pod != victim)
    restart, bystanding = (on(FAULTS["restart"].read({"how": how}), group, pod) for pod in (victim, other))
    assert not restart.effect().ok
    restart.inject()
    assert restart.effect().ok, restart.effect().seen
    assert restart.effect().seen["ended_with"] == (0 if how == "stop" else 137)
    assert not bystanding.effect().ok
    restart.heal()
    group.membership.bring_back(victim, timeout_s=RECOVERY_TIMEOUT_S)
    assert restart.residue().ok, restart.residue().seen
    assert group.membership.wait_converged(timeout_s=RECOVERY_TIMEOUT_S)
