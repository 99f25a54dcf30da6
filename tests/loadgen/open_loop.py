"""Runs the driver on clients that need no server and prints its totals as JSON; started by test_driver.py.

    python -m tests.loadgen.open_loop CONFIG_FILE SERVER      with SERVER one of the servers below

A process of its own, because gevent must not get into the tests' process.
"""

from __future__ import annotations

import json
import sys
import time
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

STALL_FROM_S, STALL_UNTIL_S = 0.3, 0.8
LATE_S = 0.3


class FakeClient:
    server = "fake"

    def __init__(self, answer: Callable[[FakeClient, Op], None]) -> None:
        self._answer = answer

    def make_ready(self) -> None:
        pass

    def attempt(self, op: Op) -> Result:
        self._answer(self, op)
        return Result(outcome="ok")


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


def broken(_: FakeClient, op: Op) -> None:
    raise AssertionError(f"a bug at {op.key}")


SERVERS: dict[str, Callable[[], Callable[[FakeClient, Op], None]]] = {
    "prompt": lambda: prompt,
    "stalling": stalling,
    "late": lambda: late,
    "broken": lambda: broken,
}


def main(config_file: str, server: str) -> None:
    config = LoadConfig.from_json(Path(config_file).read_text())
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
