"""A system under load after load, in a world of fakes: what a step says, how it ends, and that nothing stays behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import scenarios.capacity.system
from cluster.errors import HarnessError
from cluster.platform.fake import FakePlatform, FakePod, FakeProcess
from history.load_events import Second
from reports.capacity.usage import Usage
from scenarios.capacity.plan import plan
from scenarios.capacity.system import System

S = 1_000_000_000


class World:
    """Outside of the system. executed: what each node says that it has executed, a list a look. removed: how often the
    pods were. complete: whether the load ends in order. during: called in the middle of a load. asked: the workload's
    options of each load. readers: the nodes that a proxy sends reads to, a list a look; None: it has no such pool."""

    def __init__(self) -> None:
        self.removed = 0
        self.executed: list[dict[str, str]] = [{"node1": "a:1-9", "node2": "a:1-9"}]
        self.leaders = ["node1", "node1", "node2"]
        self.complete = True
        self.during: Callable[[], None] = lambda: None
        self.boot: Callable[[], None] = lambda: None
        self.pods = {
            name: FakePod(name=name, containers={"mysqld": FakeProcess(name=f"meshbench-x-{name}-mysqld")})
            for name in ("node1", "node2")
        }
        self.writes = 0
        self.asked: list[dict[str, Any]] = []
        self.readers: list[list[str] | None] = [["node2"]]

    def pools(self) -> dict[str, Any]:
        nodes = self.readers.pop(0) if len(self.readers) > 1 else self.readers[0]
        return {"write": {}} if nodes is None else {"read": {node: {"healthy": True} for node in nodes}}

    def status(self, pods: Any = ()) -> dict[str, Any]:
        said = self.executed.pop(0) if len(self.executed) > 1 else self.executed[0]
        names = [pod.name for pod in pods]
        return {name: SimpleNamespace(gtid_executed=gtid) for name, gtid in said.items() if name in names}

    def primary(self) -> str:
        return self.leaders.pop(0) if len(self.leaders) > 1 else self.leaders[0]

    def stop(self) -> None:
        self.removed += 1


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    room: Any = scenarios.capacity.system
    cluster = SimpleNamespace(
        pods=world.pods,
        guests={},
        topology=None,
        credentials=SimpleNamespace(secrets=list),
        status=world.status,
        membership=SimpleNamespace(primary=world.primary, disagreement=lambda: "they disagree"),
        stop=world.stop,
    )

    mesh = SimpleNamespace(entrance=[("x", 1)], proxies=lambda: {"gateway": world.pools})

    class FakeLoad:
        def __init__(self, _: Any, __: Any, scenario: Any, **___: Any) -> None:
            self._lasts_s = scenario.load.duration
            world.asked.append(scenario.workload.options)
            self.totals = {"complete": world.complete, "lateness_ms": {"p99": 1.5}}
            self.pods = [SimpleNamespace(name="load1", container=None, ops_file="", clock=None)]

        def start(self) -> int:
            return 0

        def run(self, on_second: Callable[[Second], None]) -> None:
            for number in range(1, round(self._lasts_s) + 1):
                counts: dict[str, Any] = dict.fromkeys(
                    ("offered", "ok", "fail", "unknown", "refused", "backlog", "in_flight"), 0
                )
                on_second(Second(at_ns=0, t_s=float(number), **counts))
            world.during()

    class FakeMeter:
        def __init__(self, *_: Any, **__: Any) -> None: ...
        def start(self) -> None: ...
        def stop(self) -> None: ...
        def usage(self, *, late_p99_ms: float, **_: Any) -> Usage:
            return Usage(host_cpus=2, generator_late_p99_ms=late_p99_ms)

    def operations(_: Any, __: str, folder: Path, *, worker: str, **___: Any) -> int:
        rows = [
            {"key": f"k{n}", "f": "transfer", "outcome": "ok", "error": None, "intended_ns": n * S // 100}
            | {"start_ns": n * S // 100, "end_ns": n * S // 100 + 5_000_000}
            for n in range(700)
        ]
        pd.DataFrame(rows).to_parquet(folder / "ops" / f"{worker}.parquet")
        return 0

    fakes = {
        "assemble": lambda *_, **__: (cluster, mesh),
        "boot": lambda *_: world.boot(),
        "require_options": lambda *_: SimpleNamespace(options=[]),
        "fill": lambda *_, **__: None,
        "require_agreement": lambda *_: None,
        "run_s_workload": lambda *_: None,
        "Load": FakeLoad,
        "Meter": FakeMeter,
        "Noise": lambda _: SimpleNamespace(stop=lambda: {"cpu_pressure_percent": 3.0}),
        "first_write": lambda *_: setattr(world, "writes", world.writes + 1),
        "REST_TIMEOUT_S": 0.2,
        "READS_TIMEOUT_S": 0.2,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(room, name, fake)
    monkeypatch.setattr(room.collect, "operations", operations)
    monkeypatch.setattr(room.requested, "error_log", lambda _: None)
    return world


def system(folder: Path) -> System:
    scenario = plan("async", slo=["response_p99<=1s"], mesh="direct").scenario
    return System(scenario, platform=FakePlatform(), folder=folder)


@pytest.mark.usefixtures("world")
def test_a_step_is_what_its_operations_say_in_a_folder_of_its_own(tmp_path: Path) -> None:
    with system(tmp_path) as running:
        first = running.measure(100.0, purpose="ramp", duration_s=4.0)
        second = running.measure(None, purpose="tax", setting="envoy", duration_s=4.0)
    assert (first.folder, second.folder) == ("steps/01-100", "steps/02-closed")
    assert first.response_ms["p99"] == pytest.approx(5)
    assert first.arrived_tps == pytest.approx(100)
    assert (first.offered_tps, second.offered_tps, second.setting) == (100, 0, "envoy")
    assert first.usage.generator_late_p99_ms == 1.5
    assert list((tmp_path / first.folder / "ops").iterdir())
    assert list(tmp_path.glob("logs/*/node1-mysqld.log")), "every container's log is kept"


@pytest.mark.usefixtures("world")
def test_what_happens_in_the_middle_of_a_load_counts_from_then_on(tmp_path: Path) -> None:
    called = []
    with system(tmp_path) as running:
        step = running.measure(
            100.0, purpose="bisect", setting="rejoining", duration_s=4.0, meanwhile=lambda: called.append(1)
        )
    assert called == [1]
    assert step.warm_up_s == 0
    assert step.duration_s == pytest.approx(4.0)


def test_the_pods_go_whatever_happens(tmp_path: Path, world: World) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    world.during = interrupt
    with pytest.raises(KeyboardInterrupt), system(tmp_path) as running:
        running.measure(100.0, purpose="ramp", duration_s=4.0)
    assert world.removed == 1
    world.boot = interrupt
    with pytest.raises(KeyboardInterrupt), system(tmp_path):
        pass
    assert world.removed == 2


def test_a_load_that_ends_early_is_no_step(tmp_path: Path, world: World) -> None:
    world.complete = False
    with pytest.raises(HarnessError, match="ended early"), system(tmp_path) as running:
        running.measure(100.0, purpose="ramp", duration_s=4.0)


def test_a_step_ends_when_the_replicas_have_applied_it_and_not_before(tmp_path: Path, world: World) -> None:
    behind, there = {"node1": "a:1-9", "node2": "a:1-7"}, {"node1": "a:1-9", "node2": "a:1-9"}
    world.executed = [behind, there]
    with system(tmp_path) as running:
        running.measure(100.0, purpose="ramp", duration_s=4.0)
        assert world.executed == [there]
        world.executed = [behind]
        with pytest.raises(HarnessError, match="the replicas have applied"):
            running.measure(100.0, purpose="ramp", duration_s=4.0)


def test_a_node_is_lost_when_another_leads_and_writes_go_in_again(tmp_path: Path, world: World) -> None:
    with system(tmp_path) as running:
        assert running.lose() == "node1"
        assert world.pods["node1"].containers["mysqld"].state().code == 137
        assert world.writes == 1
        assert running.lost == {"node1"}
        world.executed = [{"node2": "a:1-9"}]
        running.rest()  # asks the living alone
        running.rejoin("node1")
        assert str(world.pods["node1"].containers["mysqld"].state()) == "running"


def test_the_workloads_options_are_others_for_some_steps_alone(tmp_path: Path, world: World) -> None:
    with system(tmp_path) as running:
        with running.offering({"read_share": 1.0}):
            running.measure(100.0, purpose="ramp", duration_s=4.0)
        running.measure(100.0, purpose="ramp", duration_s=4.0)
    shares = [options["read_share"] for options in world.asked]
    assert shares == [1.0, 0.2]
    assert world.asked[0] | {"read_share": 0.2} == world.asked[1]


def test_a_replica_is_a_living_node_that_does_not_lead(tmp_path: Path, world: World) -> None:
    world.leaders = ["node2"]
    with system(tmp_path) as running:
        assert running.replica() == "node1"
        world.leaders = ["node1"]
        assert running.replica() == "node2"


def test_reads_are_waited_for_until_every_proxy_sees_it_and_not_for_ever(
    tmp_path: Path, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with system(tmp_path) as running:
        world.readers = [["node1", "node2"], ["node1", "node2"], ["node1"]]
        running.await_reads("node2", served=False)
        assert world.readers == [["node1"]], "it was looked at until the node had gone"
        world.readers = [["node1"], ["node1", "node2"]]
        running.await_reads("node2", served=True)
        assert world.readers == [["node1", "node2"]]
        assert not caplog.records
        world.readers = [None]
        running.await_reads("node2", served=True)  # a proxy without such a pool has no say
        assert not caplog.records
        world.readers = [["node1", "node2"]]
        running.await_reads("node2", served=False)
        assert "the proxies send no reads to node2" in caplog.text
