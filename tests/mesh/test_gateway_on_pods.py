"""Every gateway in front of one real group: writes reach the primary, reads a replica, a lost role cuts sessions.

What the observer will read of each proxy is asserted on the way. One cluster carries all of them, one after the other,
and each test begins with all of its pods in service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest

from cluster.cluster import Cluster
from cluster.mysqld.mysqld import connect
from cluster.platform.docker_engine import client
from cluster.platform.platform import CanFreeze
from cluster.topology import Topology
from cluster.wait import wait_until
from control.client import ControlHandle
from mesh import endpoints
from mesh.mesh import Mesh
from mesh.modes.create import create_mesh
from mesh.proxies.proxy import Address, Pools
from mesh.spec import mesh_spec

pytestmark = pytest.mark.engine

#: HAProxy's own defaults are right for production and slow for a test.
SETTINGS: dict[str, dict[str, Any]] = {"envoy": {}, "haproxy": {"check_interval": 0.25, "fall": 2}, "router": {}}


@pytest.fixture(scope="module")
def shared(cluster: Callable[[Topology], Cluster]) -> Cluster:
    started = cluster(Topology(kind="group", pods=3, config={"group_replication_member_expel_timeout": 0}))
    ControlHandle().start(started.nodes)
    return started


@pytest.fixture
def group(shared: Cluster) -> Cluster:
    """With every pod in service, also one that the test before has frozen or killed."""
    for pod in shared.pods:
        shared.membership.bring_back(pod, timeout_s=60)
    return shared


@pytest.fixture(scope="module", params=["envoy", "haproxy", "router"])
def gateway(shared: Cluster, request: pytest.FixtureRequest) -> Iterator[Mesh]:
    mesh = create_mesh(mesh_spec("gateway", request.param, **SETTINGS[request.param]))
    mesh.start(shared)
    yield mesh
    for container in reversed([*shared.guests.pop("gateway").containers.values()]):
        client().containers.get(container.name).remove(force=True)


def through(cluster: Cluster, address: Address) -> Any:
    return connect(address[0], port=address[1], user="root", password=cluster.credentials.root, timeout_s=5)


def answering(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@report_host")
        return str(cursor.fetchone()[0])


def answered_by(cluster: Cluster, address: Address) -> str:
    with through(cluster, address) as connection:
        return answering(connection)


def observed(cluster: Cluster, mesh: Mesh) -> Pools:
    pods = {address: name for name, address in cluster.hosts.items()}
    return endpoints.endpoints(mesh.admin["gateway"], pods=pods, timeout_s=5)


def healthy(pools: Pools, pool: str) -> set[str]:
    return {pod for pod, one in pools[pool].items() if one["healthy"]}


def cut(session: Any) -> bool:
    try:
        answering(session)
    except pymysql.MySQLError:
        return True
    return False


def test_writes_reach_the_primary_and_reads_a_replica(group: Cluster, gateway: Mesh) -> None:
    primary = group.membership.primary()
    replicas = set(group.pods) - {primary}
    assert answered_by(group, gateway.write[0]) == primary
    assert {answered_by(group, gateway.read[0]) for _ in range(10)} <= replicas
    wait_until(
        "every replica is in the read pool", lambda: healthy(observed(group, gateway), "read") == replicas, timeout_s=15
    )
    assert healthy(observed(group, gateway), "write") == {primary}


def test_a_demoted_primary_loses_its_sessions_and_the_new_one_gets_the_next(group: Cluster, gateway: Mesh) -> None:
    old = group.membership.primary()
    new = next(pod for pod in group.pods if pod != old)
    session = through(group, gateway.write[0])
    assert answering(session) == old
    wait_until(
        "the session is counted", lambda: observed(group, gateway)["write"][old]["connections"] == 1, timeout_s=5
    )
    with group.connect(new) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@server_uuid")
        cursor.execute("SELECT group_replication_set_as_primary(%s)", (cursor.fetchone()[0],))
    wait_until("the demoted primary's session is cut", lambda: cut(session), timeout_s=15)
    reached = wait_until(
        "writes are routed again", lambda: answered_by(group, gateway.write[0]), timeout_s=15, tolerate=pymysql.Error
    )
    assert reached == new == group.membership.primary()

    def settled() -> bool:
        pools = observed(group, gateway)
        return healthy(pools, "write") == {new} and pools["write"][old]["connections"] == 0

    wait_until("the proxy shows the new primary, and no session on the old one", settled, timeout_s=15)


# Router knows of a frozen primary only when its own session to it has timed out, 40 s later: too long for a test
@pytest.mark.parametrize("gateway", ["envoy", "haproxy"], indirect=True)
def test_a_frozen_primary_loses_its_sessions_too(group: Cluster, gateway: Mesh) -> None:
    primary = group.membership.primary()
    frozen = group.pods[primary].containers["mysqld"]
    session = through(group, gateway.write[0])
    assert answering(session) == primary
    assert isinstance(frozen, CanFreeze)
    frozen.freeze()
    try:
        with pytest.raises(pymysql.MySQLError) as lost:
            answering(session)
        assert "timed out" not in str(lost.value), "nobody closed the session; the client had to give up by itself"
    finally:
        frozen.thaw()


@pytest.mark.parametrize("gateway", ["router"], indirect=True)
def test_router_learns_from_the_group_that_its_primary_crashed(group: Cluster, gateway: Mesh) -> None:
    old = group.membership.primary()
    session = through(group, gateway.write[0])
    assert answering(session) == old
    mysqld = group.pods[old].containers["mysqld"]
    mysqld.kill()
    try:
        assert cut(session)
        reached = wait_until(
            "writes are routed again",
            lambda: answered_by(group, gateway.write[0]),
            timeout_s=30,
            tolerate=pymysql.Error,
        )
        assert reached != old
        assert reached == group.membership.primary()
        assert old not in healthy(observed(group, gateway), "read")
    finally:
        mysqld.start()
