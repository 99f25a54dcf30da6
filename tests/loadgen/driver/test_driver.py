"""The driver's books: every arrival is recorded exactly once, wherever it ended, and the seed alone decides.

On a virtual clock (`tests.loadgen.virtual_clock`), so that nothing here depends on how fast this machine is. What a
stall does to latencies is test_coordinated_omission.py's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from loadgen.arrivals.arrivals import NS
from loadgen.config import LoadConfig
from tests.loadgen.driven import OpenLoop

Build = Callable[..., LoadConfig]
#: Servers: answers after a millisecond; the same but for half a second; answers when the drain is long over.
PROMPT: dict[str, Any] = {"answers_s": [0.001]}
STALLING: dict[str, Any] = {"answers_s": [0.001], "stall_s": (0.3, 0.8)}
LATE: dict[str, Any] = {"answers_s": [30]}


@pytest.mark.parametrize(
    ("server", "keys"),
    [
        (PROMPT, {"rate": 400}),
        (STALLING, {"rate": 400, "duration_s": 0.6, "backlog_cap": 20, "drain_s": 0.05}),
        (LATE, {"rate": 300, "backlog_cap": 15, "drain_s": 0.05}),
        (LATE, {"rate": 300, "backlog_cap": 1, "drain_s": 0}),
    ],
)
def test_every_arrival_is_somewhere(
    load_config: Build, drive: OpenLoop, server: dict[str, Any], keys: dict[str, Any]
) -> None:
    """offered = achieved + overflow + in flight + never started, exactly, and each by its own mark in the record."""
    driven = drive(load_config(**{"duration_s": 0.3, "connections": 3} | keys), "steady", **server)
    driven.assert_complete()
    totals = driven.report["totals"]
    of_error = Counter(op["error"] for op in driven.ops if op["outcome"] != "ok")
    given_up = Counter(op["process"] >= 0 for op in driven.ops if op["error"] == "drain-timeout")
    assert totals["overflow"] == of_error["overflow"]
    assert totals["in_flight"] == totals["unknown"] == given_up[True]
    assert totals["offered"] == totals["ok"] + totals["overflow"] + totals["in_flight"] + given_up[False]
    assert totals["complete"]
    assert (totals["overflow"] == 0) is (server is PROMPT)


def test_the_operations_depend_on_the_seed_alone(load_config: Build, drive: OpenLoop) -> None:
    drawn: list[dict[str, str]] = []
    for connections in (1, 4):
        config = load_config(connections=connections, worker=3, workers=4, rate=500, duration_s=0.2)
        driven = drive(config, "steady", **PROMPT)
        driven.assert_complete()
        drawn.append({op["key"]: op["value"] for op in driven.ops})
        assert {op["process"] for op in driven.ops} == set(range(30_000, 30_000 + connections))
    assert drawn[0] == drawn[1]
    assert all(key.startswith("7-3-") for key in drawn[0])


def test_overflow_is_recorded_and_never_blocks(load_config: Build, drive: OpenLoop) -> None:
    config = load_config(model="constant", rate=500, duration_s=0.2, connections=2, backlog_cap=10, drain_s=0.05)
    driven = drive(config, "steady", **LATE)
    driven.assert_complete()
    overflow = [op for op in driven.ops if op["error"] == "overflow"]
    assert len(overflow) == driven.report["totals"]["overflow"] == 100 - 10 - 2
    assert all(op["outcome"] == "fail" and op["intended_ns"] == op["start_ns"] == op["end_ns"] for op in overflow)
    assert {op["process"] for op in overflow} == {-1}


def test_what_the_drain_leaves_is_recorded_once(load_config: Build, drive: OpenLoop) -> None:
    """Every client is stuck longer than the drain. The late answers come, and find their operations given up."""
    config = load_config(model="constant", rate=200, duration_s=0.15, connections=8, drain_s=0.05, read_share=0.5)
    driven = drive(config, "steady", **LATE)
    driven.assert_complete()
    assert driven.report["totals"]["in_flight"] == 8
    assert {op["error"] for op in driven.ops} == {"drain-timeout"}
    for op in driven.ops:
        # whoever had it may commit yet; what nobody took certainly did not happen
        assert op["outcome"] == ("unknown" if op["process"] >= 0 else "fail")
    assert {op["f"] for op in driven.ops if op["process"] >= 0} == {"read", "transfer"}
    # The last arrival is due at 145 ms; the drain is counted from then on.
    assert {end for _, _, end in driven.times_ns()} == {round(0.195 * NS)}


def test_a_bug_is_not_an_outcome(load_config: Build, drive: OpenLoop) -> None:
    driven = drive(load_config(duration_s=60), "broken")
    assert "AssertionError: a bug at 7-0-0" in driven.answer["raised"]
    assert not any(op["outcome"] == "ok" for op in driven.ops)
