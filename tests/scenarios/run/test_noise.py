"""Who had the CPU: the rule with numbers, what the kernel's files are read as, and which trial is void for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import scenarios.run.cpu_time
from checks.judge import judge
from checks.noise import CPU_PRESSURE_PERCENT
from cluster.errors import ConfigurationError
from history.history import OPS_SCHEMA, History
from scenarios.run.cpu_time import Cgroup, Containers, Spent, busy_s, cgroup_of, lacking, stalled_s, used_s
from scenarios.run.noise import Interval, Watch, shares
from scenarios.schema.read import read_scenario

ID = "0f" * 32
CORES = 2


@pytest.fixture
def made() -> History:
    """A run that passes: one acknowledged transfer and all pods the same."""
    op = {"process": 0, "f": "transfer", "key": "1-0-0", "value": '{"src":1,"dst":2,"amount":5}', "outcome": "ok"}
    op |= {"attempt": 1, "intended_ns": 1, "start_ns": 2, "end_ns": 3_000_000, "server": "node1"}
    accounts = pd.DataFrame({"node": ["node1"] * 2, "id": [1, 2], "opening": [50, 50], "balance": [45, 55]})
    transfers = pd.DataFrame({"node": ["node1"], "id": ["1-0-0"], "src": [1], "dst": [2], "amount": [5]})
    ops = pd.DataFrame([op]).reindex(columns=OPS_SCHEMA.names)
    return History(ops=ops, final={"accounts": accounts, "transfers": transfers})


def second(*, own: float | None, foreign: float = 0.0, waited: float | None = 0.0) -> Interval:
    """One second on two cores, so that own and foreign together are at most 2."""
    return Interval(length_s=1.0, used_s=(own or 0.0) + foreign, own_s=own, waited=waited)


def pressure(*intervals: Interval) -> float:
    found = shares(intervals, cores=CORES)["cpu_pressure_percent"]
    assert found is not None
    return found


def test_a_load_that_fills_the_machine_is_no_noise() -> None:
    assert pressure(*[second(own=1.9, foreign=0.1, waited=1.0)] * 30) < CPU_PRESSURE_PERCENT


def test_others_that_take_what_no_pod_waits_for_are_no_noise() -> None:
    assert pressure(*[second(own=0.3, foreign=1.5, waited=0.02)] * 30) == 0.0


def test_others_that_have_half_of_the_machine_while_pods_wait_are_noise() -> None:
    assert pressure(*[second(own=1.0, foreign=1.0, waited=0.3)] * 30) == 50.0


def test_a_burst_of_others_shows_however_long_the_quiet_around_it() -> None:
    quiet, burst = [second(own=0.6, waited=0.05)] * 300, [second(own=0.6, foreign=1.4, waited=0.8)] * 5
    assert pressure(*quiet, *burst, *quiet) == 35.0
    assert pressure(*quiet, *burst[:1], *quiet) < CPU_PRESSURE_PERCENT


def test_a_load_shorter_than_the_window_is_taken_whole() -> None:
    assert pressure(*[second(own=1.0, foreign=1.0, waited=0.9)] * 3) == 50.0


def test_shares_are_of_the_machine_and_of_the_time() -> None:
    first, second_ = second(own=0.5, foreign=0.3, waited=0.2), second(own=0.7, foreign=0.1, waited=0.4)
    found = shares([first, second_], cores=CORES)
    assert found == {
        "own_cpu_percent": 30.0,
        "foreign_cpu_percent": 10.0,
        "pods_waited_percent": 30.0,
        "cpu_pressure_percent": 10.0,
    }


@pytest.mark.parametrize("unknown", [{"own": None}, {"own": 1.0, "waited": None}])
def test_what_the_kernel_does_not_tell_is_not_known_and_not_zero(unknown: dict[str, Any]) -> None:
    found = shares([second(own=1.0, waited=0.5), second(**unknown)], cores=CORES)
    assert found["cpu_pressure_percent"] is None
    assert shares([], cores=CORES) == dict.fromkeys(found)


def test_own_time_that_the_ticks_missed_is_not_less_than_nothing_of_others() -> None:
    assert Interval(length_s=1.0, used_s=0.98, own_s=1.0, waited=1.0).taken_s == 0.0


def _files(folder: Path, contents: dict[str, str]) -> Path:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


STAT = "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n"
PSI = "some avg10=1.00 avg60=0.00 avg300=0.00 total=750000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=20\n"


@pytest.mark.parametrize(
    ("lines", "files"),
    [
        (f"0::/system.slice/docker-{ID}.scope\n", {f"system.slice/docker-{ID}.scope/{{}}": "v2"}),
        (f"2:cpuacct:/docker/{ID}\n0::/docker/{ID}\n", {f"unified/docker/{ID}/{{}}": "v2"}),
        (f"3:cpu,cpuacct:/docker/{ID}\n0::/\n", {f"cpu,cpuacct/docker/{ID}/cpuacct.usage": "v1"}),
    ],
)
def test_a_container_is_found_in_cgroups_of_either_version(tmp_path: Path, lines: str, files: dict[str, str]) -> None:
    for name, version in files.items():
        if version == "v1":
            _files(tmp_path, {name: "2500000000\n"})
        else:
            _files(tmp_path, {name.format("cpu.stat"): STAT, name.format("cpu.pressure"): PSI})
    spent = cgroup_of(ID, lines, root=tmp_path).read()
    assert spent == Spent(2.5, None if "v1" in files.values() else 0.75)


def test_the_cgroup_of_everybody_is_not_taken_for_the_containers(tmp_path: Path) -> None:
    _files(tmp_path, {"cpu.stat": STAT, "cpuacct/cpuacct.usage": "1"})
    assert cgroup_of(ID, "2:cpuacct:/\n0::/\n", root=tmp_path) == Cgroup(None, None)
    assert Cgroup(None, None).read() is None
    assert Cgroup(tmp_path / "gone", None).read() is None


def test_a_container_that_was_started_again_counts_from_its_new_beginning() -> None:
    assert Spent(3.0, 1.0).since(Spent(2.0, 0.5)) == (1.0, 0.5)
    assert Spent(0.25, 0.1).since(Spent(2.0, 0.5)) == (0.25, 0.1)
    assert Spent(0.25, 0.1).since(None) == (0.25, 0.1)
    assert Spent(3.0, None).since(Spent(2.0, None)) == (1.0, None)


def test_interrupts_and_waiting_for_disks_are_nobodys_cpu_time() -> None:
    ticks = {"user": 100, "nice": 50, "system": 50, "idle": 900, "iowait": 300, "irq": 7, "softirq": 9, "steal": 4}
    assert used_s(ticks) == used_s({"user": 200})
    assert used_s({}) == 0.0


def test_a_processor_that_serves_interrupts_or_others_machines_has_no_room() -> None:
    ticks = {"user": 100, "nice": 50, "system": 50, "idle": 900, "iowait": 300, "irq": 7, "softirq": 9, "steal": 4}
    assert busy_s(ticks) == busy_s({"user": 220})
    assert busy_s({}) == 0.0


def test_pressure_is_read_and_its_absence_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _files(tmp_path, {"cpu": PSI})
    assert stalled_s(tmp_path / "cpu") == {"some": 0.75, "full": 2e-05}
    assert stalled_s(tmp_path / "none") == {"some": None, "full": None}
    monkeypatch.setattr(scenarios.run.cpu_time, "stalled_s", lambda: {"some": None, "full": None})
    monkeypatch.setattr(scenarios.run.cpu_time, "_ROOT", tmp_path)
    assert len(lacking()) == 2


def test_what_is_read_once_a_second_becomes_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's sums by a clock that goes on by a second with each reading: pod a uses half a core and waits a tenth
    of the time; b comes at 5 s, uses a quarter and waits a fifth."""
    now = 0

    def spent(_: object) -> dict[str, Spent]:
        nonlocal now
        now += 1
        pods = {"a": Spent(0.5 * now, 0.1 * now)}
        return pods | ({"b": Spent(0.25 * (now - 5), 0.2 * (now - 5))} if now >= 5 else {})

    monkeypatch.setattr(Containers, "read", spent)
    monkeypatch.setattr("scenarios.run.noise.used_s", lambda _: 1.5 * now)
    monkeypatch.setattr("scenarios.run.noise.time.monotonic", lambda: float(now))
    monkeypatch.setattr("scenarios.run.noise.PERIOD_S", 60.0)  # this test is the clock
    watch = Watch("a run")
    monkeypatch.setattr("scenarios.run.noise.PERIOD_S", 1.0)
    for _ in range(8):
        watch._one_more()
    intervals = watch.stop()
    assert len(intervals) == 9
    for one, cpu_s, waited in ((intervals[2], 0.5, 0.1), (intervals[7], 0.75, 0.2)):
        assert one.length_s == pytest.approx(1)
        assert one.used_s == pytest.approx(1.5)
        assert one.own_s == pytest.approx(cpu_s, abs=0.2)  # this process counts as its own, and is not still
        assert one.waited == pytest.approx(waited)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "gates", "verdict"),
    [
        ({"cpu_pressure_percent": CPU_PRESSURE_PERCENT}, {}, "pass"),
        ({"cpu_pressure_percent": CPU_PRESSURE_PERCENT + 1}, {}, "void"),
        ({"cpu_pressure_percent": CPU_PRESSURE_PERCENT + 1}, {"cpu_pressure_percent": 90}, "pass"),
        ({"cpu_pressure_percent": 6}, {"cpu_pressure_percent": 5}, "void"),
        ({"cpu_pressure_percent": None, "foreign_cpu_percent": 90.0}, {}, "pass"),
        ({"cpu_pressure_some_percent": 100.0, "own_cpu_percent": 97.0}, {}, "pass"),
    ],
)
def test_a_trial_whose_pods_were_starved_by_others_is_void(
    host: dict[str, Any], gates: dict[str, Any], verdict: str, made: History
) -> None:
    judgement = judge(replace(made, manifest={"host": host, "gates": gates}))
    assert judgement.verdict == verdict
    for reason in judgement.void_reasons:
        assert reason.startswith(f"other processes took {host['cpu_pressure_percent']:g} % of this machine's CPU")


def test_the_gate_is_written_as_a_share_in_percent() -> None:
    settings = ["gates.cpu_pressure=5"]
    assert read_scenario("steady", settings=settings).gates.numbers()["cpu_pressure_percent"] == 5
    assert "cpu_pressure_percent" not in read_scenario("steady").gates.numbers()
    for wrong in ("0", "101", "much"):
        with pytest.raises(ConfigurationError, match="cpu_pressure"):
            read_scenario("steady", settings=[f"gates.cpu_pressure={wrong}"])
