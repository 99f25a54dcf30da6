"""The gateway in front of a real group: writes reach the primary, reads a replica, and a lost role cuts sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pymysql
import pytest

from cluster.cluster import Cluster
from cluster.mysqld import connect
from cluster.topology import Topology
from cluster.wait import wait_until
from mesh.gateway import create_mesh
from mesh.spec import Address, Mesh, gateway_spec

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def group(cluster: Callable[[Topology], Cluster]) -> Cluster:
    return cluster(Topology(kind="group", pods=3))


@pytest.fixture(scope="module")
def gateway(group: Cluster) -> Mesh:
    mesh = create_mesh(gateway_spec("envoy"), group)
    mesh.start()
    return mesh


def through(cluster: Cluster, address: Address) -> Any:
    return connect(address[0], port=address[1], user="root", password=cluster.credentials.root, timeout_s=5)


def answering(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@report_host")
        return str(cursor.fetchone()[0])


def answered_by(cluster: Cluster, address: Address) -> str:
    with through(cluster, address) as connection:
        return answering(connection)


def test_writes_reach_the_primary_and_reads_a_replica(group: Cluster, gateway: Mesh) -> None:
    primary = group.primary()
    assert answered_by(group, gateway.write[0]) == primary
    assert {answered_by(group, gateway.read[0]) for _ in range(10)} <= set(group.pods) - {primary}


def test_a_demoted_primary_loses_its_sessions_and_the_new_one_gets_the_next(group: Cluster, gateway: Mesh) -> None:
    old = group.primary()
    new = next(pod for pod in group.pods if pod != old)
    session = through(group, gateway.write[0])
    assert answering(session) == old
    with group.connection(new) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@server_uuid")
        cursor.execute("SELECT group_replication_set_as_primary(%s)", (cursor.fetchone()[0],))

    def cut() -> bool:
        try:
            answering(session)
        except pymysql.MySQLError:
            return True
        return False

    wait_until("the demoted primary's session is cut", cut, timeout_s=15)
    reached = wait_until(
        "writes are routed again", lambda: answered_by(group, gateway.write[0]), timeout_s=15, tolerate=pymysql.Error
    )
    assert reached == new == group.primary()


def test_a_frozen_primary_loses_its_sessions_too(group: Cluster, gateway: Mesh) -> None:
    frozen = group.pods[group.primary()].containers["mysqld"]
    session = through(group, gateway.write[0])
    assert answering(session) == group.primary()
    frozen.pause()
    try:
        with pytest.raises(pymysql.MySQLError) as lost:
            answering(session)
        assert "timed out" not in str(lost.value), "nobody closed the session; the client had to give up by itself"
    finally:
        frozen.unpause()
