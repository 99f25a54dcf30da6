"""The injector against a fake cluster and a fake fault: order, evidence, and heal whatever happens."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from chaos.events import FirstAck, nobody_listens
from chaos.fault import Context, Evidence, Fault, Injection, Victim
from chaos.injector import Injector
from chaos.targets import TARGETS
from chaos.timeline import PlannedFault
from cluster.cluster import Cluster
from cluster.errors import EngineRefusedError, EngineSilentError, HarnessError, RefusedError
from cluster.status.status import Status
from cluster.wait import wait_until
from tests.chaos.fakes import FakeCluster, FakeOutlook


class FakeFault(Fault):
    """breaks: what its injection raises."""

    name = "fake"
    does = "nothing"
    targets = TARGETS

    def __init__(self, *, bites: bool = True, breaks: Exception | None = None, peer: str | None = None) -> None:
        self.calls: list[str] = []
        self.broken_pods: set[str] = set()
        self.injected = threading.Event()
        self.shows, self.breaks, self.peer = bites, breaks, peer

    def written(self) -> dict[str, Any]:
        return {"peer": self.peer}

    def isolates_from(self, victim: Victim, context: Context) -> tuple[str, ...]:
        del victim
        return context.peers

    def on(self, victim: Victim, context: Context) -> Broken:
        return Broken(fault=self, victim=victim, context=context)


class FakeChange(FakeFault):
    lasts = False


class Broken(Injection[FakeFault]):
    def inject(self) -> None:
        self.fault.calls.append(f"inject {self.pod}")
        self.fault.injected.set()
        if self.fault.breaks:
            raise self.fault.breaks
        if self.fault.shows:
            self.fault.broken_pods.add(self.pod)

    def effect(self) -> Evidence:
        broken = self.pod in self.fault.broken_pods
        return Evidence(ok=broken, seen={"broken": broken})

    def heal(self) -> None:
        self.fault.calls.append(f"heal {self.pod}")
        self.fault.broken_pods.discard(self.pod)

    def residue(self) -> Evidence:
        return Evidence(ok=self.pod not in self.fault.broken_pods)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "faults.jsonl"


def injector(
    fault: FakeFault,
    record: Path,
    *,
    target: Any = "primary",
    cluster: FakeCluster | None = None,
    first_ack: FirstAck = nobody_listens,
    seed: int = 1,
    late_s: float = 2.0,
    shift_s: float = 0.0,
    **plan: Any,
) -> Injector:
    planned = PlannedFault(fault=fault, target=target, **{"at_s": 0.0, "heal_after_s": 0.02, **plan})
    return Injector(
        cast(Cluster, cluster or FakeCluster()),
        [planned],
        seed=seed,
        record_to=record,
        first_ack=first_ack,
        outlook=FakeOutlook(),
        shift_s=shift_s,
        phase_s=0.01,
        late_s=late_s,
        bite_timeout_s=0.05,
    )


def steps(record: Path) -> dict[str, dict[str, Any]]:
    return {line["step"]: line for line in map(json.loads, record.read_text().splitlines())}


def test_a_fault_is_injected_proved_healed_and_proved_clean(record: Path) -> None:
    fault = FakeFault()
    one = injector(fault, record)
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


def test_a_fault_that_was_held_up_says_so_and_when_it_was_due(record: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As after the process that runs the timeline was stopped for a quarter of a minute."""
    fault = FakeFault()
    one = injector(fault, record)
    one.start(time.monotonic_ns() - 15_000_000_000)
    assert fault.injected.wait(5)
    one.stop()
    written = steps(record)
    assert "is 15.0 s late" in caplog.text
    assert written["injected"]["evidence"]["due_ns"] == written["planned"]["at_ns"]


def test_a_fault_that_comes_in_time_is_not_called_late(record: Path, caplog: pytest.LogCaptureFixture) -> None:
    fault = FakeFault()
    one = injector(fault, record, late_s=60.0)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert "late" not in caplog.text


def test_a_fault_that_does_not_show_is_recorded_as_not_bitten(record: Path) -> None:
    fault = FakeFault(bites=False)
    one = injector(fault, record)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert steps(record)["bitten"]["ok"] is False
    assert fault.calls == ["inject node2", "heal node2"]


def test_heal_runs_after_an_injection_that_failed_half_way(record: Path) -> None:
    fault = FakeFault(breaks=HarnessError("the engine went away"))
    one = injector(fault, record)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    with pytest.raises(HarnessError, match="went away"):
        one.stop()
    assert fault.calls == ["inject node2", "heal node2"]


def test_an_interruption_ends_the_wait_for_a_pod_that_does_not_come_back(record: Path) -> None:
    cluster = FakeCluster()
    cluster.returns.clear()
    one = injector(FakeFault(), record, cluster=cluster, heal_after_s=0.01)
    one.start(time.monotonic_ns())
    assert cluster.awaited.wait(5)
    one.stop(recover=False)  # returns


def test_stopping_early_heals_at_once_and_without_waiting_for_recovery(record: Path) -> None:
    fault = FakeFault()
    one = injector(fault, record, heal_after_s=3600.0)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop(recover=False)
    assert fault.calls == ["inject node2", "heal node2"]
    assert "clean" not in steps(record)


def test_a_fault_due_after_the_end_is_planned_and_never_injected(record: Path) -> None:
    fault = FakeFault()
    one = injector(fault, record, at_s=3600.0)
    one.start(time.monotonic_ns())
    one.stop()
    assert list(steps(record)) == ["planned"]
    assert fault.calls == []


def test_the_seed_decides_moment_and_target(tmp_path: Path) -> None:
    def struck(name: str, seed: int) -> tuple[int, str]:
        """When the step was due, in nanoseconds of the load, and the pod it hit."""
        fault, zero_ns = FakeFault(), time.monotonic_ns()
        one = injector(fault, tmp_path / name, target="one_replica", seed=seed)
        one.start(zero_ns)
        assert fault.injected.wait(5)
        one.stop()
        written = steps(tmp_path / name)
        return int(written["planned"]["at_ns"]) - zero_ns, str(written["injected"]["pod"])

    seen = {seed: struck(f"a{seed}", seed) for seed in range(8)}
    assert seen == {seed: struck(f"b{seed}", seed) for seed in range(8)}
    assert len({moment for moment, _ in seen.values()}) == 8
    assert {pod for _, pod in seen.values()} == {"node1", "node3"}


def test_a_shift_makes_a_step_so_much_later(tmp_path: Path) -> None:
    def due_ns(name: str, shift_s: float) -> int:
        zero_ns = time.monotonic_ns()
        one = injector(FakeFault(), tmp_path / name, at_s=3600.0, shift_s=shift_s)
        one.start(zero_ns)
        one.stop()
        return int(steps(tmp_path / name)["planned"]["at_ns"]) - zero_ns

    assert due_ns("later", 1.5) - due_ns("as-written", 0.0) == 1_500_000_000


def test_one_replica_is_never_the_primary(record: Path) -> None:
    fault = FakeFault()
    one = injector(fault, record, target="one_replica")
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert steps(record)["injected"]["pod"] in ("node1", "node3")


def test_several_pods_are_struck_at_once_each_with_a_story_of_its_own(record: Path) -> None:
    fault = FakeFault()
    one = injector(fault, record, target="majority")
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    stories: dict[int, list[dict[str, Any]]] = {}
    for line in map(json.loads, record.read_text().splitlines()):
        stories.setdefault(line["id"], []).append(line)
    assert sorted(stories) == [0, 1]
    for story in stories.values():
        assert [line["step"] for line in story] == ["planned", "injected", "bitten", "healed", "clean"]
        assert all(line["target"] == "majority" for line in story)
    struck = {story[1]["pod"] for story in stories.values()}
    assert len(struck) == 2
    assert "node2" in struck


def test_what_is_killed_for_good_is_not_healed_and_counts_no_more(record: Path) -> None:
    fault, cluster = FakeFault(), FakeCluster()
    one = injector(fault, record, cluster=cluster, heal_after_s=None, for_good=True)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert list(steps(record)) == ["planned", "injected", "bitten"]
    assert steps(record)["bitten"]["for_good"]
    assert fault.calls == ["inject node2"]
    assert set(cluster.departed) == {"node2"}


def test_an_operation_is_over_when_it_is_done(record: Path) -> None:
    fault = FakeChange()
    one = injector(fault, record, heal_after_s=None)
    one.start(time.monotonic_ns())
    wait_until("its story is over", lambda: "clean" in record.read_text(), timeout_s=5)
    assert not one._over.is_set(), "it did not wait for the end of the load"
    one.stop()


def test_a_quarantined_pod_is_clean_with_the_reason(record: Path) -> None:
    fault, cluster = FakeFault(), FakeCluster()
    cluster.aside = {"node2": "it holds transactions that nobody else has"}
    one = injector(fault, record, cluster=cluster)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    clean = steps(record)["clean"]
    assert clean["ok"]
    assert clean["evidence"]["quarantined"] == cluster.aside["node2"]
    assert clean["evidence"]["in_service"] is False


def test_what_turns_out_to_be_on_a_quarantined_pod_alone_need_not_be_caught_up_with(record: Path) -> None:
    """After a split an old primary is found out some time after the others were healed."""

    class Split(FakeCluster):
        def status(self) -> dict[str, Status]:
            sound = super().status()
            return sound | {"node1": replace(sound["node1"], gtid_executed="u:1-9")}

        def has_executed(self, pod: str, gtid_set: str) -> bool:
            self.aside = {"node1": "it holds transactions that nobody else has"}
            return "u:1-9" not in gtid_set

    fault = FakeFault()
    one = injector(fault, record, cluster=Split())
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert steps(record)["clean"]["evidence"]["caught_up"]


def test_a_step_can_wait_for_what_the_control_plane_decides(record: Path) -> None:
    fault, cluster = FakeFault(), FakeCluster()
    one = injector(fault, record, cluster=cluster, at_s=None, after="failover-started")
    cluster.control.decide("primary_gone", "node2")
    zero_ns = time.monotonic_ns()
    cluster.control.decide("started")
    one.start(zero_ns)
    assert not fault.injected.wait(0.2), "neither an older failover nor another event counts"
    cluster.control.decide("primary_gone", "node2")
    assert fault.injected.wait(5)
    one.stop()
    assert steps(record)["planned"]["at_ns"] is None


def test_a_step_can_wait_for_a_while_after_an_event(record: Path) -> None:
    fault, cluster = FakeFault(), FakeCluster()
    one = injector(fault, record, cluster=cluster, at_s=None, after="promoted", delay_s=0.3)
    one.start(time.monotonic_ns())
    cluster.control.decide("promoted", "node1")
    assert fault.injected.wait(5)
    one.stop()
    injected = steps(record)["injected"]
    assert injected["at_ns"] >= cluster.control.made[0]["at_ns"] + 300_000_000
    assert (injected["after"], injected["parameters"]) == ("promoted", {"delay_s": 0.3})
    assert injected["evidence"]["due_ns"] == cluster.control.made[0]["at_ns"] + 300_000_000


def test_an_event_that_never_comes_leaves_the_step_planned(record: Path) -> None:
    fault, cluster = FakeFault(), FakeCluster()
    one = injector(fault, record, cluster=cluster, at_s=None, after="candidate-chosen")
    one.start(time.monotonic_ns())
    cluster.control.decide("primary_gone", "node2")
    one.stop()
    assert list(steps(record)) == ["planned"]
    assert fault.calls == []


def test_the_candidate_is_hit_as_soon_as_it_is_chosen(record: Path) -> None:
    fault, cluster = FakeFault(), FakeCluster()
    one = injector(fault, record, cluster=cluster, target="candidate", at_s=None, after="candidate-chosen")
    one.start(time.monotonic_ns())
    cluster.control.decide("primary_gone", "node2")
    cluster.control.decide("candidate_chosen", "node3")
    assert fault.injected.wait(5)
    one.stop()
    assert steps(record)["injected"]["pod"] == "node3"
    assert cluster.control.held[:2] == ["candidate_chosen", "released"], "the control plane waits for it"


def test_the_control_plane_does_not_wait_for_a_step_that_waits_itself(record: Path) -> None:
    fault, cluster = FakeFault(), FakeCluster()
    plan: dict[str, Any] = {"at_s": None, "after": "candidate-chosen", "delay_s": 0.05}
    one = injector(fault, record, cluster=cluster, **plan)
    one.start(time.monotonic_ns())
    cluster.control.decide("candidate_chosen", "node3")
    assert fault.injected.wait(5)
    one.stop()
    assert "candidate_chosen" not in cluster.control.held


def test_a_fault_that_could_not_be_injected_holds_nobody_up(record: Path) -> None:
    fault, cluster = FakeFault(breaks=HarnessError("the engine went away")), FakeCluster()
    one = injector(fault, record, cluster=cluster, at_s=None, after="candidate-chosen")
    one.start(time.monotonic_ns())
    cluster.control.decide("candidate_chosen", "node3")
    assert fault.injected.wait(5)
    wait_until("it is let go on", lambda: "released" in cluster.control.held, timeout_s=5)
    with pytest.raises(HarnessError, match="went away"):
        one.stop()


@pytest.mark.parametrize("target", ["old_primary", "new_primary"])
def test_a_word_that_nobody_plays_yet_leaves_the_step_planned(
    record: Path, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    fault = FakeFault()
    one = injector(fault, record, target=target)
    one.start(time.monotonic_ns())
    wait_until("it says so", lambda: "no primary was replaced yet" in caplog.text, timeout_s=5)
    one.stop()
    assert list(steps(record)) == ["planned"]


def test_a_pod_that_is_broken_already_is_not_struck_again(record: Path) -> None:
    fault = FakeFault()
    fault.broken_pods.add("node1")
    one = injector(fault, record, target="replicas")
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert {line["pod"] for line in lines if line["step"] == "injected"} == {"node3"}
    assert fault.calls == ["inject node3", "heal node3"]


def test_first_ack_is_asked_of_the_clients_once_a_pod_is_promoted(record: Path) -> None:
    fault, cluster, asked = FakeFault(), FakeCluster(), []

    def first_ack(since_ns: int, _over: threading.Event) -> int | None:
        asked.append(since_ns)
        return since_ns + 1

    one = injector(fault, record, cluster=cluster, at_s=None, after="first-ack", first_ack=first_ack)
    one.start(time.monotonic_ns())
    cluster.control.decide("primary_gone", "node2")
    assert not fault.injected.wait(0.2)
    cluster.control.decide("promoted", "node1")
    assert fault.injected.wait(5)
    one.stop()
    assert asked == [cluster.control.made[1]["at_ns"]]


def test_a_clone_that_begins_is_an_event(record: Path) -> None:
    fault, cluster = FakeFault(), FakeCluster()
    cluster.clones_begun_ns.append(1)
    one = injector(fault, record, cluster=cluster, at_s=None, after="clone-started")
    one.start(time.monotonic_ns())
    assert not fault.injected.wait(0.2), "one before the load does not count"
    cluster.clones_begun_ns.append(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()


def test_every_line_carries_everything_that_the_step_was(record: Path) -> None:
    fault = FakeFault(peer="primary")
    one = injector(fault, record, target="replicas", heal_after_s=0.02)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    for line in map(json.loads, record.read_text().splitlines()):
        assert list(line)[:19] == [
            "id", "step", "at_ns", "kind", "fault", "target", "hits", "peer", "after", "heal_after_s", "for_good",
            "parameters", "part", "role", "loses_node", "intends", "refuted_by", "pod", "isolates_from",
        ]  # fmt: skip
        assert (line["kind"], line["hits"], line["peer"]) == ("fault", "node", "primary")
        assert (line["heal_after_s"], line["for_good"], line["parameters"]) == (0.02, False, {"at_s": 0.0})
        assert line["isolates_from"] == (None if line["step"] == "planned" else ["node2"])


def test_a_change_is_told_from_a_fault(record: Path) -> None:
    fault = FakeChange()
    one = injector(fault, record, heal_after_s=None)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert steps(record)["injected"]["kind"] == "change"


def test_an_operation_that_is_refused_took_no_effect_and_says_why(record: Path) -> None:
    fault = FakeChange(breaks=RefusedError("it went away"))
    one = injector(fault, record, heal_after_s=None)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.stop()
    assert list(steps(record)) == ["planned", "injected", "bitten", "healed"]
    assert steps(record)["bitten"]["ok"] is False
    assert "went away" in steps(record)["bitten"]["evidence"]["reason"]


@pytest.mark.parametrize("error", [EngineRefusedError, EngineSilentError, ConnectionError, HarnessError])
def test_an_error_of_the_engine_during_a_change_is_no_finding_and_ends_the_run_at_once(
    record: Path, error: type[Exception]
) -> None:
    fault = FakeChange(breaks=error("the engine went away"))
    one = injector(fault, record, heal_after_s=None)
    one.start(time.monotonic_ns())

    def raised() -> bool:
        try:
            one.require_sound()
        except error:
            return True
        return False

    wait_until("who runs the load hears of it while the load runs", raised, timeout_s=5)
    with pytest.raises(error, match="went away"):
        one.stop()
    assert list(steps(record)) == ["planned", "healed"], "it is not on record as a change that took no effect"


def test_nothing_ends_a_run_whose_steps_are_sound(record: Path) -> None:
    fault = FakeFault()
    one = injector(fault, record)
    one.start(time.monotonic_ns())
    assert fault.injected.wait(5)
    one.require_sound()
    one.stop()
    one.require_sound()
