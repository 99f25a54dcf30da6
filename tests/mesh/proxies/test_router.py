"""Router's configuration: metadata-cache in front of a group, static destinations in front of everything else."""

from __future__ import annotations

from configparser import ConfigParser

import pytest

from cluster.session import TABLE, TEXT
from cluster.topology import Kind, Topology
from mesh.proxies import router_metadata
from mesh.proxies.router import CONFIG_FILE, Router, RouterSettings, configuration, routing

PODS = ["node2", "node1", "node3"]


def sections(kind: Kind, *, pods: list[str] = PODS, ttl_s: float = 0.5) -> ConfigParser:
    found = ConfigParser(interpolation=None)
    text = configuration(RouterSettings(ttl=ttl_s), Topology(kind=kind, pods=len(pods)), pods=pods)
    found.read_string(text)
    return found


def test_in_front_of_a_group_it_asks_the_group_who_is_primary() -> None:
    found = sections("group", ttl_s=0.1)
    assert found["routing:write"]["destinations"] == "metadata-cache://meshbench/?role=PRIMARY"
    assert found["routing:read"]["destinations"] == "metadata-cache://meshbench/?role=SECONDARY"
    assert found["routing:read"]["routing_strategy"] == "round-robin-with-fallback"
    assert found["metadata_cache:group"]["ttl"] == "0.1"


def test_where_every_member_is_a_primary_all_of_them_get_writes_and_reads() -> None:
    found = sections("group-multi")
    for pool in ("write", "read"):
        assert found[f"routing:{pool}"]["destinations"] == "metadata-cache://meshbench/?role=PRIMARY"
        assert found[f"routing:{pool}"]["routing_strategy"] == "round-robin"


@pytest.mark.parametrize("kind", ["async", "semisync"])
def test_without_a_group_writes_go_to_the_first_pod_that_accepts_and_reads_to_the_others(kind: Kind) -> None:
    found = sections(kind)
    assert found["routing:write"]["destinations"] == "node2:3306,node1:3306,node3:3306"
    assert found["routing:write"]["routing_strategy"] == "first-available"
    assert found["routing:read"]["destinations"] == "node1:3306,node3:3306"
    assert not any(name.startswith("metadata_cache") for name in found.sections())


def test_a_lone_pod_serves_reads_too() -> None:
    assert sections("single", pods=["node1"])["routing:read"]["destinations"] == "node1:3306"


def test_the_report_is_told_which_routing_it_was() -> None:
    assert routing(Topology(kind="group", pods=3)) == "metadata-cache"
    assert routing(Topology(kind="async", pods=3)) == "static first-available"


def test_every_table_of_the_metadata_names_its_engine_and_its_character_set() -> None:
    """A replica runs the statement under its own default_storage_engine, and a group takes InnoDB alone."""
    statements = [one.strip() for one in router_metadata._SCHEMA.split(";")]
    tables = [one for one in statements if one.startswith("CREATE TABLE")]
    assert len(tables) == 4
    assert all(one.endswith(TABLE) for one in tables)
    assert f"CREATE SCHEMA {router_metadata.SCHEMA} {TEXT}" in statements


def test_its_ttl_is_read_back_from_the_configuration_it_was_started_with() -> None:
    for kind, ttl_s in (("group", 0.25), ("async", 0.5)):  # static routes have none
        text = configuration(RouterSettings(ttl=0.25), Topology(kind=kind, pods=3), pods=PODS)
        assert Router().in_force(str, {CONFIG_FILE: text}.__getitem__) == RouterSettings(ttl=ttl_s)
