"""The open loop: a stall shows in every arrival it delayed, and every arrival is recorded exactly once."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadgen.config import LoadConfig
from loadgen.recorder import FILE_NAME, read_ops

Build = Callable[..., LoadConfig]

ROOT = Path(__file__).parents[2]
OPEN_LOOP = "tests.loadgen.open_loop"


class Driven:
    def __init__(self, config: LoadConfig, server: str) -> None:
        file = Path(config.out_dir) / "load.json"
        file.write_text(config.to_json())
        self.done = subprocess.run(
            [sys.executable, "-m", OPEN_LOOP, str(file), server],
            capture_output=True,
            text=True,
            timeout=20,
            cwd=ROOT,
        )
        self.ops = read_ops(Path(config.out_dir) / FILE_NAME).ops

    @property
    def report(self) -> dict[str, Any]:
        assert self.done.returncode == 0, self.done.stderr
        report: dict[str, Any] = json.loads(self.done.stdout)
        return report

    def assert_complete(self) -> None:
        totals = self.report["totals"]
        assert totals["offered"] == totals["ok"] + totals["fail"] + totals["unknown"] == len(self.ops)
        assert len({op["key"] for op in self.ops}) == len(self.ops)
        assert self.report["told"] == len(self.ops)
        outcomes = Counter(op["outcome"] for op in self.ops)
        for name in ("ok", "fail", "unknown"):
            assert totals[name] == outcomes[name] == sum(second[name] for second in self.report["seconds"])
        assert totals["offered"] == sum(second["offered"] for second in self.report["seconds"])


def percentile_ms(ops: list[dict[str, Any]], q: float, *, since: str) -> float:
    latencies = sorted(op["end_ns"] - op[since] for op in ops)
    return float(latencies[math.ceil(q * len(latencies)) - 1]) / 1e6


def test_a_stall_shows_in_every_arrival_it_delayed(load_config: Build) -> None:
    """500 ms stall, 200/s for 1.2 s: 100 of 240 arrivals wait, uniformly 0 to 500 ms, so over all operations the
    delay begins at p58, is 250 ms at p79 and 488 ms at p99. Service time, from the start as a closed loop would
    measure it, sees only the one operation each of the 4 clients was stuck in."""
    driven = Driven(load_config(model="constant", rate=200, duration_s=1.2, connections=4), "stalling")
    driven.assert_complete()
    assert driven.report["totals"]["ok"] == 240
    assert percentile_ms(driven.ops, 0.5, since="intended_ns") < 100
    assert percentile_ms(driven.ops, 0.79, since="intended_ns") == pytest.approx(250, abs=75)
    assert percentile_ms(driven.ops, 0.99, since="intended_ns") == pytest.approx(488, abs=75)
    assert percentile_ms(driven.ops, 0.97, since="start_ns") < 100
    assert sum(op["end_ns"] - op["start_ns"] > 300e6 for op in driven.ops) == 4
    assert driven.report["totals"]["lateness_ms"]["p50"] < 100  # the generator kept its appointments all the same


def test_the_operations_depend_on_the_seed_alone(load_config: Build, tmp_path: Path) -> None:
    drawn: list[dict[str, str]] = []
    for connections in (1, 4):
        out_dir = tmp_path / str(connections)
        out_dir.mkdir()
        driven = Driven(
            load_config(out_dir=str(out_dir), connections=connections, worker=3, rate=500, duration_s=0.2), "prompt"
        )
        driven.assert_complete()
        drawn.append({op["key"]: op["value"] for op in driven.ops})
        assert {op["process"] for op in driven.ops} == set(range(30_000, 30_000 + connections))
    assert drawn[0] == drawn[1]
    assert all(key.startswith("7-3-") for key in drawn[0])


def test_overflow_is_recorded_and_never_blocks(load_config: Build) -> None:
    config = load_config(model="constant", rate=500, duration_s=0.2, connections=2, backlog_cap=10, drain_s=0.05)
    driven = Driven(config, "late")
    driven.assert_complete()
    overflow = [op for op in driven.ops if op["error"] == "overflow"]
    assert len(overflow) == driven.report["totals"]["overflow"] == 100 - 10 - 2
    assert all(op["outcome"] == "fail" and op["start_ns"] == op["end_ns"] for op in overflow)
    assert {op["process"] for op in overflow} == {-1}


def test_what_the_drain_leaves_is_recorded_once(load_config: Build) -> None:
    """Every client is stuck longer than the drain. The late answers come, and find their operations given up."""
    config = load_config(model="constant", rate=200, duration_s=0.15, connections=8, drain_s=0.05, read_share=0.5)
    driven = Driven(config, "late")
    driven.assert_complete()
    assert driven.report["totals"]["in_flight"] == 8
    assert {op["error"] for op in driven.ops} == {"drain-timeout"}
    for op in driven.ops:
        # whoever had it may commit yet; what nobody took certainly did not happen
        assert op["outcome"] == ("unknown" if op["process"] >= 0 else "fail")
    assert {op["f"] for op in driven.ops if op["process"] >= 0} == {"read", "transfer"}


def test_a_bug_is_not_an_outcome(load_config: Build) -> None:
    driven = Driven(load_config(duration_s=60), "broken")
    assert driven.done.returncode == 1
    assert "AssertionError: a bug at 7-0-0" in driven.done.stderr
    assert not any(op["outcome"] == "ok" for op in driven.ops)
