"""``meshbench certify`` from the command line to a bundle that holds, over runs that are judged for real."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import scenarios.certify.certify
import scenarios.certify.plan_file
from cluster.platform import ownership
from reports.certificate.plan import Plan
from reports.trials.trial import Trial
from scenarios.certify.plan_file import Resolved, System
from scenarios.certify.verify import verify
from scenarios.cli.cli import main
from scenarios.schema.read import read_scenario
from scenarios.trials.loop import Planned
from tests.scenarios.certify import bundles

pytestmark = pytest.mark.usefixtures("no_figures")


class Recorded:
    """Instead of trials on an engine: each a copy of what a run recorded, judged and sealed. cut_at: the trial in whose
    first attempt somebody presses Ctrl-C."""

    cut_at: int | None = None
    done = 0

    def __init__(self, *, runs: Path, kind: str, name: str, id: str, platform: object) -> None:
        assert (kind, name) == ("certify", bundles.NAME)
        self._runs, self._id = runs, id

    def run(self, planned: Planned, attempt: int) -> Trial:
        if self.cut_at == planned.number and attempt == 1:
            raise KeyboardInterrupt
        number, seed = planned.number, planned.scenario.seed
        Recorded.done += 1
        part = {"kind": "certify", "name": bundles.NAME, "id": self._id, "trial": number, "attempt": attempt}
        started = datetime.now(UTC) + timedelta(seconds=Recorded.done)
        changes: dict[str, Any] = {"started_at": started.isoformat(timespec="seconds"), "part_of": part}
        folder = bundles.run_of(self._runs, seed, order=Recorded.done, number=number, attempt=attempt, changes=changes)
        summary: Any = json.loads((folder / "summary.json").read_text())
        return Trial(number=number, order=1, seed=seed, attempt=attempt, summary=summary, folder=folder, took_s=1.0)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan of three clean trials, of a system that is recorded."""
    offered(monkeypatch, bundles.plan())
    for name in ("require_images", "require_needs"):
        monkeypatch.setattr(scenarios.certify.certify, name, lambda *_: None)
    monkeypatch.setattr(scenarios.certify.certify, "DockerPlatform", lambda: None)
    monkeypatch.setattr(ownership, "reap", list)
    monkeypatch.setattr(scenarios.certify.certify, "Trials", Recorded)
    monkeypatch.setattr(Recorded, "done", 0)
    (tmp_path / "PLAN.yaml").write_text("name: small\n")
    return tmp_path / "PLAN.yaml"


def offered(monkeypatch: pytest.MonkeyPatch, plan: Plan) -> None:
    """Let PLAN.yaml stand for this plan."""
    system = System(scenario=read_scenario("primary-kill"), name="old-single", settings=())
    resolved = Resolved(plan=plan, systems={plan.cells[0].name: system})
    monkeypatch.setattr(scenarios.certify.plan_file, "read_plan", lambda *_, **__: resolved)


def certify(file: Path) -> int:
    return main(["certify", str(file), "--runs", str(file.parent / "runs")])


def bundles_of(file: Path) -> list[Path]:
    return sorted((file.parent / "runs" / "certificates").glob("*.zip"))


@pytest.mark.slow
def test_a_certified_plan_ends_with_0_and_a_bundle_that_holds(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(file) == 0
    told = capsys.readouterr().out
    assert "CERTIFIED small: certified after 3 trials: no claim failed in any" in told
    assert "never seen in 3 trials, which does not prove never: at 80 % confidence" in told
    (bundle,) = bundles_of(file)
    assert str(bundle) in told
    found = verify(bundle)
    assert (found["verdict"], found["problems"]) == ("sound", [])
    assert (file.parent / "runs" / "index.html").is_file(), "the page of all runs has it"


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_no_bundle_and_the_same_command_goes_on(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recorded, "cut_at", 2)
    assert certify(file) == 130
    assert "not ended: 1 of at most 3 trials were run; the same command goes on in " in capsys.readouterr().err
    assert bundles_of(file) == []
    assert certify(file) == 0
    assert "begun before: 1 trials are done" in capsys.readouterr().err
    (bundle,) = bundles_of(file)
    found = verify(bundle)
    assert (found["verdict"], found["problems"]) == ("sound", [])
    assert found["checked"]["not_judged"] == 1, "the one that was cut off"


def test_a_refused_plan_ends_with_1_and_its_bundle_holds_too(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    offered(monkeypatch, bundles.plan(claims=(bundles.claim("write_outage_ms", 0.001, 0.5),)))
    assert certify(file) == 1
    told = capsys.readouterr().out
    assert "REFUSED small: refused after 1 trial, by trial 1: longest time without an acknowledged write" in told
    (bundle,) = bundles_of(file)
    found = verify(bundle)
    assert (found["verdict"], found["problems"]) == ("sound", [])
