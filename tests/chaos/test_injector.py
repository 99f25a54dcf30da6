"""The injector against a fake cluster and a fake fault: order, evidence, and heal whatever happens."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest

import chaos.injector
from chaos.fault import Evidence
from chaos.injector import Injector, PlannedFault
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.status import Status


class FakeFault:
    name = "fake"
    teaches = "nothing"

    def __init__(self, *, bites: bool = True, breaks: bool = False) -> None:
        self.calls: list[str] = []
        self.broken = False
        self.injected = threading.Event()
        self._bites, self._breaks = bites, breaks

    def inject(self, cluster: Cluster, pod: str) -> None:
        self.calls.append(f"inject {pod}")
        self.injected.set()
        if self._breaks:
            raise HarnessError("the engine went away")
        self.broken = self._bites

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        return Evidence(ok=self.broken, seen={"broken": self.broken})

    def heal(self, cluster: Cluster, pod: str) -> None:
        self.calls.append(f"heal {pod}")
        self.broken = False

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        return Evidence(ok=not self.broken)


class Answers:
    """A connection that has caught up."""

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_: object) -> None: ...

    def cursor(self) -> Answers:
        return self

    def execute(self, *_: object) -> None: ...

    def fetchone(self) -> tuple[int]:
        return (1,)


class FakeCluster:
    assisted_rejoins: tuple[str, ...] = ()

    def primary(self) -> str:
        return "node2"

    def status(self) -> dict[str, Status]:
        replica = Status(role="replica", state="ONLINE", read_only=True, gtid_executed="u:1", lag_ms=None)
        return {"node1": replica, "node2": replica, "node3": replica}

    def bring_back(self, pod: str, *, timeout_s: float) -> None: ...

    def connection(self, pod: str) -> Answers:
        return Answers()


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "faults.jsonl"


def injector(
    fault: FakeFault, record: Path, monkeypatch: pytest.MonkeyPatch, *, target: Any = "primary", **plan: Any
) -> Injector:
    monkeypatch.setattr(chaos.injector, "FAULTS", {"fake": fault})
    monkeypatch.setattr(chaos.injector, "PHASE_S", 0.01)
    monkeypatch.setattr(chaos.injector, "BITE_TIMEOUT_S", 0.05)
    planned = PlannedFault(fault="fake", target=target, **{"at_s": 0.0, "heal_after_s": 0.02, **plan})
    return Injector(cast(Cluster, FakeCluster()), [planned], seed=1, record_to=record)


def steps(record: Path) -> dict[str, dict[str, Any]]:
    return {line["step"]: line for line in map(json.loads, record.read_text().splitlines())}


def test_a_fault_is_injected_proved_healed_and_proved_clean(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FakeFault()
    one = injector(fault, record, monkeypatch)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    written = steps(record)
    assert list(written) == ["planned", "injected", "bitten", "healed", "clean"]
    assert written["bitten"]["ok"]
    assert written["clean"]["ok"]
    assert written["injected"]["pod"] == "node2"
    times = [written[step]["at_ns"] for step in written]
    assert times == sorted(times)


def test_a_fault_that_does_not_show_is_recorded_as_not_bitten(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FakeFault(bites=False)
    one = injector(fault, record, monkeypatch)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert steps(record)["bitten"]["ok"] is False
    assert fault.calls == ["inject node2", "heal node2"]


def test_heal_runs_after_an_injection_that_failed_half_way(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FakeFault(breaks=True)
    one = injector(fault, record, monkeypatch)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    with pytest.raises(HarnessError, match="went away"):
        one.stop()
    assert fault.calls == ["inject node2", "heal node2"]


def test_stopping_early_heals_at_once_and_without_waiting_for_recovery(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = FakeFault()
    one = injector(fault, record, monkeypatch, heal_after_s=3600.0)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop(recover=False)
    assert fault.calls == ["inject node2", "heal node2"]
    assert "clean" not in steps(record)


def test_a_fault_due_after_the_end_is_planned_and_never_injected(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FakeFault()
    one = injector(fault, record, monkeypatch, at_s=3600.0)
    one.start(time.monotonic_ns())
    one.stop()
    assert list(steps(record)) == ["planned"]
    assert fault.calls == []


def test_the_seed_decides_moment_and_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def planned_ns(name: str) -> int:
        one = injector(FakeFault(), tmp_path / name, monkeypatch, at_s=3600.0)
        one.start(0)
        one.stop()
        return int(steps(tmp_path / name)["planned"]["at_ns"])

    assert planned_ns("a") == planned_ns("b")


def test_one_replica_is_never_the_primary(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FakeFault()
    one = injector(fault, record, monkeypatch, target="one_replica")
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert steps(record)["injected"]["pod"] in ("node1", "node3")
