"""A system and runs of fakes in place of the engine's, for a test each."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import scenarios.capacity.capacity
import scenarios.capacity.failover
import scenarios.signals
from cluster.platform import ownership
from cluster.platform.fake import FakePlatform
from reports.capacity.outside import Outside
from tests.scenarios.capacity.fake_server import FakeServer
from tests.scenarios.capacity.fake_system import FakeSystem, FakeTrials


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> type[FakeSystem]:
    """What stands for the engine; each test has one of its own."""

    class Own(FakeSystem):
        server = FakeServer(capacity_tps=1000, slots=4)
        one_less = FakeServer(capacity_tps=800, slots=4)
        reads = FakeServer(capacity_tps=2000, slots=4)
        reads_one_less = FakeServer(capacity_tps=1200, slots=2)

    verb: Any = scenarios.capacity.capacity
    monkeypatch.setattr(verb, "System", Own)
    monkeypatch.setattr(verb, "DockerPlatform", FakePlatform)
    monkeypatch.setattr(verb, "require_images", lambda *_: None)
    monkeypatch.setattr(verb, "require_needs", lambda *_: None)
    monkeypatch.setattr(verb, "remember", lambda *_: None)
    monkeypatch.setattr(ownership, "reap", list)
    monkeypatch.setattr(scenarios.signals, "interruptible", nullcontext)
    return Own


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> type[FakeTrials]:
    class Own(FakeTrials):
        asked: list[float] = []  # noqa: RUF012  of this test alone

    def outside(folder: Path, _: Any) -> Outside:
        rate = float(folder.name)
        if rate >= Own.unclear_from:
            return Outside(holds=None, words="nobody can tell")
        holds = rate <= Own.holds_up_to
        return Outside(holds=holds, words="held" if holds else "did not hold")

    monkeypatch.setattr(scenarios.capacity.failover, "Trials", Own)
    monkeypatch.setattr(scenarios.capacity.failover, "load_history", lambda folder: folder)
    monkeypatch.setattr(scenarios.capacity.failover, "outside", outside)
    return Own
