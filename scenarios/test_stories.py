"""The catalogue as pytest stories: ``pytest scenarios/ -k primary_kill``. Verdict and numbers become JUnit properties.

Each story is one real run, exactly what ``meshbench run`` does, and ends as its scenario expects. Controls are part of
the catalogue: one must find nothing, and one must find the money that a badly configured MySQL loses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.recovery.waterfall import NOT_STEADY, PRIMARY_STEPS
from checks.registry import SAFETY
from cluster.platform.docker_platform import DockerPlatform
from reports.key_numbers import flat_numbers
from reports.summary_types import StepRow
from scenarios.run.run import Run, require_images
from scenarios.schema.read import catalogue, read_scenario

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine")]

#: What `make test` runs: the crash that a whole run is mostly about, a planned change, and the three controls. Every
#: other story takes half a minute or more, and what it breaks is broken on real pods by an engine test as well.
CORE = frozenset({"primary-kill", "control-null", "control-lost-commit", "control-async-loss"})
#: What is lost there is on no node any more, and meant to be: none can catch up with it.
NEVER_ALIKE = frozenset({"control-relay-log-lost"})


@pytest.fixture
def wanted(name: str, request: pytest.FixtureRequest) -> None:
    if name not in CORE and not request.config.getoption("--all-stories"):
        pytest.skip("told on demand: --all-stories")


def test_the_core_is_in_the_catalogue() -> None:
    assert set(catalogue()) >= CORE


@pytest.mark.usefixtures("wanted")
@pytest.mark.parametrize("name", catalogue(), ids=lambda name: name.replace("-", "_"))
def test_story(
    name: str,
    seed: int,
    run_dir: Path,
    record_property: Callable[[str, object], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="meshbench")
    scenario = read_scenario(name, seed=seed)
    platform = DockerPlatform()
    require_images(scenario, platform)
    run = Run(scenario, platform=platform, runs=run_dir, command=["meshbench", "run", name, "--seed", str(seed)])
    summary = run.execute(lambda _: None)

    record_property("verdict", summary["verdict"])
    record_property("folder", str(run.folder))
    for number, value in flat_numbers(summary).items():
        record_property(number, value)

    expect = scenario.expect
    assert summary["verdict"] == expect.verdict, summary["why"]
    for_good = [step.heal_after == "never" for step in scenario.steps] + [False] * len(summary["faults"])
    for fault, never in zip(summary["faults"], for_good, strict=False):
        assert fault["bitten"], fault
        assert fault["clean"] or never or name in NEVER_ALIKE, fault
    for check in expect.checks:
        found = next(one for one in summary["checks"] if one["name"] == check)
        assert found["verdict"] == "fail"
        assert found["witness"], "what was found must be named"
    if not SAFETY.intersection(expect.checks):
        assert not SAFETY.intersection(summary["failed"]), "an outage is no loss"
        assert summary["rpo"]["lost"] == 0 or scenario.gates.numbers().get("lost")
    if expect.verdict == "pass":
        assert (summary["rpo"]["acked"] or 0) > 2000
        if name.startswith("primary-"):
            assert_complete(summary["faults"][0]["waterfall"])


def assert_complete(steps: list[StepRow]) -> None:
    """Every step is known, and none comes before the one that led to it; the old primary is back at some time.

    Service that was not steady again when the load ended is a finding, and says so: how long it takes is a timing.
    """
    steps = [step for step in steps if step["at_ns"] is not None or step["source"] != NOT_STEADY]
    times = [step["at_ns"] for step in steps if step["at_ns"] is not None]
    names = [step["step"] for step in steps]
    assert "rejoined" in names or "quarantined" in names
    causal = [name for name in names if name not in ("rejoined", "quarantined")]
    assert tuple(causal) in (PRIMARY_STEPS, PRIMARY_STEPS[:-1])
    assert len(times) == len(steps), steps
    assert times == sorted(times), steps
