"""Nodes restarted, reconfigured and rebuilt on a real source with its replica, under a trickle of writes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import docker
import pytest

from chaos.sql import value
from cluster.cluster import Cluster
from cluster.membership import Membership
from cluster.operations.scaling import OWN_VOLUME
from cluster.platform.docker_platform import DockerPlatform
from cluster.topology import Topology
from cluster.wait import wait_until
from control.client import ControlHandle
from tests.chaos.proof import prove_change
from tests.chaos.trickle import trickle

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

RECOVERY_TIMEOUT_S = 60
VARIANT = "meshbench-test/mysql:variant"


@pytest.fixture(scope="module")
def pair(cluster: Callable[[Topology], Cluster]) -> Iterator[Cluster]:
    started = cluster(Topology(kind="async", pods=2, extras=(OWN_VOLUME,)))
    started.control = ControlHandle()
    started.control.start(started.nodes)
    started.membership = Membership(started.nodes, started.control)
    with trickle(started):
        yield started


def roles(cluster: Cluster) -> tuple[str, str]:
    primary = cluster.membership.primary()
    return primary, next(pod for pod in cluster.pods if pod != primary)


def test_a_primary_hands_over_before_it_is_restarted(pair: Cluster) -> None:
    primary, replica = roles(pair)
    prove_change("rolling-restart", pair, replica)
    pair.membership.bring_back(replica, timeout_s=RECOVERY_TIMEOUT_S)
    assert pair.membership.primary() == primary, "a replica has nothing to hand over"
    prove_change("rolling-restart", pair, primary)
    pair.membership.bring_back(primary, timeout_s=RECOVERY_TIMEOUT_S)
    assert pair.membership.primary() == replica


def test_a_node_is_restarted_only_for_a_variable_that_is_read_at_start(pair: Cluster) -> None:
    _, replica = roles(pair)
    assert not prove_change("rolling-config", pair, replica, {"variables": {"thread_cache_size": 40}}).seen["restarted"]
    assert prove_change("rolling-config", pair, replica, {"variables": {"back_log": 77}}).seen["restarted"]
    pair.membership.bring_back(replica, timeout_s=RECOVERY_TIMEOUT_S)


@pytest.fixture
def variant(engine: docker.DockerClient) -> Iterator[str]:
    """The default image with another configuration: a second version of MySQL is not everywhere to be had."""
    lines = [
        f"FROM {DockerPlatform().image('mysql')}",
        'RUN sed -i "s/^max_connections = .*/max_connections = 501/" /etc/mysql/my.cnf',
    ]
    engine.images.build(fileobj=io.BytesIO("\n".join(lines).encode()), tag=VARIANT, rm=True)
    yield VARIANT
    engine.images.remove(VARIANT, force=True)


def test_a_node_runs_another_image_on_the_data_that_it_has(pair: Cluster, variant: str) -> None:
    _, replica = roles(pair)
    before = str(value(pair, replica, "SELECT @@server_uuid"))
    seen = prove_change("rolling-upgrade", pair, replica, {"to": variant}).seen
    assert seen["image"] == variant
    assert value(pair, replica, "SELECT @@max_connections") == 501
    assert value(pair, replica, "SELECT @@server_uuid") == before
    pair.membership.bring_back(replica, timeout_s=RECOVERY_TIMEOUT_S)
    assert prove_change("rolling-upgrade", pair, replica, {"to": "default"}).seen["image"] != variant
    pair.membership.bring_back(replica, timeout_s=RECOVERY_TIMEOUT_S)


def test_a_replica_that_was_quarantined_is_rebuilt_and_counts_again(pair: Cluster) -> None:
    _, replica = roles(pair)
    with pair.connect(replica) as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL super_read_only = OFF")
        cursor.execute("CREATE DATABASE errant")
        cursor.execute("SET GLOBAL super_read_only = ON")
        cursor.execute("STOP REPLICA")
    wait_until("it is quarantined", lambda: replica in pair.membership.quarantined(), timeout_s=20)
    seen = prove_change("rebuild", pair, replica).seen
    assert not seen["quarantined"]
    with pair.connect(replica) as connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW DATABASES LIKE 'errant'") == 0
