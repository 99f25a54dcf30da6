"""What the driver does when something fails, and the closed loop: on clients that answer by a script, without a server
and on a virtual clock, so that moments are asserted exactly.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from loadgen.arrivals.arrivals import NS
from loadgen.arrivals.think import Think
from loadgen.config import LoadConfig
from loadgen.policy import Policy, Retry
from tests.loadgen.driven import OpenLoop

Build = Callable[..., LoadConfig]
#: Attempts, last attempt's outcome and what its user is told, by the last digit of the key (open_loop.forgetful).
EXPECTED: dict[Retry, dict[str, tuple[int, str, str]]] = {
    "none": {
        **dict.fromkeys("0126", (1, "fail", "fail")),
        **dict.fromkeys("3457", (1, "unknown", "unknown")),
    },
    "safe": {
        "0": (1, "fail", "fail"),
        "1": (2, "ok", "ok"),
        "2": (3, "fail", "fail"),
        **dict.fromkeys("3457", (1, "unknown", "unknown")),
        "6": (3, "fail", "fail"),
    },
    "idempotent": {
        "0": (1, "fail", "fail"),
        "1": (2, "ok", "ok"),
        "2": (3, "fail", "fail"),
        "3": (2, "ok", "ok"),
        "4": (2, "ok", "ok"),
        "5": (2, "fail", "unknown"),  # a refusal says nothing about the attempt before it
        "6": (3, "fail", "fail"),  # nothing was in doubt, so a key that is there is no good news
        "7": (3, "unknown", "unknown"),
    },
}


@pytest.mark.parametrize("mode", EXPECTED)
def test_what_is_tried_again_and_what_its_user_is_told(load_config: Build, drive: OpenLoop, mode: Retry) -> None:
    policy = Policy(retry=mode, retry_attempts=3, retry_backoff_s=0.001)
    driven = drive(load_config(model="constant", rate=500, duration_s=0.2, policy=policy), "forgetful")
    totals = driven.report["totals"]
    attempts: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for op in driven.ops:
        attempts[op["key"]].append(op)
    told: Counter[str] = Counter()
    for key, rows in attempts.items():
        count, last, user = EXPECTED[mode].get(key[-1], (1, "ok", "ok"))
        assert [row["attempt"] for row in rows] == list(range(1, count + 1)), key
        assert rows[-1]["outcome"] == last, key
        assert len({(row["intended_ns"], row["f"]) for row in rows}) == 1, "every attempt counts from the one intention"
        told[user] += 1
    assert len(attempts) == totals["offered"] == 100
    assert {name: totals[name] for name in ("ok", "fail", "unknown")} == {name: told[name] for name in told} | {
        name: 0 for name in ("ok", "fail", "unknown") if name not in told
    }
    assert totals["retries"] == len(driven.ops) - 100


def test_what_a_second_attempt_found_done_is_recorded_as_such(load_config: Build, drive: OpenLoop) -> None:
    policy = Policy(retry="idempotent", retry_backoff_s=0.001)
    driven = drive(load_config(model="constant", rate=500, duration_s=0.1, policy=policy), "forgetful")
    resolved = [op for op in driven.ops if op["key"].endswith("3") and op["attempt"] == 2]
    assert len(resolved) == 5
    assert {(op["outcome"], op["errno"], op["error"]) for op in resolved} == {("ok", 1062, "had happened")}


def test_the_drain_gives_up_what_waits_to_be_tried_again(load_config: Build, drive: OpenLoop) -> None:
    policy = Policy(retry="idempotent", retry_backoff_s=1000, retry_cap_s=1000)
    driven = drive(load_config(model="constant", rate=500, duration_s=0.1, policy=policy, drain_s=0.05), "forgetful")
    totals = driven.report["totals"]
    assert totals["offered"] == totals["ok"] + totals["fail"] + totals["unknown"] == 50
    assert {op["error"] for op in driven.ops if op["attempt"] == 2} == {"drain-timeout"}
    assert (totals["fail"], totals["unknown"]) == (20, 20)


def test_who_waits_too_long_for_a_connection_is_turned_away(load_config: Build, drive: OpenLoop) -> None:
    """One client that is stuck, and an operation every 10 ms that waits 50 ms at most."""
    policy = Policy(connection_timeout_s=0.05)
    config = load_config(model="constant", rate=100, duration_s=0.1, connections=1, policy=policy, drain_s=5)
    driven = drive(config, "steady", answers_s=[30])
    driven.assert_complete()
    expired = [op for op in driven.ops if op["error"] == "connection-timeout"]
    assert len(expired) == driven.report["totals"]["expired"] == 9
    assert all(op["outcome"] == "fail" and op["process"] == -1 for op in expired)
    assert {op["end_ns"] - op["intended_ns"] for op in expired} == {round(0.05 * NS)}


def test_a_closed_loop_wants_its_next_operation_one_think_time_after_the_answer(
    load_config: Build, drive: OpenLoop
) -> None:
    think = Think(kind="constant", mean_s=0.02)
    config = load_config(model="closed", users=1, think=think, duration_s=0.5, connections=3)
    driven = drive(config, "steady", answers_s=[0.01])
    driven.assert_complete()
    ops = sorted(driven.ops, key=lambda op: op["intended_ns"])
    assert len(ops) == 17, "the first is wanted within 20 ms, and each 30 ms after the one before"
    # Settled at the time that is recorded as its end.
    assert {later["intended_ns"] - earlier["end_ns"] for earlier, later in pairwise(ops)} == {round(0.02 * NS)}


def test_a_closed_loop_never_asks_for_more_than_it_has_users(load_config: Build, drive: OpenLoop) -> None:
    config = load_config(model="closed", users=6, duration_s=0.3, connections=2)
    driven = drive(config, "steady", answers_s=[0.01])
    driven.assert_complete()
    begun = [(op["intended_ns"], 1) for op in driven.ops]
    ended = [(op["end_ns"], -1) for op in driven.ops]
    under_way, most = 0, 0
    for _, change in sorted(begun + ended):
        under_way += change
        most = max(most, under_way)
    assert most == 6
    assert {op["process"] for op in driven.ops} == {0, 1}
