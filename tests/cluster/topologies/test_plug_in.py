"""A way to replicate is one file: what everybody asks of it is a fact that it declares or a verb that it has."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cluster.topologies
from cluster.agent.peers import Gossip
from cluster.agent.role import Latest, Role
from cluster.errors import ConfigurationError
from cluster.mysqld.minimum_version import require_version
from cluster.mysqld.option_rules import unusable
from cluster.plug_ins import declared
from cluster.status.agreement import in_agreement
from cluster.status.status import Status
from cluster.topologies.lookup import REPLICATIONS, kinds, replication_of
from cluster.topologies.replication import CanClone, CanFollow, CanForceQuorum, CanHandOver, CanPromote, Replication
from cluster.topology import Topology
from control.loop import first_state
from control.rules import Rules, Seen, decide, pools
from control.settings import Plan

PLUG_IN = '''
from cluster.topologies.replication import Replication
from cluster.topologies.requirements import Floor, OptionRule


class Ring(Replication):
    """Nodes that elect by themselves and all take writes; told from single rows (name, state)."""

    kind = "ring"
    replicates = True
    elects_by_itself = True
    multi_primary = True
    guarantee = "majority"
    lead_words = "begin the ring"
    follow_words = "join the ring"
    no_switchover = "every node of a ring is a primary"
    needs = switchover_needs = Floor((9, 1, 0), "rings")
    option_rules = (OptionRule("autocommit", lambda value: value == "0", "must be ON in a ring"),)
    status_query = "SELECT name, state FROM ring"

    def options(self, node):
        return [f"--ring={','.join(node.seeds)}"]

    def prepare(self, connection, node):
        pass

    def join(self, connection, node, *, first, primary):
        pass

    def leave(self, connection):
        pass

    def parse(self, rows):
        from cluster.status.status import Status
        view = {name: state for name, state in rows}
        facts = {"role": "primary", "state": "ONLINE", "read_only": False, "gtid_executed": "", "lag_ms": None}
        return Status(kind="ring", view=view, **facts)
'''


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "ring.py").write_text(PLUG_IN)
    monkeypatch.setattr(cluster.topologies, "__path__", [*cluster.topologies.__path__, str(tmp_path)])
    monkeypatch.setitem(REPLICATIONS, "ring", declared(cluster.topologies, Replication, word="kind")["ring"])
    monkeypatch.delitem(sys.modules, "cluster.topologies.ring")
    return "ring"


def test_a_file_in_the_folder_is_found_behind_those_that_are_told_first(ring: str) -> None:
    assert kinds() == ("single", "async", "semisync", "group", "group-multi", ring)
    found = declared(cluster.topologies, Replication, word="kind", first=(ring, "group"))
    assert list(found) == [ring, "group", "async", "group-multi", "semisync", "single"]


def test_two_topologies_of_one_word_are_refused(ring: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "twin.py").write_text(PLUG_IN)
    monkeypatch.setitem(sys.modules, "cluster.topologies.twin", None)  # so that the entry is gone afterwards
    monkeypatch.delitem(sys.modules, "cluster.topologies.twin")
    with pytest.raises(TypeError, match=r"ring is declared twice, in cluster.topologies.ring and .*twin"):
        declared(cluster.topologies, Replication, word="kind")


def test_a_topology_from_one_file_is_asked_like_any_other(ring: str, tmp_path: Path) -> None:
    assert kinds()[-1] == ring
    assert Topology(kind=ring, pods=5).primaries == 5
    with pytest.raises(ConfigurationError, match=r"topology ring needs 9\.1\.0 or newer, because of rings"):
        require_version("mysqld  Ver 8.4.3 for Linux", image="own:1", kind=ring)
    assert unusable("autocommit", "OFF", kind=ring) == "must be ON in a ring"
    assert unusable("autocommit", "OFF", kind="group") is None

    status = replication_of(ring).parse([("node1", "ONLINE"), ("node2", "ONLINE"), ("node3", "UNREACHABLE")])
    seen: dict[str, Status | None] = {"node1": status, "node2": status, "node3": None}
    assert in_agreement("node1", seen)
    assert not in_agreement("node1", {**seen, "node2": None}), "a majority is of all nodes where they elect"

    role = Role(
        replication_of(ring),
        gossip=Gossip("node1", control=None, port=0, file=tmp_path / "none.json"),
        latest=Latest(status, 0.0),
    )
    assert role.members() == ["node1", "node2", "node3"]


def test_the_control_plane_publishes_a_topology_from_one_file_and_decides_nothing_for_it(ring: str) -> None:
    names = ["node1", "node2"]
    plan = Plan(kind=ring, pods=dict.fromkeys(names, "198.18.0.1"), password="p", repl_password="r")
    state = first_state(plan)
    assert state.assignment.primary is None
    status = replication_of(ring).parse([("node1", "ONLINE"), ("node2", "ONLINE")])
    seen = {name: Seen(status=status) for name in names}
    rules = Rules(kind=ring)
    assert decide(seen, state, rules, now_ns=0) == []
    assert pools(seen, state, rules, before=([], [])) == ([], names)


@pytest.mark.parametrize(
    ("kind", "powers"),
    [
        ("single", set()),
        ("async", {CanPromote, CanFollow, CanClone}),
        ("semisync", {CanPromote, CanFollow, CanClone}),
        ("group", {CanHandOver, CanForceQuorum, CanClone}),
        ("group-multi", {CanHandOver, CanForceQuorum, CanClone}),
    ],
)
def test_each_topology_has_its_powers_and_no_others(kind: str, powers: set[type]) -> None:
    every = {CanPromote, CanFollow, CanHandOver, CanForceQuorum, CanClone}
    assert {power for power in every if isinstance(replication_of(kind), power)} == powers
