"""In which order the nodes of a cluster lead, follow and join: nothing runs, and no time is measured."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cluster import bring_up
from cluster.cluster import Cluster
from cluster.platform.fake import FakePlatform
from cluster.platform.platform import Pod
from cluster.topologies.group import JOIN_APART_S
from cluster.topology import Topology

NAMES = ("node1", "node2", "node3")


class Joins:
    """What happened, in order: which pod began to join, which was then seen in service, each pause. together: a later
    one is in service only once all have begun, as where they wait for one another."""

    def __init__(self, *, together: bool) -> None:
        self.seen: list[str] = []
        self._together = together

    def join(self, nodes: Any, membership: Any, pod: Pod, *, first: bool) -> None:
        self.seen.append(f"{pod.name} begins{' the group' if first else ''}")

    def in_service(self, name: str, statuses: Any) -> bool:
        begun = [words.split()[0] for words in self.seen if "begins" in words]
        serves = name in begun and (not self._together or name == "node1" or len(begun) == len(NAMES))
        if serves and f"{name} serves" not in self.seen:
            self.seen.append(f"{name} serves")
        return serves

    def pause(self, seconds: float) -> None:
        self.seen.append(f"pause {seconds:g}")


def brought_up(kind: str, monkeypatch: pytest.MonkeyPatch, *, together: bool) -> list[str]:
    joins = Joins(together=together)
    for name in ("start_mysqld", "set_up", "start_agent"):
        monkeypatch.setattr(bring_up, name, lambda *_: None)
    monkeypatch.setattr(bring_up, "_join", joins.join)
    monkeypatch.setattr(bring_up, "in_agreement", joins.in_service)
    monkeypatch.setattr(bring_up, "time", SimpleNamespace(sleep=joins.pause))
    monkeypatch.setattr(bring_up, "JOIN_TIMEOUT_S", 5.0)
    cluster = Cluster(Topology(kind=kind, pods=3), platform=FakePlatform(), run_id="0a1b2c3d")
    cluster.nodes.open_network()
    monkeypatch.setattr(cluster.nodes, "status", lambda pods: {pod.name: pod for pod in pods})
    bring_up.bring_up(cluster.nodes, cluster.membership)
    return joins.seen


def test_members_of_a_group_join_one_after_the_other_each_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = brought_up("group", monkeypatch, together=False)
    assert seen[:2] == ["node1 begins the group", "node1 serves"]
    turns = [seen[2:5], seen[5:8]]
    assert sorted(turns) == [
        [f"pause {JOIN_APART_S:g}", f"{name} begins", f"{name} serves"] for name in ("node2", "node3")
    ]
    assert len(seen) == 8


def test_replicas_of_another_topology_follow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = brought_up("semisync", monkeypatch, together=True)
    assert seen[:2] == ["node1 begins the group", "node1 serves"]
    begun = [words for words in seen if "begins" in words]
    assert sorted(begun[1:]) == ["node2 begins", "node3 begins"]
    assert seen.index("node2 serves") > seen.index(begun[-1])
    assert seen.index("node3 serves") > seen.index(begun[-1])
