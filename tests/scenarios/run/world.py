"""A run in a world of fakes: cluster, load and what they leave; runner, judgement and folder are real."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

import scenarios.load.set_up
import scenarios.run.run
from checks.evidence.openings import described, is_fixed
from cluster.errors import (
    EngineError,
)
from cluster.platform.fake import FakePlatform, FakePod, FakeProcess
from scenarios.run.run import Run
from scenarios.run.run_folder import RunFolder
from scenarios.schema.read import read_scenario
from tests.checks.conftest import Run as Told
from tests.checks.conftest import at_ns, write

TEXT = """\
name: tiny
teaches: what the tests want to know
topology: {kind: group, pods: 3}
mesh: direct
workload: {name: transfer, accounts: 10}
load: {rate: 100, duration: 2s, connections: 4}
gates: {require: [durability, convergence]}
"""
OUTCOMES = ("ok", "fail", "unknown")
READY = b"2026-11-27T15:05:24.100000Z 0 [System] [MY-010931] [Server] mysqld: ready for connections.\n"


def pod(name: str, *, role: str = "mysqld", said: bytes | EngineError = READY) -> FakePod:
    process = FakeProcess(name=f"meshbench-abc-{name}-{role}")
    if isinstance(said, bytes):
        process.output = said
    else:
        process.broken = said
    return FakePod(name=name, containers={role: process})


class World:
    """Everything outside of the runner; each phase is a method, so that a test can have it break."""

    def __init__(self) -> None:
        told = Told(accounts=10)
        told.traffic(0, 2000)
        told.pod(100, "node1", role="primary", read_only=False)
        for name in ("node2", "node3"):
            told.pod(100, name)
        self.history = told.history()
        self.removed: list[str] = []
        self.node2_log: bytes | EngineError = READY

    def boot(self) -> None: ...
    def options(self) -> None: ...
    def set_up(self) -> None: ...
    def agree(self) -> None: ...
    def observe(self) -> None: ...
    def start_load(self) -> None: ...
    def load(self) -> None: ...
    def strike(self) -> None: ...
    def load_goes_on(self) -> None: ...
    def noise(self) -> None: ...
    def heal(self) -> None: ...
    def converge(self) -> None: ...
    def operations(self) -> None: ...
    def rows(self) -> None: ...
    def series(self) -> None: ...
    def observations(self) -> None: ...
    def end_state(self) -> None: ...
    def decisions(self) -> None: ...
    def logs(self) -> None: ...
    def remove(self) -> None: ...


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The runner in a world of fakes."""
    world = World()
    waits: list[str] = []

    class FakeCluster:
        def __init__(self, topology: Any, *, platform: FakePlatform, **_: Any) -> None:
            self.topology = topology
            self.platform = platform
            self.credentials = SimpleNamespace(app="", secrets=list)
            self.pods = {name: pod(name) for name in world.history.nodes or {}}
            self.pods["node2"] = pod("node2", said=world.node2_log)
            self.departed: dict[str, Any] = {}
            self.guests = {"observer": pod("observer", role="observer")}
            self.assisted_rejoins: list[str] = []
            self.membership = self  # both in one

        def stop(self) -> None:
            self.platform.remove("")

        def wait_converged(self, **_: Any) -> bool:
            waits.append("once more")
            (world.agree if len(waits) == 1 else world.converge)()
            return True

        def quarantined(self) -> dict[str, str]:
            return {}

    class FakeLoad:
        zero_ns = at_ns(0)
        web = None
        first_ack = None

        def __init__(self, *_: Any, **__: Any) -> None:
            self.asked: dict[str, Any] = {}
            done = Counter(world.history.ops["outcome"])
            counted = {"offered": done.total(), **{name: done[name] for name in OUTCOMES}}
            self.totals: dict[str, Any] = {"complete": True, "lateness_ms": {"p99": 1.0}, **counted}
            self.pods = [SimpleNamespace(name="load1", container=None, ops_file="", clock=None)]

        def open(self) -> None:
            return

        def start(self) -> int:
            world.start_load()
            return self.zero_ns

        def run(self, on_second: Callable[[dict[str, Any]], None]) -> None:
            world.load()
            on_second({"t_s": 1.0})
            world.load_goes_on()

        def seconds(self) -> list[Any]:
            return []

    class FakeInjector:
        def __init__(self, *_: Any, record_to: Path, **__: Any) -> None:
            record_to.touch()

        def start(self, _: int) -> None:
            return

        def require_sound(self) -> None:
            world.strike()

        def stop(self, *, recover: bool) -> None:
            if recover:
                world.heal()

    class FakeNoise:
        def __init__(self, _: str) -> None: ...
        def stop(self) -> dict[str, Any]:
            world.noise()
            return {"steal_percent": 0.0, "cpu_pressure_percent": 0.0}

    def assemble(topology: Any, _: Any, *, platform: FakePlatform, **__: Any) -> Any:
        return FakeCluster(topology, platform=platform), SimpleNamespace(entrance=[("gateway", 3306)], admin={})

    def boot(*_: Any) -> None:
        world.boot()

    def operations(_: Any, __: str, folder: Path, *, worker: str, **___: Any) -> int:
        try:
            world.operations()
        finally:
            kept = write(folder / "told", world.history) / "ops" / "worker-0.parquet"
            kept.rename(folder / "ops" / f"{worker}.parquet")
        return 0

    def observations(_: Any, folder: RunFolder, **__: Any) -> None:
        world.observations()
        (folder.path / "told" / "observed.parquet").rename(folder.path / "observed.parquet")

    def end_state(_: Any, __: Any, folder: RunFolder) -> None:
        for file in (folder.path / "told" / "final").iterdir():
            file.rename(folder.path / "final" / file.name)
            world.end_state()

    def logs(containers: Any, folder: Path, *, hide: list[str], error_log: str | None) -> None:
        world.logs()
        keep_logs(containers, folder, hide=hide, error_log=error_log)

    def through(*_: Any) -> Any:
        world.set_up()
        session = MagicMock()
        session.cursor.return_value.__enter__.return_value.fetchone.return_value = (67_108_864,)  # max_allowed_packet
        return session

    def opened(*_: Any, of: str) -> dict[str, Any]:
        tables = world.history.final or {}
        first = {name: rows[rows["node"] == "node1"].drop(columns="node") for name, rows in tables.items()}
        return {name: described(of, name, rows) for name, rows in first.items() if is_fixed(of, name)}

    def variables(_: Any) -> dict[str, Any]:
        world.options()
        return {}

    def rows_recorded(folder: RunFolder) -> dict[str, int]:
        world.rows()
        counted: dict[str, int] = count_rows(folder)
        return counted

    def remove(_: FakePlatform, run_id: str) -> None:
        world.removed.append(run_id)
        world.remove()

    runner: Any = scenarios.run.run
    keep_logs, count_rows = runner.collect.logs, runner.collect.rows_recorded

    def start_observer(cluster: Any, _: Any) -> Any:
        world.observe()
        return cluster.guests["observer"]

    fakes: dict[str, Any] = {
        "assemble": assemble,
        "Load": FakeLoad,
        "Injector": FakeInjector,
        "boot": boot,
        "start_observer": start_observer,
        "final_state": end_state,
        "run_s_workload": lambda *_: SimpleNamespace(setup=lambda *_, **__: None, final_queries=dict),
        "write_series": lambda *_, **__: world.series(),
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(runner, name, fake)
    collected = {
        "operations": operations,
        "observations": observations,
        "logs": logs,
        "decisions": lambda *_: world.decisions(),
        "variables": variables,
        "rows_recorded": rows_recorded,
        "opened": opened,
        "refuse_unreadable": lambda *_, **__: None,
    }
    for name, fake in collected.items():
        monkeypatch.setattr(runner.collect, name, fake)
    monkeypatch.setattr(runner.host, "Noise", FakeNoise)
    monkeypatch.setattr(runner.requested, "in_effect", lambda *_: [])
    monkeypatch.setattr(runner.requested, "error_log", lambda _: None)
    monkeypatch.setattr(runner.versions, "of_run", lambda *_, **__: {})
    monkeypatch.setattr(runner.versions, "checkout", lambda: {"commit": None, "dirty": None})
    monkeypatch.setattr(FakePlatform, "remove", remove)
    monkeypatch.setattr(scenarios.load.set_up, "through", through)
    return world


def a_run(tmp_path: Path) -> Run:
    file = tmp_path / "tiny.yaml"
    file.write_text(TEXT)
    return Run(
        read_scenario(str(file)), platform=FakePlatform(), runs=tmp_path / "runs", command=["meshbench", "run", "tiny"]
    )


def broken(world: World, monkeypatch: pytest.MonkeyPatch, phase: str, error: BaseException) -> None:
    def raises() -> None:
        raise error

    monkeypatch.setattr(world, phase, raises)
