"""The alarm: it gives way, never rings early, and rings again. How exact it is shows in `lateness_ms` of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

TRIAL = """
import json, time
import gevent
from loadgen.driver.alarm import exact_sleep

sleep_ns, turns, short = exact_sleep(), [], []
other = gevent.spawn(lambda: [(turns.append(number), gevent.sleep(0)) for number in range(3)])
for pause_ns in (0, 1, 3_000_000, 1_000_000):
    began_ns = time.monotonic_ns()
    sleep_ns(pause_ns)
    short.append(time.monotonic_ns() - began_ns < pause_ns)
kept = gevent.spawn(sleep_ns, 60_000_000_000)
gevent.sleep(0)
kept.kill()
before = gevent.get_hub().loop.iteration
gevent.sleep(0.05)
print(json.dumps({"turns": turns, "short": short, "idle": gevent.get_hub().loop.iteration - before}))
"""


@pytest.fixture(scope="module", params=["exact", "gevent's own"])
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    exact = request.param == "exact"
    if exact and not hasattr(os, "timerfd_create"):
        pytest.skip("this Python has no timerfd, the one in our images has")
    without = "" if exact else "import os; vars(os).pop('timerfd_create', None)\n"
    done = subprocess.run([sys.executable, "-c", without + TRIAL], capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_it_gives_way_and_never_rings_early(found: dict[str, Any]) -> None:
    assert found["turns"] == [0, 1, 2]
    assert found["short"] == [False] * 4


def test_who_is_ended_in_his_sleep_leaves_a_hub_that_rests(found: dict[str, Any]) -> None:
    assert found["idle"] < 20
