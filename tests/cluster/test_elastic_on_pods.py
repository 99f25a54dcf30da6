"""A group that loses its majority gets it back; a pod joins it by CLONE and another leaves, all while rows arrive.

One cluster serves all tests in turn: a test that leaves it broken breaks the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.operations.scaling import add_pod, next_name, remove_pod
from cluster.topologies.group import XCOM_PORT
from cluster.topology import Topology
from cluster.wait import wait_until

pytestmark = pytest.mark.engine

RECOVERY_TIMEOUT_S = 150


@pytest.fixture(scope="module")
def group(cluster: Callable[..., Cluster]) -> Cluster:
    config: dict[str, str | int | float | bool] = {"group_replication_member_expel_timeout": 0}
    running = cluster(Topology(kind="group", pods=3, config=config), spare_pods=1)
    with running.connect(running.membership.primary()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE trickle")
        cursor.execute("CREATE TABLE trickle.rows_written (id INT PRIMARY KEY)")
    return running


def test_no_client_of_a_pod_gets_the_port_that_its_group_listens_on(group: Cluster) -> None:
    for pod in group.pods.values():
        low, _, high = pod.run_in_namespace("cat", "/proc/sys/net/ipv4/ip_local_reserved_ports").strip().partition("-")
        assert XCOM_PORT in range(int(low), int(high) + 1)


@contextmanager
def trickle(cluster: Cluster, *, first: int) -> Iterator[list[int]]:
    """Write a row every few milliseconds to the primary; yields the list of ids acknowledged so far."""
    over, acked = threading.Event(), list[int]()

    def write() -> None:
        with cluster.connect(cluster.membership.primary()) as connection, connection.cursor() as cursor:
            number = first
            while not over.wait(0.01):
                cursor.execute("INSERT INTO trickle.rows_written VALUES (%s)", (number,))
                acked.append(number)
                number += 1

    with ThreadPoolExecutor(max_workers=1) as pool:
        writer = pool.submit(write)
        try:
            yield acked
        finally:
            over.set()
            writer.result()


def rows(cluster: Cluster, pod: str) -> set[int]:
    with cluster.connect(pod) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM trickle.rows_written")
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.parametrize(
    "killed",
    [
        pytest.param(3, id="none is left"),
        # MySQL takes half a minute and more to force a membership
        pytest.param(2, id="one is left, forced to be the group", marks=pytest.mark.nightly),
    ],
)
def test_a_group_without_a_majority_comes_back_with_every_acknowledged_row(group: Cluster, killed: int) -> None:
    before = rows(group, group.membership.primary())
    with trickle(group, first=1000 * killed) as acked:
        wait_until("rows arrive", lambda: len(acked) > 20, timeout_s=30)
    primary = group.membership.primary()
    victims = sorted(group.pods, key=lambda pod: pod != primary)[:killed]
    survivors = set(group.pods) - set(victims)
    for victim in victims:
        group.pods[victim].containers["mysqld"].kill()

    def no_majority() -> bool:
        statuses = group.status()
        return all((status := statuses[one]) is not None and not status.quorum for one in survivors)

    wait_until("whoever is left sees that it has no majority", no_majority, timeout_s=60)
    group.membership.assisted_rejoins.clear()
    for victim in victims:
        group.pods[victim].containers["mysqld"].start()
    with ThreadPoolExecutor(max_workers=killed) as pool:
        list(pool.map(lambda victim: group.membership.bring_back(victim, timeout_s=RECOVERY_TIMEOUT_S), victims))
    assert group.membership.wait_converged(timeout_s=60)
    assert set(group.membership.assisted_rejoins) == set(group.pods), "whoever was helped is on record"
    assert all(rows(group, pod) == before | set(acked) for pod in group.pods)


def test_a_pod_joins_by_clone_while_rows_arrive_and_another_leaves(group: Cluster) -> None:
    assert next_name(group) == "node4"
    with trickle(group, first=100_000) as acked:
        wait_until("rows arrive", lambda: len(acked) > 20, timeout_s=30)
        add_pod(group, "node4")
        leaving = next(pod for pod in group.pods if pod not in (group.membership.primary(), "node4"))
        remove_pod(group, leaving)
        before = len(acked)
        wait_until("rows still arrive", lambda: len(acked) > before + 20, timeout_s=30)
    assert leaving not in group.pods
    assert group.membership.wait_converged(timeout_s=60), "three pods are left, and nobody waits for the fourth"
    assert set(acked) <= rows(group, "node4")
    for container in group.departed[leaving].containers.values():
        assert container.state().word == "exited", "stopped, and kept for its log"
    assert next_name(group) == "node5", "a name is never given twice"


def test_a_pod_that_is_not_planned_is_refused(group: Cluster) -> None:
    with pytest.raises(HarnessError, match="node5 is not planned"):
        add_pod(group, "node5")
