"""Whom a fault can hit beside the MySQL pods in service, on real ones: the candidate of a failover, and all that stands
around the pods. Order is asserted, never a length of time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cluster.platform.docker_platform import DockerPlatform
from reports.summary_types import Summary
from scenarios.run.run import Run, require_images
from scenarios.schema.read import read_scenario

pytestmark = pytest.mark.engine

Lines = list[dict[str, Any]]


def run(folder: Path, text: str) -> tuple[Summary, Lines, Lines]:
    """Run a scenario; returns its summary, its faults.jsonl and its decisions.jsonl."""
    file = folder / "mine.yaml"
    file.write_text(f"name: mine\nteaches: whom a fault can hit\nworkload: {{name: transfer, accounts: 200}}\n{text}")
    scenario = read_scenario(str(file))
    platform = DockerPlatform()
    require_images(scenario, platform)
    one = Run(scenario, platform=platform, runs=folder / "runs", command=["meshbench", "run", str(file)])
    summary = one.execute(lambda _: None)
    journal, decided = (
        [json.loads(line) for line in (one.folder / name).read_text().splitlines()]
        for name in ("faults.jsonl", "decisions.jsonl")
    )
    return summary, journal, decided


def told(lines: Lines, **facts: Any) -> dict[str, Any]:
    return next(line for line in lines if facts.items() <= line.items())


CANDIDATE_DIES = """
topology: async
mesh: envoy
load: {rate: 50, duration: 20s, connections: 8}
faults:
  - {at: 2s, fault: kill, target: primary, heal_after: 9s}
  - {after: candidate-chosen, fault: kill, target: candidate, heal_after: 4s}
  - {after: {event: first-ack, delay: 100ms}, fault: pause, target: agent of new_primary, heal_after: 500ms}
gates: {lost: 1000}   # async may lose what was on its way
"""


def test_the_candidate_of_a_failover_dies_before_it_is_promoted_and_another_or_itself_leads(tmp_path: Path) -> None:
    summary, journal, decided = run(tmp_path, CANDIDATE_DIES)
    assert summary["verdict"] == "pass", summary["why"]
    began_ns = told(journal, id=0, step="injected")["at_ns"]
    chosen = next(one for one in decided if one["event"] == "candidate_chosen")
    promoted = next(one for one in decided if one["event"] == "promoted" and one["at_ns"] > began_ns)
    killed, bitten = told(journal, id=1, step="injected"), told(journal, id=1, step="bitten")
    assert killed["pod"] == chosen["pod"]
    assert bitten["ok"]
    assert chosen["at_ns"] < killed["at_ns"] < killed["evidence"]["done_ns"] < promoted["at_ns"]
    agent = told(journal, id=2, step="injected")
    assert (agent["hits"], agent["pod"]) == ("agent", promoted["pod"])
    assert agent["at_ns"] > promoted["at_ns"]
    assert all(fault["bitten"] and fault["clean"] for fault in summary["faults"])


AROUND = """
topology: single
mesh: {mesh}
load: {{rate: 50, duration: 16s, connections: 8}}
faults:
  - {{at: 1s, fault: kill, target: proxy, heal_after: 1s}}
  - {{at: 5s, fault: pause, target: {paused}, heal_after: 1s}}
  - {{at: 9s, fault: {third}, heal_after: 1s}}
gates: {{lateness_p99: 10s}}   # a load pod that is frozen is late
"""


@pytest.mark.parametrize(
    ("mesh", "paused", "third", "hits"),
    [
        pytest.param(
            "haproxy",
            "load",
            "partition, target: load, peer: proxy",
            ["proxy", "load", "link"],
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "router",
            "proxy",
            "partition, target: proxy",
            ["proxy", "proxy", "link"],
            marks=pytest.mark.nightly,
        ),
        ("mtls", "proxy of primary", "kill, target: proxy of primary", ["proxy", "proxy", "proxy"]),
    ],
)
def test_what_stands_around_the_pods_can_be_broken_and_is_whole_again(
    tmp_path: Path, mesh: str, paused: str, third: str, hits: list[str]
) -> None:
    summary, journal, _ = run(tmp_path, AROUND.format(mesh=mesh, paused=paused, third=third))
    assert summary["verdict"] == "pass", summary["why"]
    assert [fault["hits"] for fault in summary["faults"]] == hits
    assert all(fault["bitten"] and fault["clean"] for fault in summary["faults"])
    assert {line["isolates_from"] is None for line in journal if line["step"] == "injected"} == {False}
