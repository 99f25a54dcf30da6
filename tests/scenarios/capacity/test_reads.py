"""Reads with one replica less: what is found on a fake server, and what is said where nothing is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.errors import HarnessError
from history.vocabulary import WorkloadFacts
from scenarios.capacity.plan import plan
from scenarios.capacity.reads import cannot
from scenarios.capacity.search import STEPS_MAX
from scenarios.schema.workload import WorkloadSection
from tests.scenarios.capacity.fake_server import FakeServer
from tests.scenarios.capacity.fake_system import SLO, FakeSystem, content, ended

pytestmark = pytest.mark.usefixtures("undrawn")

LOSE = ("--lose", "1", "--workload", "mixed-read")


def measured(folder: Path, *, code: int = 0) -> dict[str, Any]:
    assert ended(folder, *LOSE, subject="group") == code
    return content(folder)


def settings(found: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    return [step for step in found["steps"] if step["setting"] in names]


@pytest.mark.usefixtures("trials")
def test_reads_are_searched_with_every_replica_and_with_one_dead(tmp_path: Path, system: type[FakeSystem]) -> None:
    found = measured(tmp_path)
    reads = found["n_minus_1"]["reads"]
    assert reads["max_tps"] == pytest.approx(2000, rel=0.1)
    assert reads["n_minus_1_max_tps"] == pytest.approx(1200, rel=0.1)
    assert reads["ratio"] == pytest.approx(reads["n_minus_1_max_tps"] / reads["max_tps"])
    assert "With the replica node3 killed" in reads["words"]
    for setting in ("reads", "reads_n_minus_1"):
        assert 5 <= len(settings(found, setting)) <= STEPS_MAX
    assert found["n_minus_1"]["max_tps"] == pytest.approx(800, rel=0.1), "that of writes and reads is its own"
    assert found["max_tps"] == pytest.approx(1000, rel=0.1)
    assert system.story[:5] == [
        "node3 killed",
        "node3 serves no reads",
        "node3 back",
        "node3 serves reads",
        "node1 killed",
    ]
    page = (tmp_path / "capacity" / "latest" / "report.html").read_text()
    assert "reads alone, one replica dead" in page
    assert f"{reads['ratio']:.0%} of that" in " ".join(found["headline"])


@pytest.mark.slow
@pytest.mark.usefixtures("trials")
def test_reads_that_nothing_holds_kill_no_replica_and_say_so(tmp_path: Path, system: type[FakeSystem]) -> None:
    system.reads = FakeServer(capacity_tps=2000, slots=4, drops=0.2)
    found = measured(tmp_path)
    reads = found["n_minus_1"]["reads"]
    assert (reads["max_tps"], reads["n_minus_1_max_tps"], reads["ratio"]) == (None, None, None)
    assert "no rate holds the objectives" in reads["words"]
    assert system.story[0] == "node1 killed"
    assert found["n_minus_1"]["max_tps"] is not None, "the rest is measured all the same"


@pytest.mark.slow
@pytest.mark.usefixtures("trials")
def test_without_a_maximum_with_a_replica_dead_the_one_before_stays_and_the_replica_comes_back(
    tmp_path: Path, system: type[FakeSystem]
) -> None:
    system.reads_one_less = FakeServer(capacity_tps=1200, slots=2, generator_tps=900)
    found = measured(tmp_path)
    reads = found["n_minus_1"]["reads"]
    assert reads["max_tps"] == pytest.approx(2000, rel=0.1)
    assert (reads["n_minus_1_max_tps"], reads["ratio"]) == (None, None)
    assert "the load generator was the limit" in reads["words"]
    assert "node3 back" in system.story
    assert "with one replica dead no maximum was found" in " ".join(found["headline"])


@pytest.mark.slow
def test_reads_need_no_maximum_of_the_mix_and_no_primary_dies_without_one(
    tmp_path: Path, system: type[FakeSystem]
) -> None:
    system.server = FakeServer(capacity_tps=1000, slots=4, generator_tps=700)
    lost = measured(tmp_path, code=3)["n_minus_1"]
    assert lost["reads"]["max_tps"] == pytest.approx(2000, rel=0.1)
    assert lost["reads"]["ratio"] is not None
    assert "there is no maximum with all nodes" in lost["words"]
    assert "node1 killed" not in system.story
    assert {lost[name] for name in ("max_tps", "ratio", "safe_tps", "safe_verified", "rejoining")} == {None}


@pytest.mark.slow
def test_reads_stay_when_what_follows_breaks(tmp_path: Path, system: type[FakeSystem]) -> None:
    def break_down(_: int) -> None:
        if system.story and system.story[-1] == "node1 killed":
            raise HarnessError("a load pod ended early")

    system.before = staticmethod(break_down)
    lost = measured(tmp_path, code=4)["n_minus_1"]
    assert lost["reads"]["ratio"] is not None
    assert lost["max_tps"] is None
    assert lost["words"]


def own(*, read_port: frozenset[str], **options: Any) -> WorkloadSection:
    """A user's own class that was looked at."""
    section = WorkloadSection.model_validate({"name": "mine.py:Mine", **options})
    return section.model_copy(update={"told": WorkloadFacts(read_port=read_port)})


@pytest.mark.parametrize("name", ["transfer", "append"])
def test_a_workload_that_reads_where_it_writes_has_no_read_pool(name: str) -> None:
    found = plan("group", slo=[SLO], workload=name)
    assert f"the workload {name} reads where it writes" in cannot(found.scenario.workload)


def test_what_a_class_says_decides_and_not_its_name() -> None:
    peek = frozenset({"peek"})
    assert cannot(own(read_port=peek, read_share=0.5)) == ""
    assert "reads where it writes" in cannot(own(read_port=frozenset(), read_share=0.5))
    assert "has no key read_share" in cannot(own(read_port=peek))
    assert cannot(plan("group", slo=[SLO], workload="mixed-read").scenario.workload) == ""
