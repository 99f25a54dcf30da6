"""What people do to nodes in use shows on real pods, and is undone by whoever comes along.

One source with its replica serves all of them in turn; a group shows what a group alone does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from cluster.cluster import Cluster
from cluster.mysqld.mysqld import DATABASE
from cluster.topology import Topology
from control.client import ControlHandle
from tests.chaos.proof import on, prove, prove_change
from tests.chaos.trickle import trickle

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def pair(cluster: Callable[[Topology], Cluster]) -> Iterator[Cluster]:
    started = cluster(Topology(kind="async", pods=2))
    with trickle(started):
        yield started


@pytest.fixture(scope="module")
def group(cluster: Callable[[Topology], Cluster]) -> Iterator[Cluster]:
    started = cluster(Topology(kind="group", pods=2))
    started.control = ControlHandle()
    started.control.start(started.nodes)
    with trickle(started):
        yield started


def roles(cluster: Cluster) -> tuple[str, str]:
    primary = cluster.membership.primary()
    return primary, next(pod for pod in cluster.pods if pod != primary)


def test_a_forgotten_read_lock_stops_the_writes_of_a_primary(pair: Cluster) -> None:
    primary, replica = roles(pair)
    prove("read-lock", pair, primary, other=replica)


@pytest.mark.nightly
def test_a_forgotten_read_lock_stops_the_applier_of_a_replica(pair: Cluster) -> None:
    _, replica = roles(pair)
    on("read-lock", pair, replica).inject()
    try:
        time.sleep(1)  # for the trickle to reach the applier
        assert on("read-lock", pair, replica).effect().seen["waiting"] > 0
    finally:
        on("read-lock", pair, replica).heal()


@pytest.mark.nightly
def test_an_open_transaction_holds_as_many_rows_as_it_was_told(pair: Cluster) -> None:
    primary, replica = roles(pair)
    bite = prove("open-transaction", pair, primary, keys={"rows": 50}, other=replica)
    assert [measure.measured for measure in bite.measures] == [50]
    prove("open-transaction", pair, replica, other=primary)


@pytest.mark.nightly
@pytest.mark.parametrize("algorithm", ["instant", "inplace", "copy"])
def test_a_column_is_added_on_every_pod_and_dropped_again(pair: Cluster, algorithm: str) -> None:
    primary, _ = roles(pair)
    bite = prove_change("ddl", pair, primary, {"algorithm": algorithm})
    assert bite.seen["pods"] == dict.fromkeys(pair.pods, "trickle")
    with pair.connect(primary) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {DATABASE}.trickle LIMIT 1")
        assert len(cursor.description) == 2


@pytest.mark.nightly
def test_variables_are_set_on_one_node_and_are_as_before_when_another_process_has_healed(pair: Cluster) -> None:
    primary, replica = roles(pair)
    keys = {"variables": {"max_connections": 60, "max_allowed_packet": "32M"}}
    before = on("set-global", pair, primary, keys).effect().seen["values"]
    prove("set-global", pair, primary, keys=keys, other=replica)
    assert on("set-global", pair, primary, keys).effect().seen["values"] == before


@pytest.mark.nightly
def test_a_variable_that_is_not_dynamic_is_not_set_and_the_reason_is_told(pair: Cluster) -> None:
    primary, _ = roles(pair)
    refused = on("set-global", pair, primary, {"variables": {"innodb_buffer_pool_instances": 2}})
    refused.inject()
    try:
        effect = refused.effect()
        assert not effect.ok
        assert "read only variable" in effect.seen["reason"]
    finally:
        refused.heal()


@pytest.mark.nightly
@pytest.mark.parametrize("retain", [True, False])
def test_a_new_password_is_let_in_everywhere_and_the_old_one_as_promised(pair: Cluster, retain: bool) -> None:
    primary, _ = roles(pair)
    bite = prove("password-rotated", pair, primary, keys={"retain": retain})
    assert bite.seen == {"new_let_in": True, "old_let_in": retain}


@pytest.mark.nightly
def test_a_backup_is_complete_and_leaves_no_file(pair: Cluster) -> None:
    _, replica = roles(pair)
    assert prove_change("backup", pair, replica).seen["bytes"] > 100_000


@pytest.mark.nightly
@pytest.mark.parametrize("purge", [True, False])
def test_binary_logs_are_rotated_and_purged_as_asked(pair: Cluster, purge: bool) -> None:
    primary, _ = roles(pair)
    seen = prove_change("log-rotation", pair, primary, {"purge": purge}).seen
    assert (len(seen["logs"]) == 1) == purge


@pytest.mark.nightly
def test_a_large_transaction_deletes_its_own_rows_alone(pair: Cluster) -> None:
    primary, _ = roles(pair)
    assert prove_change("large-transaction", pair, primary, {"rows": 20_000}).seen["deleted"] == 20_000


@pytest.mark.nightly
def test_a_group_changes_its_primary_only_when_an_open_transaction_has_ended(group: Cluster) -> None:
    primary, other = roles(group)
    on("open-transaction", group, primary).inject()
    ended_s: list[float] = []

    def end() -> None:
        time.sleep(2)
        ended_s.append(time.monotonic())
        on("open-transaction", group, primary).heal()

    thread = threading.Thread(target=end)
    thread.start()
    assert group.control.switchover(other) == other
    assert ended_s, "it did not wait"
    thread.join()
