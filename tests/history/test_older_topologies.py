"""What a manifest says of how its nodes replicate, and what is known of one that does not say."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from cluster.topologies.lookup import kinds, replication_of
from cluster.topologies.replication import replication_facts
from history.manifest import read_manifest
from history.older.topologies import BY_KIND


@pytest.mark.parametrize("kind", kinds())
def test_an_older_folder_is_judged_by_the_facts_that_a_new_one_records(kind: str) -> None:
    recorded = replication_facts(replication_of(kind))
    assert asdict(BY_KIND[kind]).items() <= recorded.items()
    new = read_manifest({"topology": {"kind": kind, "primaries": 1, "replication": recorded}}).topology
    old = read_manifest({"topology": {"kind": kind, "primaries": 1}}).topology
    assert new.facts == old.facts


def test_a_topology_that_judging_never_heard_of_is_what_its_manifest_says() -> None:
    facts = {"elects_by_itself": True, "promoted": False, "multi_primary": True, "guarantee": "majority"}
    ring = read_manifest({"topology": {"kind": "ring", "primaries": 3, "replication": facts}}).topology
    assert (ring.is_group, ring.is_source_replica, ring.primaries_meant) == (True, False, 3)
