"""Runs the driver on clients that need no server and on a virtual clock; started and asked by `tests.loadgen.driven`.

    python -m tests.loadgen.open_loop       a load a line on standard input, its report a line on standard output

A process of its own, because gevent must not get into the tests' process; one for many loads, because starting it takes
longer than any of them. A load is ``{"config": …, "server": name, "script": {…}, "freeze_s": [at, for] or null}``, with
the name of one of SERVERS and its keywords; a report has the driver's totals and ``second`` events, how many rows it
told of, when it began, or else what was raised.
"""

from __future__ import annotations

import faulthandler
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]

from history.load_events import LoadEvent, Second
from history.ops import OpRow
from loadgen.arrivals.arrivals import NS
from loadgen.config import LoadConfig
from loadgen.driver.driver import Driver
from loadgen.driver.recorder import Recorder
from loadgen.outcome import Result
from loadgen.workload import Op, sequence_of
from loadgen.workloads.registry import create
from tests.loadgen import virtual_clock

Answer = Callable[[Op], Result | None]

#: On the virtual clock. A load that is not over by then never will be.
ENDLESS_S = 10_000
#: Likewise: everything that could come late, an answer or a retry, has come by then.
LATE_S = 2_000
#: Of the real clock, for one load: then it hangs, and says where.
HANGS_S = 60


class FakeClient:
    server = "fake"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def make_ready(self) -> None:
        pass

    def attempt(self, op: Op) -> Result:
        return self._answer(op) or Result(outcome="ok")


def steady(*, answers_s: Sequence[float], stall_s: tuple[float, float] = (0, 0)) -> Answer:
    """The nth operation takes the nth of answers_s, over and over. stall_s: what would be answered between these two
    moments is answered at the second."""
    from_ns, until_ns = (time.monotonic_ns() + round(moment_s * NS) for moment_s in stall_s)

    def answer(op: Op) -> None:
        _, number = sequence_of(op.key)
        gevent.sleep(answers_s[number % len(answers_s)])
        if from_ns <= time.monotonic_ns() < until_ns:
            gevent.sleep((until_ns - time.monotonic_ns()) / NS)

    return answer


def forgetful() -> Answer:
    """By the last digit of a key. 0: refused. 1: fails once. 2: always fails. 3: its first answer is lost, and it had
    happened. 4: its first answer is lost, and it had not. 5: its first answer is lost, then it is refused. 6: fails
    once, and then turns out to have happened. 7: every answer is lost. Else: ok."""
    asked: Counter[str] = Counter()
    fail, lost = Result(outcome="fail", errno=1213), Result(outcome="unknown", errno=2013)
    there = Result(outcome="fail", errno=1062)
    refused = Result(outcome="fail", error="insufficient-funds", refused=True)
    scripts = {"0": [refused], "1": [fail], "2": [fail] * 9, "3": [lost, there], "4": [lost], "5": [lost, refused]}
    scripts |= {"6": [fail, there, there], "7": [lost] * 9}

    def answer(op: Op) -> Result | None:
        script = scripts.get(op.key[-1], [])
        asked[op.key] += 1
        return script[asked[op.key] - 1] if asked[op.key] <= len(script) else None

    return answer


def broken() -> Answer:
    def answer(op: Op) -> None:
        raise AssertionError(f"a bug at {op.key}")

    return answer


SERVERS: dict[str, Callable[..., Answer]] = {"steady": steady, "forgetful": forgetful, "broken": broken}


def run(load: dict[str, Any], clock: virtual_clock.Clock) -> dict[str, Any]:
    config = LoadConfig.from_json(json.dumps(load["config"]))
    began_ns = time.monotonic_ns()
    said: list[LoadEvent] = []
    rows: list[OpRow] = []

    driver = Driver(
        config,
        next_op=create(config.workload).next,
        recorder=Recorder(Path(config.out_dir)),
        emit=said.append,
        on_row=rows.append,
    )
    answer = SERVERS[load["server"]](**load["script"])
    clients = [gevent.spawn(driver.serve, FakeClient(answer)) for _ in range(config.connections)]
    if load["freeze_s"] is not None:
        at_s, for_s = load["freeze_s"]
        gevent.spawn_later(at_s, clock.freeze, round(for_s * NS))
    with gevent.Timeout(ENDLESS_S):
        totals = driver.run()
    gevent.sleep(LATE_S)  # what comes late must change nothing
    gevent.killall(clients)
    seconds = [event.to_dict() for event in said if isinstance(event, Second)]
    return {"totals": totals.to_dict(), "seconds": seconds, "told": len(rows), "began_ns": began_ns}


def main() -> None:
    clock = virtual_clock.install()
    for line in sys.stdin:
        faulthandler.dump_traceback_later(HANGS_S, exit=True)
        try:
            report = run(json.loads(line), clock)
        except (Exception, gevent.Timeout):  # noqa: BLE001  whatever it is, the test that asked is told
            report = {"raised": traceback.format_exc()}
        print(json.dumps(report), flush=True)
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
