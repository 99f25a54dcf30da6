"""What is promised about acknowledged commits, by topology and by the settings that were in effect."""

from __future__ import annotations

from typing import Any

import pytest

from history.manifest import read_manifest
from reports.text.guarantees import promise, promise_of

DURABLE = {"sync_binlog": "1", "innodb_flush_log_at_trx_commit": "1"}
SEMISYNC = DURABLE | {
    "rpl_semi_sync_source_enabled": "OFF",
    "rpl_semi_sync_source_timeout": "86400000",
    "rpl_semi_sync_source_wait_point": "AFTER_SYNC",
    "rpl_semi_sync_source_wait_no_replica": "ON",
    "rpl_semi_sync_source_wait_for_replica_count": "1",
}
SOURCE = SEMISYNC | {"rpl_semi_sync_source_enabled": "ON"}


@pytest.mark.parametrize(
    ("kind", "may_lose"),
    [("single", False), ("async", True), ("semisync", False), ("group", False), ("group-multi", False)],
)
def test_with_durable_settings_only_async_may_lose(kind: str, may_lose: bool) -> None:
    found = promise(kind, pods=3, variables={"node1": SOURCE, "node2": SEMISYNC})
    assert found is not None
    assert found.may_lose is may_lose
    assert "sync_binlog = 1" in found.why


@pytest.mark.parametrize("kind", ["single", "async", "semisync", "group", "group-multi"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sync_binlog", "0"),
        ("sync_binlog", "100"),
        ("innodb_flush_log_at_trx_commit", "0"),
        ("innodb_flush_log_at_trx_commit", "2"),
    ],
)
def test_a_commit_that_is_not_on_disk_is_promised_by_nobody(kind: str, name: str, value: str) -> None:
    found = promise(kind, pods=3, variables={"node1": SOURCE, "node2": SEMISYNC | {name: value}})
    assert found is not None
    assert found.may_lose
    assert f"{name} = {value} on node2" in found.why


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"rpl_semi_sync_source_timeout": "10000"}, "after 10 s without a replica"),
        ({"rpl_semi_sync_source_wait_point": "AFTER_COMMIT"}, "wait_point = AFTER_COMMIT on node1"),
        ({"rpl_semi_sync_source_wait_no_replica": "OFF"}, "wait_no_replica = OFF on node1"),
        ({"rpl_semi_sync_source_enabled": "OFF"}, "enabled is ON nowhere"),
    ],
)
def test_semi_sync_promises_only_what_its_settings_do(changed: dict[str, str], why: str) -> None:
    found = promise("semisync", pods=3, variables={"node1": SOURCE | changed, "node2": SEMISYNC})
    assert found is not None
    assert found.may_lose
    assert why in found.why


def test_one_pod_has_nothing_to_wait_for() -> None:
    alone = promise("semisync", pods=1, variables={"node1": SOURCE | {"rpl_semi_sync_source_wait_no_replica": "OFF"}})
    assert alone is not None
    assert not alone.may_lose


@pytest.mark.parametrize("variables", [None, {}, {"node1": {"version": "9.7.0"}}, {"node1": {}}])
def test_settings_that_nobody_recorded_are_said_to_be_unknown(variables: Any) -> None:
    found = promise_of(read_manifest({"topology": {"kind": "semisync", "pods": 3}, "variables": variables}))
    assert found is not None
    assert "is not known" in found["why"]


@pytest.mark.parametrize("manifest", [{}, {"topology": {}}, {"topology": {"kind": "galera"}}])
def test_of_a_topology_that_is_not_known_nothing_is_promised(manifest: dict[str, Any]) -> None:
    assert promise_of(read_manifest(manifest)) is None
