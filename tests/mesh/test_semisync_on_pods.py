"""Semi-sync whose replicas lag: what was acknowledged is in their relay logs alone when the primary dies, and stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pymysql
import pytest

from cluster.cluster import Cluster
from cluster.mysqld.mysqld import DATABASE, PORT, connect
from cluster.topology import Topology
from cluster.wait import wait_until
from control.client import ControlHandle

pytestmark = pytest.mark.engine

TIMEOUT_S = 30.0
ROWS = 20


@pytest.fixture(scope="module")
def system(cluster: Callable[[Topology], Cluster]) -> tuple[Cluster, ControlHandle]:
    started = cluster(Topology(kind="semisync", pods=3))
    control = ControlHandle()
    control.start(started.nodes)
    wait_until("reads are served", lambda: len(control.state()["published"]["read"]) == 2, timeout_s=TIMEOUT_S)
    return started, control


def application(cluster: Cluster, pod: str) -> Any:
    """Not root: fencing ends the application's sessions, and spares an administrator's."""
    password = cluster.credentials.app
    return connect(cluster.hosts[pod], port=PORT, user="meshbench_app", password=password, database=DATABASE)


def deaf(cluster: Cluster, pod: str) -> bool:
    status = cluster.status()[pod]
    return status is not None and not status.receiving


def moving(control: ControlHandle) -> str | None:
    """The step of a failover under way."""
    move = control.state()["move"]
    return str(move["step"]) if move else None


def test_what_replicas_have_received_and_not_applied_survives_a_cut_and_the_death_of_the_primary(
    system: tuple[Cluster, ControlHandle],
) -> None:
    cluster, control = system
    old = cluster.membership.primary()
    replicas = [name for name in cluster.hosts if name != old]
    with cluster.connect(old) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        cursor.execute(f"CREATE TABLE {DATABASE}.acknowledged (number INT PRIMARY KEY)")
    assert cluster.membership.wait_converged(timeout_s=TIMEOUT_S)
    held = [cluster.connect(name, timeout_s=60, database=DATABASE) for name in replicas]
    try:
        for connection in held:  # a backup, or a long query: nothing is applied
            connection.cursor().execute("LOCK TABLES acknowledged READ")
        with application(cluster, old) as connection, connection.cursor() as cursor:
            for number in range(ROWS):
                cursor.execute("INSERT INTO acknowledged VALUES (%s)", (number,))
        for name in replicas:
            for way in (("INPUT", "-s"), ("OUTPUT", "-d")):
                cluster.pods[old].run_in_namespace("iptables", "--wait", "-A", *way, cluster.hosts[name], "-j", "DROP")
        for name in replicas:
            wait_until(f"{name} hears nothing", lambda name=name: deaf(cluster, name), timeout_s=TIMEOUT_S)  # type: ignore[misc]
        begin_s = time.monotonic()  # the primary still answers the control plane, which must now leave them alone
        wait_until("it has looked twenty times", lambda: time.monotonic() - begin_s > 2.0, timeout_s=TIMEOUT_S)
        cluster.pods[old].containers["mysqld"].kill()
        wait_until("a candidate is chosen", lambda: moving(control) == "drain", timeout_s=TIMEOUT_S)
    finally:
        for connection in held:
            connection.close()
    new = wait_until("a replica leads", lambda: control.assignment().primary, timeout_s=TIMEOUT_S)
    assert new in replicas

    def rows() -> int:
        with cluster.connect(new, database=DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM acknowledged")
            return int(cursor.fetchone()[0])

    assert wait_until("it answers", rows, timeout_s=TIMEOUT_S, tolerate=pymysql.MySQLError) == ROWS
