"""A change that takes its pods in turn: replicas first, the primary last, each when the one before is back."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from chaos.survivable import System, beyond
from chaos.timeline import PlannedFault
from cluster.errors import RefusedError
from cluster.topologies.lookup import replication_of
from cluster.wait import wait_until
from tests.chaos.fakes import FakeCluster
from tests.chaos.test_injector import FakeChange, injector


class InTurn(FakeChange):
    one_by_one = True
    loses_node = True


def lines(record: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record.read_text().splitlines()]


def cleans(record: Path) -> int:
    return record.read_text().count('"step": "clean"')


def test_the_primary_comes_last_and_each_has_a_story_of_its_own(tmp_path: Path) -> None:
    change, record = InTurn(), tmp_path / "faults.jsonl"
    one = injector(change, record, target="all", heal_after_s=None)
    one.start(time.monotonic_ns())
    wait_until("all three are done", lambda: cleans(record) == 3, timeout_s=5)
    one.stop()
    assert change.calls == [f"{verb} {pod}" for pod in ("node1", "node3", "node2") for verb in ("inject", "heal")]
    written = lines(record)
    assert [line["pod"] for line in written if line["step"] == "clean"] == ["node1", "node3", "node2"]
    assert len({line["id"] for line in written}) == 3


def test_the_next_one_waits_until_the_one_before_is_back(tmp_path: Path) -> None:
    change, record, cluster = InTurn(), tmp_path / "faults.jsonl", FakeCluster()
    cluster.returns.clear()
    one = injector(change, record, target="all", cluster=cluster, heal_after_s=None)
    one.start(time.monotonic_ns())
    assert cluster.awaited.wait(5)
    assert change.calls == ["inject node1", "heal node1"]
    cluster.returns.set()
    wait_until("all three are done", lambda: cleans(record) == 3, timeout_s=5)
    one.stop()


def test_it_ends_with_the_first_that_is_refused(tmp_path: Path) -> None:
    change, record = InTurn(breaks=RefusedError("no")), tmp_path / "faults.jsonl"
    one = injector(change, record, target="all", heal_after_s=None)
    one.start(time.monotonic_ns())
    wait_until("it is refused", lambda: '"step": "bitten"' in record.read_text(), timeout_s=5)
    one.stop()
    assert change.calls == ["inject node1", "heal node1"]
    assert {line["pod"] for line in lines(record)} == {None, "node1"}


def test_it_takes_one_node_at_a_time_from_its_peers() -> None:
    step = PlannedFault(fault=InTurn(), target="all", at_s=1.0)
    assert beyond([step], System(replication=replication_of("group"), nodes=3)) is None
