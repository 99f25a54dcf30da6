"""Meshes in turns before one system in memory: one has its turn, the others stand still, all are awake at the end."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.guests import open_guest
from cluster.platform.fake import FakePlatform, FakeProcess
from cluster.platform.platform import Pod
from cluster.topology import Topology
from mesh.mesh import Asked, Mesh
from mesh.modes.create import create_mesh
from mesh.spec import MeshSpec
from reports.capacity.step import Step
from scenarios.capacity import fronts as fronts_module
from scenarios.capacity import mesh_tax as mesh_tax_module
from scenarios.capacity.fronts import Front, Fronts, in_order, take_turns
from scenarios.capacity.mesh_tax import fixed_rate, mesh_tax
from scenarios.load.load import Load
from scenarios.run.cpu_time import Containers
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from tests.reports.capacity.costs.made_turns import turn


class Beside(Asked):
    """A mesh of which everything is one Envoy: in a pod of its own, or in the load pods."""

    def __init__(self, name: str, *, in_load_pods: bool) -> None:
        self.write = self.read = self.entrance = [("127.0.0.1", 3306)]
        self._name, self._in_load_pods = name, in_load_pods

    def start(self, cluster: Cluster) -> None:
        super().start(cluster)
        if self._name == "haproxy":
            raise HarnessError("HAProxy ended at start")
        if not self._in_load_pods:
            open_guest(cluster.nodes, self._name, cluster.network.address("proxy")).add("envoy", "an image", [])

    def attend(self, pod: Pod) -> None:
        if self._in_load_pods:
            pod.add("envoy", "an image", [])

    def attend_node(self, pod: Pod) -> None:
        pass


@dataclass
class FakeSystem:
    """A system of which every step says who of the proxies was awake."""

    cluster: Cluster
    mesh: Mesh
    load: Load | None = None
    awake: list[tuple[str, list[str], str]] = field(default_factory=list)

    def __enter__(self) -> FakeSystem:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def measure(self, rate_tps: float | None, *, setting: str, **_: Any) -> Step:
        assert self.load is not None
        self.load = Load(self.cluster, self.mesh, SCENARIO, role="next", after=self.load)
        self.load.open()
        self.awake.append((setting, sorted(awake(self.cluster)), self.load.pods[0].name))
        return turn(setting, 1, tps=1000.0 if rate_tps is None else rate_tps).step


SCENARIO = read_scenario("steady", settings=["topology=group", "mesh=direct"])


def awake(cluster: Cluster) -> list[str]:
    pods = [*cluster.pods.values(), *cluster.guests.values()]
    return [
        pod.name
        for pod in pods
        for role, process in pod.containers.items()
        if role == "envoy" and process.state().word == "running"
    ]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    number = itertools.count(1)

    def cast(pod: str, role: str, process: FakeProcess) -> FakeProcess:
        process.id = f"{pod}-{role}-{next(number)}"
        return process

    cluster = Cluster(Topology(kind="group", pods=3), platform=FakePlatform(cast=cast), run_id="0a1b2c3d")
    cluster.nodes.open_network()
    direct = create_mesh(MeshSpec(mode="direct"))
    direct.start(cluster)

    def made(spec: MeshSpec, *, place: int) -> Mesh:
        return Beside(spec.proxy or "" if spec.mode == "gateway" else spec.mode, in_load_pods=spec.mode != "gateway")

    monkeypatch.setattr(fronts_module, "create_mesh", made)
    monkeypatch.setattr(fronts_module, "first_write", lambda *_: None)
    monkeypatch.setattr(Containers, "read", lambda _: {})
    monkeypatch.setattr(Containers, "working_sets", lambda _: dict.fromkeys(SIZES, 2**20))
    return FakeSystem(cluster, direct)


#: Of whoever stands in the gateway's pod, the first container that is made after the load pod's.
SIZES = ["envoy-envoy-3"]


def with_mesh(word: str) -> Scenario:
    if word == "router":
        raise ConfigurationError("mesh: router needs a group\nsee docs")
    return read_scenario("steady", settings=["topology=group", f"mesh={word}"])


def test_only_the_proxies_of_the_mesh_whose_turn_it_is_are_awake(
    system: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh_tax_module, "System", lambda *_, **__: system)
    told: list[Step] = []
    costs = mesh_tax(
        with_mesh,
        platform=FakePlatform(),
        folder=None,  # type: ignore[arg-type]  # nobody writes
        meshes=["direct", "envoy", "haproxy", "router", "sidecar", "mtls"],
        rounds=2,
        told=told.append,
    )
    shared, of_mtls = "load-unmeshed1", "load1"
    expected = {
        "direct": ([], shared),
        "envoy": (["envoy"], shared),
        "sidecar": ([shared], shared),
        "mtls": ([of_mtls], of_mtls),
    }
    assert {name: (who, pod) for name, who, pod in system.awake} == expected
    assert len(system.awake) == 2 * 2 * len(expected)
    assert len(told) == len(system.awake)
    assert costs["router"]["absent"] == "mesh: router needs a group | see docs"
    assert costs["haproxy"]["absent"] == "could not be started: HAProxy ended at start"
    assert costs["envoy"]["fixed_tps"] == 500.0
    assert costs["envoy"]["mib"] == 1.0
    assert costs["sidecar"]["mib"] is None
    assert sorted(awake(system.cluster)) == ["envoy", "load-unmeshed1", "load1"]


def test_everything_is_awake_again_after_a_turn_that_failed(
    system: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> Step:
        raise HarnessError("the load broke")

    monkeypatch.setattr(system, "measure", breaks)
    monkeypatch.setattr(mesh_tax_module, "System", lambda *_, **__: system)
    with pytest.raises(HarnessError, match="the load broke"):
        mesh_tax(with_mesh, platform=FakePlatform(), folder=None, meshes=["envoy", "mtls"])  # type: ignore[arg-type]
    assert sorted(awake(system.cluster)) == ["envoy", "load1"]


def test_without_direct_there_is_nothing_to_compare_with() -> None:
    def refuses(word: str) -> Scenario:
        raise ConfigurationError(f"{word} has no place here")

    with pytest.raises(ConfigurationError, match="direct has no place here"):
        mesh_tax(refuses, platform=FakePlatform(), folder=None)  # type: ignore[arg-type]


def test_a_system_gets_its_own_mesh_back_after_a_turn(system: FakeSystem) -> None:
    fronts = Fronts(system, SCENARIO)  # type: ignore[arg-type]
    own = system.mesh
    other = Front(mesh=Beside("other", in_load_pods=False))
    turns = take_turns(fronts, {"other": other}, rate_tps=None, rounds=3, turn_s=1.0, seed=1, told=lambda _: None)
    assert system.mesh is own
    assert [one.round for one in turns] == [1, 2, 3]
    assert [one.proxies_mib for one in turns] == [0.0] * 3


def test_every_round_has_an_order_of_its_own_and_the_same_seed_the_same_one() -> None:
    names = ["direct", "envoy", "haproxy", "router", "sidecar", "mtls"]
    rounds = [in_order(names, seed=7, number=number) for number in range(1, 7)]
    assert all(sorted(one) == sorted(names) for one in rounds)
    assert len({tuple(one) for one in rounds}) > 1
    assert rounds[2] == in_order(names, seed=7, number=3)


def test_the_fixed_load_is_half_of_what_the_weakest_carries() -> None:
    turns = [turn("direct", 1, tps=1000.0), turn("mtls", 1, tps=600.0), turn("mtls", 2, tps=400.0)]
    assert fixed_rate(turns) == 250.0
    assert fixed_rate([turn("direct", 1, success_ratio=0.0)]) is None
