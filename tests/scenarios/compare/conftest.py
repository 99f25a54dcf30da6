"""Runs without an engine: each leaves a sealed folder whose write outage depends on its settings."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.platform import ownership
from cluster.platform.docker_platform import DockerPlatform
from reports.trials.trial import Trial
from scenarios.compare import rerun
from scenarios.trials.loop import Planned
from tests.sealed_runs import sealed_run


class FakeTrials:
    """In place of `scenarios.trials.loop.Trials`. ran: what was run, in order."""

    ran: list[Planned]
    outages_ms: dict[str, float]
    void: set[int]
    numbers: Iterator[int]

    def __init__(self, *, runs: Path, kind: str, name: str, id: str, **_: object) -> None:
        self._runs, self._part_of = runs, {"kind": kind, "name": name, "id": id}

    def run(self, planned: Planned, attempt: int = 1) -> Trial:
        self.ran.append(planned)
        seed, number = planned.scenario.seed, planned.number
        void = len(self.ran) in self.void
        folder = sealed_run(
            self._runs,
            1000 + next(self.numbers),
            write_outage_ms=self.outages_ms.get(" ".join(planned.settings), 4000.0) + random.Random(seed).random(),
            manifest={
                "command": planned.command,
                "seed": seed,
                "part_of": {**self._part_of, "cell": planned.cell, "trial": number, "attempt": attempt},
            },
            summary={"verdict": "void", "void_reasons": ["noise"]} if void else {},
        )
        summary: Any = {"verdict": "void" if void else "pass"}
        return Trial(
            number=number, order=1, seed=seed, attempt=attempt, cell=planned.cell, summary=summary, folder=folder
        )


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> type[FakeTrials]:
    FakeTrials.ran, FakeTrials.outages_ms, FakeTrials.void = [], {}, set()
    FakeTrials.numbers = iter(range(10_000))
    monkeypatch.setattr(rerun, "Trials", FakeTrials)
    for name in ("require_images", "require_needs"):
        monkeypatch.setattr(rerun, name, lambda *_: None)
    monkeypatch.setattr(DockerPlatform, "__init__", lambda _: None)
    monkeypatch.setattr(ownership, "reap", list)
    monkeypatch.setattr(rerun, "checkout", lambda: {"commit": "a" * 40, "dirty": False})
    return FakeTrials


def recorded(
    runs: Path, first: int, number: int, *, settings: tuple[str, ...] = (), outage_ms: float = 4000.0, **made_of: Any
) -> None:
    """So many runs of primary-kill with these settings, from the hour ``first`` on; made_of: commit and dirty."""
    words = [word for one in settings for word in ("--set", one)]
    for at in range(first, first + number):
        sealed_run(
            runs,
            at,
            write_outage_ms=outage_ms + random.Random(at).random() * 100,
            scenario={"mesh": {"proxy": "envoy", "settings": list(settings)}},
            manifest={
                "command": ["meshbench", "run", "primary-kill", *words, "--seed", str(at)],
                "versions": {"commit": "a" * 40, "dirty": False, **made_of},
            },
        )
