"""Clusters of `up` on the live page: sampled while somebody looks, and told as what they are."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.errors import ConfigurationError, HarnessError
from scenarios.serve import clusters as module
from scenarios.serve.clusters import ClustersSeen, StandingClusters
from scenarios.standing.standing import Kept
from tests.scenarios.live.publishing import eventually


class FakeWatcher:
    """Watches a cluster of one node behind one proxy."""

    def __init__(self, kept: Kept) -> None:
        if kept.written == "of another version":
            raise ConfigurationError(f"{kept.name}: brought up by another version of meshbench")
        self.kept = kept
        self.closed = threading.Event()
        self.facts = SimpleNamespace(
            kind="group", pods={"node1": "a"}, mesh="envoy", started_at="then", control="127.0.0.1"
        )

    def pods(self) -> list[dict[str, Any]]:
        said = {"up": True, "role": "primary", "state": "ONLINE", "read_only": False, "lag_ms": 0.0}
        return [{"kind": "pod", "name": "node1", "quarantined": None, **said}]

    def proxies(self) -> list[dict[str, Any]]:
        pools = {"write": {"node1": {"healthy": True, "connections": 3, "cut": 0}}}
        return [{"kind": "proxy", "name": "gateway", "up": True, "endpoints": json.dumps(pools)}]

    def close(self) -> None:
        self.closed.set()


def kept(name: str, *, current: bool = True, written: str = "") -> Kept:
    return Kept(name=name, run_id=name, current=current, written=written)


def looking(found: list[Kept], *, idle_s: float = 60.0) -> tuple[StandingClusters, list[FakeWatcher]]:
    watchers: list[FakeWatcher] = []

    def watch(one: Kept) -> Any:
        watchers.append(FakeWatcher(one))
        return watchers[-1]

    return StandingClusters(find=lambda: list(found), watcher=watch, idle_s=idle_s), watchers


def test_a_cluster_is_shown_with_its_roles_pools_and_decisions(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def followed(known: Any, control: str, *, wait_s: float) -> Any:
        asked.append((control, wait_s))
        raise ConnectionRefusedError

    monkeypatch.setattr(module, "followed", followed)
    standing, _ = looking([kept("mine")], idle_s=1.0)
    seen = eventually(lambda: standing.seen().clusters)
    (cluster,) = seen
    assert (cluster.name, cluster.topology, cluster.mesh, cluster.problem) == ("mine", "group of 1", "envoy", None)
    assert cluster.pods[0].role == "primary"
    assert cluster.proxies[0].pools["write"]["node1"].connections == 3
    assert asked[0] == ("127.0.0.1", 0)  # a control plane that is silent takes nothing away


def test_one_that_is_stale_or_of_another_version_says_so() -> None:
    standing, watchers = looking([kept("old", current=False), kept("other", written="of another version")], idle_s=1.0)
    seen = eventually(lambda: standing.seen().clusters)
    assert [one.problem for one in seen] == [
        "its pods ended when the machine did; `meshbench down old` removes it",
        "other: brought up by another version of meshbench",
    ]
    assert watchers == []


def test_without_an_engine_the_reason_is_told() -> None:
    def find() -> list[Kept]:
        raise HarnessError("the Docker Engine does not answer")

    standing = StandingClusters(find=find, idle_s=1.0)
    seen = eventually(lambda: (told := standing.seen()).problem and told)
    assert seen == ClustersSeen(problem="the Docker Engine does not answer")


@pytest.mark.slow
def test_nobody_is_asked_once_nobody_looks_and_looking_again_begins_anew() -> None:
    standing, watchers = looking([kept("mine")], idle_s=0.1)
    standing.seen()
    eventually(lambda: watchers and watchers[0].closed.is_set())
    eventually(lambda: standing.seen().clusters and len(watchers) > 1)


@pytest.mark.slow
def test_a_cluster_that_was_taken_down_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIND_EVERY_S", 0.0)
    found = [kept("mine")]
    standing, watchers = looking(found, idle_s=1.0)
    eventually(lambda: standing.seen().clusters)
    found.clear()
    eventually(lambda: standing.seen().clusters == ())
    assert watchers[0].closed.is_set()
