"""The clock that tests of waiting code go by: it jumps when, and only when, nothing else is to be done."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
TRIALS = "tests.loadgen.clock_trials"
MS = 1_000_000


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", TRIALS], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize(
    ("trial", "lines"),
    [
        ("an_hour", [["slept", 3_600_000 * MS]]),
        ("in_order", [["first", 100 * MS], ["second", 100 * MS], ["third", 300 * MS]]),
        ("one_after_the_other", [["lead", 100 * MS], ["follow", 100 * MS], ["other", 100 * MS]]),
        ("busy_hub", [["spun", 0], ["napped", 1]]),
        ("waits", [["overdue", 250 * MS], ["set", 750 * MS], ["cut", 2750 * MS]]),
        ("stopped", [["after", 3000 * MS]]),
        ("frozen", [["thawed", 200 * MS], ["late", 200 * MS], ["on time", 400 * MS]]),
        ("nothing_to_come", [["LoopExit", 0]]),
    ],
)
def test_time_goes_by_appointments_alone(found: dict[str, Any], trial: str, lines: list[Any]) -> None:
    assert found[trial] == lines
