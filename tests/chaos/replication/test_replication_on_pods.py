"""Replicas fall behind by what was promised, lose nothing of what they have received, and catch up once healed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chaos.replication import channel
from cluster.cluster import Cluster
from cluster.topology import Topology
from cluster.wait import wait_until
from control.client import ControlHandle
from history import gtid
from tests.chaos.proof import on, prove, prove_change
from tests.chaos.trickle import trickle

pytestmark = pytest.mark.engine

RECOVERY_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def three(cluster: Callable[[Topology], Cluster]) -> Iterator[Cluster]:
    """With a control plane, which starts an applier that has stopped."""
    started = cluster(Topology(kind="semisync", pods=3))
    started.control = ControlHandle()
    started.control.start(started.nodes)
    with trickle(started):
        yield started


@pytest.fixture(scope="module")
def group(cluster: Callable[[Topology], Cluster]) -> Iterator[Cluster]:
    started = cluster(Topology(kind="group", pods=2))
    with trickle(started):
        yield started


def replicas(cluster: Cluster) -> list[str]:
    primary = cluster.membership.primary()
    return [pod for pod in cluster.pods if pod != primary]


def test_an_applier_that_has_stopped_stays_so_whatever_the_control_plane_tries(three: Cluster) -> None:
    victim, other = replicas(three)
    bite = prove("applier-stopped", three, victim, other=other)
    assert bite.seen["error"] == 13496, "the applier's user lacks a privilege"


@pytest.mark.nightly
def test_a_delay_is_as_long_as_it_was_promised(three: Cluster) -> None:
    victim, other = replicas(three)
    bite = prove("replication-delay", three, victim, keys={"delay": "2s"}, other=other)
    assert bite.measures


@pytest.mark.nightly
def test_what_a_replica_has_thrown_away_it_fetches_again_while_its_source_lives(three: Cluster) -> None:
    victim, _ = replicas(three)
    seen = prove_change("relay-log-discarded", three, victim).seen
    assert seen["transactions_discarded"] > 0
    wait_until("it has all of it", lambda: three.membership.has_executed(victim, seen["gtids"]), timeout_s=20)


@pytest.mark.nightly
def test_a_receiver_cannot_connect_however_often_it_tries(three: Cluster) -> None:
    victim, other = replicas(three)
    bite = prove("receiver-stopped", three, victim, other=other)
    assert bite.seen["error"] == 2003


@pytest.mark.nightly
def test_an_applier_waits_for_the_share_of_the_time_that_was_promised(three: Cluster) -> None:
    victim, other = replicas(three)
    prove("slow-applier", three, victim, keys={"stopped": "70%", "period": "500ms"}, other=other)


@pytest.mark.nightly
def test_what_was_received_is_there_when_an_option_is_changed_while_the_receiver_has_stopped(three: Cluster) -> None:
    victim = replicas(three)[0]
    on("replication-delay", three, victim, {"delay": "60s"}).inject()
    three.control.pod.containers["control"].kill()
    try:
        with three.connect(victim) as connection, connection.cursor() as cursor:
            cursor.execute("STOP REPLICA IO_THREAD")
        before = channel.look(three, victim)
        assert before is not None
        on("replication-delay", three, victim).heal()
        after = channel.look(three, victim)
        assert after is not None
        assert (after.receiver, after.delay_s) == ("OFF", 0)
        assert gtid.contains(gtid.parse(after.received), gtid.parse(before.received))
    finally:
        three.control.pod.containers["control"].start()
    three.membership.bring_back(victim, timeout_s=RECOVERY_TIMEOUT_S)


@pytest.mark.nightly
def test_a_member_of_a_group_applies_nothing_while_a_lock_is_held(group: Cluster) -> None:
    (victim,) = replicas(group)
    bite = prove("applier-stopped", group, victim, other=group.membership.primary())
    assert bite.seen["transactions_behind"] > 0
