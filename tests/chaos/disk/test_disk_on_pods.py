"""Disk faults on a real mysqld with file systems of its own: each shows, is healed from nothing, and leaves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chaos.disk.file_systems import DISK, MOUNTS, run
from chaos.fault import Context, Victim, await_evidence
from chaos.registry import FAULTS
from cluster.cluster import Cluster
from cluster.topology import Topology

pytestmark = pytest.mark.engine

STEPS = [
    pytest.param("disk-full", {"of": "binlog"}),
    pytest.param("disk-full", {}, marks=pytest.mark.nightly),
    pytest.param("disk-readonly", {"of": "tmp"}, marks=pytest.mark.nightly),
    pytest.param("disk-readonly", {}, marks=pytest.mark.nightly),
    pytest.param("power-loss", {}),
    pytest.param("io-errors", {}, marks=pytest.mark.nightly),
    pytest.param("io-errors", {"of": "binlog"}, marks=pytest.mark.nightly),
    pytest.param("disk-slow", {"writes": "1mbps", "reads": "2mbps"}),
    pytest.param("disk-slow", {"operations": 50, "of": "binlog"}, marks=pytest.mark.nightly),
]


@pytest.fixture(scope="module")
def node(cluster: Callable[[Topology], Cluster]) -> Cluster:
    return cluster(Topology(kind="single", pods=1, extras=(DISK,)))


def test_data_logs_and_temporary_files_are_on_file_systems_of_their_own(node: Cluster) -> None:
    mounted = run(node, "node1", "cat /proc/mounts").splitlines()
    of_loops = {line.split()[1] for line in mounted if line.startswith("/dev/loop") and " ext4 " in line}
    assert of_loops == set(MOUNTS.values())
    with node.connect("node1") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@datadir, @@log_bin_basename, @@tmpdir")
        data, binlog, tmp = cursor.fetchone()
    assert data.rstrip("/") == MOUNTS["data"]
    assert binlog.startswith(MOUNTS["binlog"])
    assert tmp == MOUNTS["tmp"]


@pytest.mark.parametrize(("name", "keys"), STEPS)
def test_a_disk_fault_shows_and_leaves_nothing(node: Cluster, name: str, keys: dict[str, object]) -> None:
    fault = FAULTS[name].read(keys)
    victim, context = Victim(pod="node1"), Context(cluster=node)
    injection = fault.on(victim, context)
    before = injection.effect()
    assert not before.ok, before.seen
    injection.inject()
    try:
        bite = await_evidence(f"{name} shows", injection.effect, timeout_s=10)
        assert bite.ok, bite.seen
        assert all(measure.kept for measure in bite.measures), bite.measures
        assert not injection.residue().ok, "a broken pod must not look clean"
    finally:
        fault.on(victim, context).heal()
    injection.heal()
    clean = await_evidence(f"{name} is gone", injection.residue, timeout_s=30)
    assert clean.ok, clean.seen
    again = injection.effect()
    assert not again.ok, again.seen


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("config", "survives"),
    [({}, True), ({"sync_binlog": 0, "innodb_flush_log_at_trx_commit": 2}, False)],
)
def test_a_power_loss_takes_acknowledged_rows_only_where_they_were_not_synced(
    cluster: Callable[[Topology], Cluster], config: dict[str, int], survives: bool
) -> None:
    node = cluster(Topology(kind="single", pods=1, extras=(DISK,), config=config))
    with node.connect("node1") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE bank")
        cursor.execute("CREATE TABLE bank.paid (id INT PRIMARY KEY)")
        cursor.execute("FLUSH LOGS")  # the table is on the disk either way
        for number in range(200):
            cursor.execute("INSERT INTO bank.paid VALUES (%s)", (number,))
        injection = FAULTS["power-loss"].read({}).on(Victim(pod="node1"), Context(cluster=node))
        injection.inject()
    injection.heal()
    clean = await_evidence("the node is back", injection.residue, timeout_s=60)
    assert clean.ok, clean.seen
    with node.connect("node1") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM bank.paid")
        kept = cursor.fetchone()[0]
    assert kept == 200 if survives else kept < 200


def test_nothing_of_a_disk_is_on_the_host(node: Cluster, cluster: Callable[[Topology], Cluster]) -> None:
    del cluster
    node.stop()
    code, said = node.platform.on_host(f"losetup --list --noheadings; grep -c {node.run_id} /proc/1/mounts")
    assert node.run_id not in said
    assert "data.img" not in said
    assert code == 1, said  # grep counted none
