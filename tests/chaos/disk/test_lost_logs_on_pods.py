"""Logs of replication that are lost, on pods: purged by the source, or torn by a crash; the replica comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cluster.cluster import Cluster
from cluster.membership import Membership
from cluster.operations.scaling import OWN_VOLUME
from cluster.topology import Topology
from control.client import ControlHandle
from tests.chaos.proof import prove
from tests.chaos.trickle import trickle

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

#: "Got fatal error 1236 from source when reading data from binary log".
ER_SERVER_SOURCE_FATAL_ERROR_READING_BINLOG = 13114


def test_a_replica_that_lost_its_place_is_rebuilt(cluster: Callable[[Topology], Cluster]) -> None:
    started = cluster(Topology(kind="async", pods=3, extras=(OWN_VOLUME,)))
    started.control = ControlHandle()
    started.control.start(started.nodes)
    started.membership = Membership(started.nodes, started.control)
    primary = started.membership.primary()
    replica, other = (pod for pod in started.pods if pod != primary)
    with trickle(started):
        seen = prove("binlog-purged", started, replica, other=other).seen
    assert seen["error"] == ER_SERVER_SOURCE_FATAL_ERROR_READING_BINLOG
    assert started.membership.primary() == primary
    assert started.membership.wait_converged(timeout_s=60)


def test_a_replica_whose_relay_log_is_torn_has_it_sent_again(cluster: Callable[[Topology], Cluster]) -> None:
    started = cluster(Topology(kind="async", pods=2))
    started.control = ControlHandle()
    started.control.start(started.nodes)
    started.membership = Membership(started.nodes, started.control)
    replica = next(pod for pod in started.pods if pod != started.membership.primary())
    with trickle(started):
        assert "relay" in prove("relay-log-torn", started, replica).seen["torn"]
    assert started.membership.wait_converged(timeout_s=60)
