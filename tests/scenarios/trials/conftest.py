"""Trials without an engine: every run ends as a test says, in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import scenarios.trials.loop
from history.load_events import Second
from history.manifest import PartOf
from scenarios.run.run_folder import fresh
from scenarios.schema.scenario import Scenario

#: What a run ends with, from its scenario and how often this seed has been run, from 1.
Outcome = Callable[[Scenario, int], Any]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Outcome], None]:
    """Lets every run end as a function says; nothing is started."""
    monkeypatch.chdir(tmp_path)

    def as_said(outcome: Outcome) -> None:
        tried: dict[int, int] = {}

        class FakeRun:
            live = None  # nobody looks on

            def __init__(
                self, scenario: Scenario, *, platform: object, runs: Path, command: list[str], part_of: PartOf
            ) -> None:
                self._scenario = scenario
                self.folder = fresh(runs / scenario.name, f"run-{scenario.seed}")
                (self.folder / "manifest.json").write_text(json.dumps({"command": command, "part_of": asdict(part_of)}))

            def execute(self, on_second: Callable[[Second], None]) -> Any:
                seed = self._scenario.seed
                tried[seed] = tried.get(seed, 0) + 1
                return outcome(self._scenario, tried[seed])

        monkeypatch.setattr(scenarios.trials.loop, "Run", FakeRun)

    return as_said
