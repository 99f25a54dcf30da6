"""Cuts on a real group of four: all nodes at once, one kind of traffic, one way; each bites and leaves nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from chaos.fault import Context, Evidence, Injection, Victim, await_evidence
from chaos.registry import FAULTS
from cluster.cluster import Cluster
from cluster.topology import Topology

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

RECOVERY_TIMEOUT_S = 120


@pytest.fixture(scope="module")
def group(cluster: Callable[[Topology], Cluster]) -> Cluster:
    return cluster(Topology(kind="group", pods=4))


def replica(group: Cluster) -> str:
    primary = group.membership.primary()
    return next(pod for pod in group.pods if pod != primary)


def proved(
    group: Cluster, name: str, pods: Sequence[str], keys: Mapping[str, Any], *, peers: tuple[str, ...] = ()
) -> list[Evidence]:
    """What each bite showed. Broken by one object, healed by another, and sound again afterwards."""
    fault = FAULTS[name].read(keys)
    context = Context(cluster=group, peers=peers, rng=random.Random(7))
    injections: list[Injection[Any]] = fault.aimed([Victim(pod=pod) for pod in pods], context)
    assert not any(injection.effect().ok for injection in injections), "a sound pod must not look broken"
    try:
        for injection in injections:
            injection.inject()
        bites = [await_evidence(f"{name} shows", injection.effect, timeout_s=10) for injection in injections]
        assert all(bite.ok for bite in bites), bites
        assert not any(injection.residue().ok for injection in injections), "a broken pod must not look clean"
    finally:
        for injection in injections:
            fault.on(injection.victim, injection.context).heal()
    for injection in injections:
        injection.heal()
        group.membership.bring_back(injection.pod, timeout_s=RECOVERY_TIMEOUT_S)
    for injection in injections:
        clean = await_evidence(f"{name} is gone", injection.residue, timeout_s=20)
        assert clean.ok, clean.seen
    assert group.membership.wait_converged(timeout_s=RECOVERY_TIMEOUT_S)
    return bites


@pytest.mark.parametrize("name", ["partition-halves", "partition-ring", "partition-bridge"])
def test_all_nodes_are_arranged_at_once_and_see_each_other_again(group: Cluster, name: str) -> None:
    bites = proved(group, name, sorted(group.pods), {})
    assert len(bites) == (3 if name == "partition-bridge" else 4), "a bridge is cut off from nobody"


def test_group_communication_alone_is_cut_and_health_checks_pass(group: Cluster) -> None:
    (bite,) = proved(group, "partition", [replica(group)], {"only": "replication"})
    assert set(bite.seen["other_port_reached_from"].values()) == {True}


@pytest.mark.parametrize("direction", ["to", "from"])
def test_a_cut_goes_one_way_and_packets_arrive_the_other(group: Cluster, direction: str) -> None:
    primary, pod = group.membership.primary(), replica(group)
    (bite,) = proved(group, "partition", [pod], {"direction": direction}, peers=(primary,))
    assert bite.seen["packets_arrive_at"] == {pod if direction == "to" else primary: True}


@pytest.mark.parametrize("direction", ["to", "from", "both"])
def test_big_packets_vanish_in_the_direction_that_is_hit(group: Cluster, direction: str) -> None:
    (bite,) = proved(group, "mtu-black-hole", [replica(group)], {"direction": direction})
    assert bite.seen["small_acknowledged"] is True


def test_a_name_that_does_not_resolve_does_not_in_mysqld_s_own_container_either(group: Cluster) -> None:
    pod, primary = replica(group), group.membership.primary()
    fault = FAULTS["dns-failure"].read({}).on(Victim(pod=pod), Context(cluster=group))
    mysqld = group.pods[pod].containers["mysqld"]
    asked = ("timeout", "5", "getent", "hosts")
    assert mysqld.exec(*asked, primary)[0] == 0
    fault.inject()
    try:
        assert mysqld.exec(*asked, primary)[0] != 0
        assert mysqld.exec(*asked, pod)[0] == 0, "its own name still does"
    finally:
        fault.heal()
    assert mysqld.exec(*asked, primary)[0] == 0
