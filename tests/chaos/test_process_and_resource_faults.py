"""Faults of a process and of what it may use, on processes that are not there: what they look at, set and give back."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pymysql
import pytest

from chaos.applicability import misfit
from chaos.fault import Context, Fault, Injection, Setting, Victim
from chaos.process.crash_loop import CrashLoop
from chaos.process.flap import Flap
from chaos.process.hang import Hang
from chaos.process.oom import LEFT_BYTES, Oom
from chaos.process.restart import Restart
from chaos.process.stop import Stop
from chaos.registry import FAULTS
from chaos.resource.cpu_throttle import CpuThrottle
from chaos.resource.memory_pressure import MemoryPressure
from chaos.resource.threads import Threads
from chaos.targets import NODES, Target
from chaos.timeline import PlannedFault
from cluster.agent import agent
from cluster.cluster import Cluster
from cluster.errors import EngineRefusedError, EngineSilentError, HarnessError
from cluster.keys import MistakesError
from cluster.mysqld.mysqld import Credentials
from cluster.platform.fake import FakePlatform, FakePod, FakeProcess
from cluster.platform.platform import FROZEN, Usage, exited
from cluster.wait import wait_until

MIB = 2**20


class Mysqld(FakeProcess):
    """Greets while it runs; is started later with every start. eater_kills: whether a process beside it that takes all
    memory ends it. burns: the CPU time that a second of busy loops takes, without a limit."""

    eater_kills = True
    burns = 2.0

    def start(self) -> None:
        super().start()
        self.started_at = f"2026-11-27T15:05:24.{self.starts:09}Z"

    def exec(self, *command: str, user: str | None = None) -> tuple[int, bytes]:
        del user
        if command[0] == "tail":
            if self.eater_kills and self.limits().memory_bytes is not None:
                self.kill()
                self.oom_killed = True
                raise EngineRefusedError("the container is not running")
            return 137, b""
        if "/dev/zero" in command[-1]:
            of_file, limit = int(command[-1].split()[2]), self.limits().memory_bytes
            stays = of_file if limit is None else min(of_file, limit - self.used.anonymous_bytes)
            self.used = replace(self.used, cached_bytes=stays, memory_bytes=self.used.anonymous_bytes + stays)
            return 0, b""
        if command[0] == "rm":
            return 0, b""
        quota = self.limits().cpus
        used = Usage(cpu_ns=round((quota or self.burns) * 1e9), throttled_periods=0 if quota is None else 10)
        self.used = Usage(
            cpu_ns=self.used.cpu_ns + used.cpu_ns,
            throttled_periods=self.used.throttled_periods + used.throttled_periods,
        )
        return 0, b""


@pytest.fixture
def mysqld(monkeypatch: pytest.MonkeyPatch) -> Mysqld:
    process = Mysqld(used=Usage(memory_bytes=600 * MIB, anonymous_bytes=500 * MIB))
    greets = lambda *_, **__: process.state().word == "running"  # noqa: E731
    monkeypatch.setattr(agent, "greets", greets)
    return process


def on(fault: Fault, process: FakeProcess) -> Injection[Any]:
    cluster = SimpleNamespace(pods={"node1": FakePod(containers={"mysqld": process})}, guests={})
    return fault.on(Victim(pod="node1"), Context(cluster=cast(Cluster, cluster)))


def test_a_stop_has_bitten_where_mysqld_ended_in_order_and_is_healed_by_a_start(mysqld: Mysqld) -> None:
    stop = on(Stop(), mysqld)
    assert not stop.effect().ok
    stop.inject()
    assert stop.effect().seen == {"container": "exited", "exit_code": 0, "answers": False}
    assert stop.effect().ok
    assert not stop.residue().ok
    on(Stop(), mysqld).heal()
    on(Stop(), mysqld).heal()
    assert mysqld.starts == 2
    assert stop.residue().ok
    assert not stop.effect().ok


def test_one_that_had_to_be_killed_after_its_grace_was_not_stopped(mysqld: Mysqld) -> None:
    mysqld.states = [exited(137)]
    mysqld.kill()
    assert not on(Stop(), mysqld).effect().ok


@pytest.mark.parametrize(("how", "code"), [("stop", 0), ("kill", 137)])
def test_a_restart_has_bitten_when_it_was_started_anew_and_leaves_it_running(
    mysqld: Mysqld, how: str, code: int
) -> None:
    restart, bystander = on(Restart(how=how), mysqld), on(Restart(), Mysqld())
    assert not restart.effect().ok
    restart.inject()
    assert restart.effect().ok
    assert restart.effect().seen["ended_with"] == code
    assert not bystander.effect().ok
    restart.heal()
    assert restart.residue().ok
    assert mysqld.starts == 2


def test_a_restart_that_was_interrupted_in_the_middle_is_finished_by_heal(mysqld: Mysqld) -> None:
    mysqld.kill()
    on(Restart(), mysqld).heal()
    assert on(Restart(), mysqld).residue().ok


CYCLING = [
    Flap(how="pause", period=0.02),
    Flap(how="kill", period=0.02),
    CrashLoop(lives=0.01, back_off=0.01),
]


@pytest.mark.parametrize("fault", CYCLING)
def test_what_goes_up_and_down_is_ended_by_another_injection_and_left_running(mysqld: Mysqld, fault: Fault) -> None:
    cycling = on(fault, mysqld)
    assert not cycling.effect().ok
    cycling.inject()
    try:
        assert cycling.effect().ok, cycling.effect().seen
        assert min(cycling.effect().seen["downs"], cycling.effect().seen["ups"]) >= 2
        assert not cycling.residue().ok
        assert not on(fault, Mysqld(name="another")).effect().ok
    finally:
        on(fault, mysqld).heal()
    cycling.heal()
    assert cycling.residue().ok
    assert not cycling.effect().ok


@pytest.mark.parametrize("fault", CYCLING)
def test_what_a_harness_that_died_has_left_down_is_brought_up(mysqld: Mysqld, fault: Fault) -> None:
    for state in (exited(137), FROZEN):
        mysqld._script([state])
        on(fault, mysqld).heal()
        assert on(fault, mysqld).residue().ok


@pytest.mark.parametrize("fault", CYCLING)
def test_an_engine_that_fails_in_the_middle_ends_the_run(mysqld: Mysqld, fault: Fault) -> None:
    def fail() -> None:
        raise EngineSilentError("no answer")

    for verb in ("start", "thaw"):
        setattr(mysqld, verb, fail)
    cycling = on(fault, mysqld)
    with pytest.raises(EngineSilentError):
        cycling.inject()
    assert not cycling.effect().ok


def test_a_freezer_that_gives_up_is_tried_again_in_the_next_period(mysqld: Mysqld) -> None:
    freeze, refusals = mysqld.freeze, [1]

    def busy() -> None:
        if refusals:
            refusals.pop()
            raise EngineRefusedError("unable to freeze")
        freeze()

    mysqld.freeze = busy  # type: ignore[method-assign]
    flap = on(Flap(period=0.02), mysqld)
    flap.inject()
    wait_until("it was down twice", lambda: flap.effect().ok, timeout_s=10)
    flap.heal()


class Traced(Mysqld):
    """The container beside mysqld: says that so many threads are stopped, and one is not."""

    def exec(self, *command: str, user: str | None = None) -> tuple[int, bytes]:
        return 0, b"t\nt\nS\n"


def test_a_hang_is_a_container_beside_mysqld_that_may_trace_it(mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch) -> None:
    pod = FakePod(containers={"mysqld": mysqld}, cast=lambda *_: Traced())
    cluster = SimpleNamespace(pods={"node1": pod}, guests={}, platform=FakePlatform())
    hang = Hang().on(Victim(pod="node1"), Context(cluster=cast(Cluster, cluster)))
    assert not hang.effect().ok
    assert hang.residue().ok
    hang.inject()

    def tracing() -> bool:
        return pod.containers["hang"].state().word == "running"

    monkeypatch.setattr(agent, "greets", lambda *_, **__: not tracing())
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        monkeypatch.setattr("chaos.process.hang.PORT", listening.getsockname()[1])
        assert hang.effect().seen == {"stopped_threads": 2, "other_threads": 1, "accepts": True, "answers": False}
        assert hang.effect().ok
    assert not hang.effect().ok, "a port that is closed is no hang"
    assert not hang.residue().ok
    hang.heal()
    hang.heal()
    assert hang.residue().ok
    assert not hang.effect().ok
    hang.inject()
    assert tracing(), "the same container once more"


def test_memory_is_squeezed_to_just_above_what_cannot_be_given_back_and_given_back_by_heal(mysqld: Mysqld) -> None:
    oom = on(Oom(), mysqld)
    assert not oom.effect().ok
    oom.inject()
    assert mysqld.limits().memory_bytes == 500 * MIB + LEFT_BYTES
    assert oom.effect().ok
    assert not oom.residue().ok
    on(Oom(), mysqld).heal()
    assert mysqld.limits().memory_bytes is None
    assert oom.residue().ok
    assert not oom.effect().ok, "it was once killed by the kernel, and runs again"


def test_a_crash_is_not_taken_for_the_oom_killer(mysqld: Mysqld) -> None:
    mysqld.kill()
    assert not on(Oom(), mysqld).effect().ok


def test_a_limit_that_the_kernel_cannot_come_down_to_is_raised_until_it_can(mysqld: Mysqld) -> None:
    mysqld.used = Usage(anonymous_bytes=500 * MIB)
    limit_memory, refusals = mysqld.limit_memory, [1, 2]

    def busy(memory_bytes: int | None) -> None:
        if refusals:
            refusals.pop()
            raise EngineRefusedError("unable to set memory limit")
        limit_memory(memory_bytes)

    mysqld.limit_memory = busy  # type: ignore[method-assign]
    on(Oom(), mysqld).inject()
    assert mysqld.limits().memory_bytes == 500 * MIB + 3 * LEFT_BYTES


def test_a_limit_that_the_kernel_never_comes_down_to_ends_the_run(mysqld: Mysqld) -> None:
    def refuse(memory_bytes: int | None) -> None:
        raise EngineRefusedError(f"unable to set memory limit to {memory_bytes}")

    mysqld.limit_memory = refuse  # type: ignore[method-assign]
    with pytest.raises(HarnessError, match="node1: its memory could not be limited: unable to set memory limit to"):
        on(Oom(), mysqld).inject()


def test_what_is_read_under_memory_pressure_does_not_stay_and_mysqld_lives(mysqld: Mysqld) -> None:
    pressure = on(MemoryPressure(left=64), mysqld)
    assert not pressure.effect().ok
    pressure.inject()
    assert mysqld.limits().memory_bytes == 564 * MIB
    bite = pressure.effect()
    assert bite.ok
    assert (bite.seen["read_bytes"], bite.seen["reclaimed_bytes"]) == (128 * MIB, 64 * MIB)
    assert not pressure.residue().ok
    on(MemoryPressure(), mysqld).heal()
    assert mysqld.limits().memory_bytes is None
    assert pressure.residue().ok


def test_a_mysqld_that_the_pressure_has_killed_is_no_bite_and_is_started_by_heal(mysqld: Mysqld) -> None:
    pressure = on(MemoryPressure(), mysqld)
    pressure.inject()
    mysqld.kill()
    assert not pressure.effect().ok
    pressure.heal()
    assert pressure.residue().ok


class Storm:
    """A server that lets in as many sessions as it keeps threads for, and then says what it has to."""

    def __init__(self, process: Mysqld, *, kept: int, error: int = 1135) -> None:
        self.process, self.kept, self.error, self.open = process, kept, error, 0

    def connect(self, *_: object, **__: object) -> Storm:
        if self.process.limits().threads is not None and self.open >= self.kept:
            raise pymysql.OperationalError(self.error, "refused")
        self.open += 1
        return self

    def close(self) -> None:
        self.open -= 1


@pytest.mark.parametrize(("error", "bitten"), [(1135, True), (1040, False)])
def test_no_new_thread_is_what_a_client_is_told(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch, error: int, bitten: bool
) -> None:
    storm = Storm(mysqld, kept=3, error=error)
    monkeypatch.setattr("cluster.mysqld.mysqld.connect", storm.connect)
    mysqld.used = Usage(threads=35)
    threads = on(Threads(left=2), mysqld)
    cast(Any, threads.cluster).hosts, cast(Any, threads.cluster).credentials = {"node1": ""}, Credentials()
    assert not threads.effect().ok
    threads.inject()
    assert threads.effect().ok == bitten
    assert threads.effect().seen == {"limit": 37, "threads": 35, "refused_with": error, "let_in": 3}
    assert storm.open == 0
    assert not threads.residue().ok
    on(Threads(), mysqld).heal()
    assert mysqld.limits().threads is None
    assert threads.residue().ok


def test_cpu_time_is_measured_against_the_quota(mysqld: Mysqld) -> None:
    throttle = on(CpuThrottle(cores=0.25), mysqld)
    assert not throttle.effect().ok
    throttle.inject()
    assert mysqld.limits().cpus == 0.25
    bite = throttle.effect()
    assert bite.seen == {"quota_cores": 0.25, "throttled_periods": 10}
    (share,) = bite.measures
    assert (share.promised, share.unit) == (0.25, "cores")
    assert share.tolerance == pytest.approx(0.0375)
    assert not throttle.residue().ok
    on(CpuThrottle(), mysqld).heal()
    assert mysqld.limits().cpus is None
    assert throttle.residue().ok
    assert not throttle.effect().ok


def test_a_quota_that_throttles_nobody_has_not_bitten(mysqld: Mysqld) -> None:
    throttle = on(CpuThrottle(cores=8.0), mysqld)
    throttle.inject()
    mysqld.exec = lambda *_, **__: (0, b"")  # type: ignore[method-assign]
    assert not throttle.effect().ok


@pytest.mark.parametrize(
    ("fault", "written", "said"),
    [
        (Stop, {"grace": "0s"}, "grace: expected a duration, 1s to 300s"),
        (Restart, {"how": "reboot"}, "how: expected one of stop, kill"),
        (CpuThrottle, {"cores": 0}, "cores: expected a number (cores), 0.05 to 64"),
        (CpuThrottle, {"cores": -1}, "cores: expected a number (cores), 0.05 to 64"),
        (Flap, {"period": "1ms"}, "period: expected a duration, 200ms to 60s"),
        (Flap, {"duty": "100%"}, "duty: expected a percentage, 5% to 95%"),
        (CrashLoop, {"back_off": "0ms"}, "back_off: expected a duration, 100ms to 60s"),
        (MemoryPressure, {"left": 0}, "left: expected a whole number (MiB), 4 to 4,096"),
        (Threads, {"left": -1}, "left: expected a whole number, 0 to 64"),
        (Oom, {"limit": 1}, "limit: unknown key"),
    ],
)
def test_values_beyond_their_bounds_are_refused(fault: type[Fault], written: dict[str, Any], said: str) -> None:
    with pytest.raises(MistakesError) as mistakes:
        fault.read(written)
    assert str(mistakes.value).startswith(said)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.family() in ("process", "resource")])
@pytest.mark.parametrize("target", NODES)
def test_each_can_hit_whoever_plays_a_part_in_the_middle_of_a_failover(name: str, target: Target) -> None:
    fault = FAULTS[name].read(FAULTS[name].example)
    step = PlannedFault(fault=fault, target=target, after="candidate-chosen")
    assert misfit(step, Setting(kind="async", pods=3, mesh="gateway")) is None
