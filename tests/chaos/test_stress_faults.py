"""Stress beside mysqld, in a pause container that is not there: started, measured, and ended by whoever comes."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaos.fault import Context, Fault, Injection, Victim
from chaos.resource import stress
from chaos.resource.cpu_stress import CpuStress
from chaos.resource.io_stress import IoStress
from chaos.resource.memory_stress import MemoryStress
from cluster.agent import agent
from cluster.cluster import Cluster
from cluster.keys import MistakesError
from cluster.platform.fake import FakePod, FakeProcess

MIB = 2**20


@dataclass(kw_only=True)
class Pause(FakePod):
    """Runs what it is told to; each look finds it a second of CPU time, and what else ``takes`` says, further.

    takes: of a worker, KiB kept and bytes written a look. lost: the looks whose output the engine loses.
    """

    takes: tuple[int, int] = (256 * 1024, MIB)
    lost: int = 0
    running: dict[str, int] = field(default_factory=dict)
    looks: int = 0

    def probe_in_namespace(self, *command: str) -> tuple[int, str]:
        script = command[-1]
        if "stress-ng --" in script:
            words = shlex.split(script.partition("nohup ")[2])
            kind = words[1].removeprefix("--")
            self.running[f"stress-ng-{kind}"] = int(words[2])
            return 0, ""
        name = next(word for word in script.split() if word.startswith("stress-ng-"))
        if "kill -KILL" in script:
            self.running.pop(name, None)
            return 0, ""
        if self.lost:
            self.lost -= 1
            return 0, ""
        self.looks += 1
        workers, (kept, written) = self.running.get(name, 0), self.takes
        ticks = 100 * self.looks * workers
        return 0, f"{workers} {ticks} {kept if workers else 0} {written * self.looks * workers}\n"


@pytest.fixture
def pod(monkeypatch: pytest.MonkeyPatch) -> Pause:
    monkeypatch.setattr(stress, "WINDOW_S", 0.01)
    monkeypatch.setattr(agent, "greets", lambda *_, **__: True)
    return Pause(containers={"mysqld": FakeProcess()})


def on(fault: Fault, pod: Pause) -> Injection[Any]:
    cluster = SimpleNamespace(pods={"node1": pod}, guests={})
    return fault.on(Victim(pod="node1"), Context(cluster=cast(Cluster, cluster)))


@pytest.mark.parametrize("fault", [CpuStress(workers=3), MemoryStress(), IoStress(workers=2)])
def test_stress_is_started_measured_and_ended_by_another_injection(pod: Pause, fault: Fault) -> None:
    stressed = on(fault, pod)
    assert not stressed.effect().ok
    assert stressed.residue().ok
    stressed.inject()
    assert stressed.effect().ok, stressed.effect().seen
    assert not stressed.residue().ok
    assert not on(fault, Pause()).effect().ok
    on(fault, pod).heal()
    stressed.heal()
    assert not pod.running
    assert stressed.residue().ok
    assert not stressed.effect().ok


def test_memory_that_the_worker_does_not_keep_is_no_bite(pod: Pause) -> None:
    pod.takes = (100 * 1024, 0)
    stressed = on(MemoryStress(size=256), pod)
    stressed.inject()
    bite = stressed.effect()
    assert not bite.ok
    (kept,) = bite.measures
    assert (kept.promised, kept.measured, kept.unit) == (256, 100, "MiB")


def test_a_disk_that_takes_nothing_is_no_bite(pod: Pause) -> None:
    pod.takes = (1024, 0)
    stressed = on(IoStress(), pod)
    stressed.inject()
    assert not stressed.effect().ok


def test_fewer_workers_than_were_asked_for_are_no_bite(pod: Pause) -> None:
    stressed = on(CpuStress(workers=3), pod)
    stressed.inject()
    pod.running["stress-ng-cpu"] = 2
    assert not stressed.effect().ok


def test_a_look_whose_output_is_lost_is_taken_again(pod: Pause) -> None:
    pod.lost = 1
    assert on(CpuStress(), pod).residue().ok


@pytest.mark.parametrize(
    ("fault", "written", "said"),
    [
        (CpuStress, {"workers": 0}, "workers: expected a whole number, 1 to 128"),
        (MemoryStress, {"size": 1}, "size: expected a whole number (MiB), 16 to 1,048,576"),
        (IoStress, {"size": -1}, "size: expected a whole number (MiB), 1 to 10,240"),
    ],
)
def test_values_beyond_their_bounds_are_refused(fault: type[Fault], written: dict[str, Any], said: str) -> None:
    with pytest.raises(MistakesError) as mistakes:
        fault.read(written)
    assert str(mistakes.value).startswith(said)
