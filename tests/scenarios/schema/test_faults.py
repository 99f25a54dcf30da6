"""The steps of a timeline as a user writes them: words and mappings, and what is refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario


def read(tmp_path: Path, step: str, *, topology: str = "async", mesh: str = "envoy") -> Scenario:
    file = tmp_path / "mine.yaml"
    file.write_text(
        f"name: mine\nteaches: something\ntopology: {topology}\nmesh: {mesh}\n"
        f"workload: transfer\nfaults:\n  - {{{step}}}\n"
    )
    return read_scenario(str(file))


@pytest.mark.parametrize(
    ("after", "event", "delay_s", "written"),
    [
        ("promoted", "promoted", 0.0, "promoted"),
        ("{event: promoted}", "promoted", 0.0, "promoted"),
        ("{event: first-ack, delay: 200ms}", "first-ack", 0.2, {"event": "first-ack", "delay": "200ms"}),
    ],
)
def test_a_step_waits_for_an_event_and_may_wait_a_while_longer(
    tmp_path: Path, after: str, event: str, delay_s: float, written: object
) -> None:
    scenario = read(tmp_path, f"after: {after}, fault: kill, target: candidate")
    (step,) = scenario.timeline()
    assert (step.after, step.delay_s, step.at_s) == (event, delay_s, None)
    document = scenario.model_dump(mode="json")
    assert document["faults"][0]["after"] == written
    assert Scenario.model_validate(document).timeline() == scenario.timeline()


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (
            "after: promotion, fault: kill, target: primary",
            "faults.0.after: unknown event 'promotion'; did you mean 'promoted'?",
        ),
        (
            "after: {event: promotion}, fault: kill, target: primary",
            "unknown word 'promotion'; did you mean 'promoted'?",
        ),
        (
            "after: {event: promoted, dely: 1s}, fault: kill, target: primary",
            "faults.0.after.dely: unknown key; did you mean 'delay'. Allowed here: event, delay",
        ),
        (
            "after: {event: promoted, delay: 5}, fault: kill, target: primary",
            "faults.0.after.delay: expected a duration",
        ),
        ("after: {event: promoted, wait: 1s}, fault: kill, target: primary", "faults.0.after.wait: unknown key"),
        ("after: {delay: 1s}, fault: kill, target: primary", "faults.0.after.event: is required"),
        ("after: promoted, at: 2s, fault: kill, target: primary", "at and after are both given; keep one of them"),
        (
            "at: 2s, fault: kill, target: agent of nobody",
            "unknown word 'agent of nobody'; did you mean 'agent of",
        ),
        ("at: 2s, fault: kill, target: load", "faults.0.target: kill cannot have target load; it can: primary, "),
        ("after: clone-started, fault: kill, target: primary", "faults.0.after: clone-started never happens without"),
    ],
)
def test_a_step_that_cannot_be_is_told_with_what_could(tmp_path: Path, step: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        read(tmp_path, step)
    assert "mine.yaml:7" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("step", "topology", "mesh", "says"),
    [
        ("at: 2s, fault: kill, target: proxy", "async", "direct", "target: mesh direct has no proxy; targets here: "),
        ("at: 2s, fault: kill, target: candidate", "single", "envoy", "candidate does not apply to topology single"),
        ("after: candidate-chosen, fault: kill, target: candidate", "group", "envoy", "after: candidate-chosen never"),
        (
            "after: promoted, fault: kill, target: primary",
            "single",
            "envoy",
            "after: promoted never happens in topology",
        ),
    ],
)
def test_what_this_topology_or_mesh_never_has_is_told(
    tmp_path: Path, step: str, topology: str, mesh: str, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read(tmp_path, step, topology=topology, mesh=mesh)
