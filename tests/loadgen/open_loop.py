"""Runs the driver on clients that need no server and prints its totals as JSON; started by test_driver.py.

    python -m tests.loadgen.open_loop CONFIG_FILE SERVER [closed]     with SERVER one of the servers below

A process of its own, because gevent must not get into the tests' process.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]

from loadgen.config import LoadConfig
from loadgen.driver import Driver, Row
from loadgen.outcome import Result
from loadgen.recorder import Recorder
from loadgen.registry import create
from loadgen.workload import Op

ANSWER_S = 0.01
STALL_FROM_S, STALL_UNTIL_S = 0.3, 0.8
LATE_S = 0.3


class FakeClient:
    server = "fake"

    def __init__(self, answer: Callable[[FakeClient, Op], Result | None]) -> None:
        self._answer = answer

    def make_ready(self) -> None:
        pass

    def attempt(self, op: Op) -> Result:
        return self._answer(self, op) or Result(outcome="ok")


def prompt(_client: FakeClient, _op: Op) -> None:
    gevent.sleep(0.001)


def stalling() -> Callable[[FakeClient, Op], None]:
    """Prompt, but between STALL_FROM_S and STALL_UNTIL_S nothing is answered."""
    began = time.monotonic()

    def answer(client: FakeClient, op: Op) -> None:
        prompt(client, op)
        if STALL_FROM_S <= time.monotonic() - began < STALL_UNTIL_S:
            gevent.sleep(began + STALL_UNTIL_S - time.monotonic())

    return answer


def late(_client: FakeClient, _op: Op) -> None:
    """Answers after the drain is over."""
    gevent.sleep(LATE_S)


def forgetful() -> Callable[[FakeClient, Op], Result | None]:
    """By the last digit of a key. 0: refused. 1: fails once. 2: always fails. 3: its first answer is lost, and it had
    happened. 4: its first answer is lost, and it had not. 5: its first answer is lost, then it is refused. 6: fails
    once, and then turns out to have happened. 7: every answer is lost. Else: ok."""
    asked: Counter[str] = Counter()
    fail, lost = Result(outcome="fail", errno=1213), Result(outcome="unknown", errno=2013)
    there = Result(outcome="fail", errno=1062)
    refused = Result(outcome="fail", error="insufficient-funds", refused=True)
    scripts = {"0": [refused], "1": [fail], "2": [fail] * 9, "3": [lost, there], "4": [lost], "5": [lost, refused]}
    scripts |= {"6": [fail, there, there], "7": [lost] * 9}

    def answer(_client: FakeClient, op: Op) -> Result | None:
        script = scripts.get(op.key[-1], [])
        asked[op.key] += 1
        return script[asked[op.key] - 1] if asked[op.key] <= len(script) else None

    return answer


def steady_answer(_client: FakeClient, _op: Op) -> None:
    gevent.sleep(ANSWER_S)


def broken(_: FakeClient, op: Op) -> None:
    raise AssertionError(f"a bug at {op.key}")


SERVERS: dict[str, Callable[[], Callable[[FakeClient, Op], Result | None]]] = {
    "steady": lambda: steady_answer,
    "forgetful": forgetful,
    "prompt": lambda: prompt,
    "stalling": stalling,
    "late": lambda: late,
    "broken": lambda: broken,
}


def closed_loop(config: LoadConfig, answer: Callable[[FakeClient, Op], Result | None]) -> list[int]:
    """What a closed loop measures in its place: every client paces itself to its share of the rate, waits for each
    answer and never catches up, until as many operations were done as the open loop offers."""
    latencies_ns: list[int] = []
    pace_s = config.connections / config.rate
    op = Op(f="read", key="closed", value=None)

    def client() -> None:
        for _ in range(round(config.rate * config.duration_s / config.connections)):
            began_ns = time.monotonic_ns()
            answer(FakeClient(answer), op)
            took_ns = time.monotonic_ns() - began_ns
            latencies_ns.append(took_ns)
            gevent.sleep(max(0.0, pace_s - took_ns / 1e9))

    gevent.joinall([gevent.spawn(client) for _ in range(config.connections)], raise_error=True)
    return latencies_ns


def main(config_file: str, server: str, loop: str = "open") -> None:
    config = LoadConfig.from_json(Path(config_file).read_text())
    if loop == "closed":
        print(json.dumps({"latencies_ns": closed_loop(config, SERVERS[server]())}))
        return
    seconds: list[dict[str, Any]] = []
    rows: list[Row] = []

    def emit(event: str, **fields: Any) -> None:
        if event == "second":
            seconds.append(fields)

    driver = Driver(
        config,
        next_op=create(config.workload).next,
        recorder=Recorder(Path(config.out_dir)),
        emit=emit,
        on_row=rows.append,
    )
    answer = SERVERS[server]()
    for _ in range(config.connections):
        gevent.spawn(driver.serve, FakeClient(answer))
    totals = driver.run()
    if server == "late":
        gevent.sleep(LATE_S)  # let the late answers come in: they must change nothing
    print(json.dumps({"totals": totals, "seconds": seconds, "told": len(rows)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
