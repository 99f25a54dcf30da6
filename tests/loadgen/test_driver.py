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


def run(config: LoadConfig, *words: str) -> subprocess.CompletedProcess[str]:
    file = Path(config.out_dir) / "load.json"
    file.write_text(config.to_json())
    command = [sys.executable, "-m", OPEN_LOOP, str(file), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=ROOT)


def closed_loop(config: LoadConfig, server: str) -> list[dict[str, Any]]:
    """What a closed loop on the same server measures, as operations."""
    done = run(config, server, "closed")
    assert done.returncode == 0, done.stderr
    return [{"start_ns": 0, "end_ns": latency_ns} for latency_ns in json.loads(done.stdout)["latencies_ns"]]


class Driven:
    def __init__(self, config: LoadConfig, server: str) -> None:
        self.config = config
        self.done = run(config, server)
        self.ops = read_ops(Path(config.out_dir) / FILE_NAME)

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
    # Beside it the same server, clients and operations, asked the way a closed loop does: each client waits for its
    # answer, then for its next turn, and never catches up. It asked 4 times in those 500 ms instead of 100, and reports
    # p97 as if nothing had been (coordinated omission: Tene, How NOT to Measure Latency, 2013).
    assert percentile_ms(driven.ops, 0.97, since="intended_ns") == pytest.approx(465, abs=75)
    closed = closed_loop(driven.config, "stalling")
    assert len(closed) == 240
    assert percentile_ms(closed, 0.97, since="start_ns") < 100
    assert sum(op["end_ns"] - op["start_ns"] > 300e6 for op in closed) == 4


@pytest.mark.parametrize(
    ("server", "keys"),
    [
        ("prompt", {"rate": 400}),
        ("stalling", {"rate": 400, "duration_s": 0.6, "backlog_cap": 20, "drain_s": 0.05}),
        ("late", {"rate": 300, "backlog_cap": 15, "drain_s": 0.05}),
        ("late", {"rate": 300, "backlog_cap": 1, "drain_s": 0}),
    ],
)
def test_every_arrival_is_somewhere(load_config: Build, server: str, keys: dict[str, Any]) -> None:
    """offered = achieved + overflow + in flight + never started, exactly, and each by its own mark in the record."""
    driven = Driven(load_config(**{"duration_s": 0.3, "connections": 3} | keys), server)
    driven.assert_complete()
    totals = driven.report["totals"]
    of_error = Counter(op["error"] for op in driven.ops if op["outcome"] != "ok")
    given_up = Counter(op["process"] >= 0 for op in driven.ops if op["error"] == "drain-timeout")
    assert totals["overflow"] == of_error["overflow"]
    assert totals["in_flight"] == totals["unknown"] == given_up[True]
    assert totals["offered"] == totals["ok"] + totals["overflow"] + totals["in_flight"] + given_up[False]
    assert totals["complete"]


def test_the_operations_depend_on_the_seed_alone(load_config: Build, tmp_path: Path) -> None:
    drawn: list[dict[str, str]] = []
    for connections in (1, 4):
        out_dir = tmp_path / str(connections)
        out_dir.mkdir()
        driven = Driven(
            load_config(out_dir=str(out_dir), connections=connections, worker=3, workers=4, rate=500, duration_s=0.2),
            "prompt",
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
