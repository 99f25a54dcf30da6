"""The alarm: it gives way, never rings early, and rings again. How exact it is shows in `lateness_ms` of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

TRIAL = """
import json, time
import gevent
from loadgen.driver.alarm import exact_sleep, sleep_ns

sleep, turns, short = SLEEP, [], []
other = gevent.spawn(lambda: [(turns.append(number), gevent.sleep(0)) for number in range(3)])
for pause_ns in (0, 1, 3_000_000, 1_000_000):
    began_ns = time.monotonic_ns()
    sleep(pause_ns)
    short.append(time.monotonic_ns() - began_ns < pause_ns)
kept = gevent.spawn(sleep, 60_000_000_000)
gevent.sleep(0)
kept.kill()
before = gevent.get_hub().loop.iteration
gevent.sleep(0.05)
print(json.dumps({"turns": turns, "short": short, "idle": gevent.get_hub().loop.iteration - before}))
"""


@pytest.fixture(scope="module", params=["exact_sleep()", "sleep_ns"])
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What this Python has, exact from 3.13 on, and what an older one has."""
    code = TRIAL.replace("SLEEP", request.param)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_it_gives_way_and_never_rings_early(found: dict[str, Any]) -> None:
    assert found["turns"] == [0, 1, 2]
    assert found["short"] == [False] * 4


def test_who_is_ended_in_his_sleep_leaves_a_hub_that_rests(found: dict[str, Any]) -> None:
    assert found["idle"] < 20
