"""Drives many operations through the whole worker but the database and prints its memory; started by test_memory.py.

    python -m tests.loadgen.flat_memory CONFIG_FILE OPERATIONS

It prints {"operations": …, "blocks": [at half, at the end], "rss_mib": [likewise]}. blocks: Python's memory blocks in
use when everything was flushed, which is exact; the resident size also depends on how much waited for a flush and when.
For a long run by hand: `python -m tests.loadgen.flat_memory load.json 5000000`.
"""

from __future__ import annotations

import gc
import json
import sys
from dataclasses import replace
from pathlib import Path

import gevent  # type: ignore[import-untyped]

from loadgen.config import LoadConfig
from loadgen.driver.driver import Driver
from loadgen.driver.recorder import Recorder
from loadgen.outcome import Result
from loadgen.workload import Op
from loadgen.workloads.registry import create


class Instant:
    """A client whose server takes no time."""

    server = "node1"

    def make_ready(self) -> None:
        pass

    def attempt(self, op: Op) -> Result:
        gevent.sleep(0)
        return Result(outcome="ok")


def rss_mib() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main(config_file: str, operations: str) -> None:
    told = LoadConfig.from_json(Path(config_file).read_text())
    # Due faster than any machine serves them: the backlog is full all the time, and everything beyond it overflows.
    config = replace(told, duration_s=int(operations) / told.rate)
    recorder = Recorder(Path(config.out_dir))
    seen = 0
    blocks: list[int] = []
    rss: list[float] = []

    def count(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen in (int(operations) // 2, int(operations) - 1):
            recorder.flush()
            gc.collect()
            blocks.append(sys.getallocatedblocks())
            rss.append(round(rss_mib(), 2))

    driver = Driver(
        config,
        next_op=create(config.workload).next,
        recorder=recorder,
        emit=lambda _: None,
        on_row=count,
    )
    for _ in range(config.connections):
        gevent.spawn(driver.serve, Instant())
    totals = driver.run()
    print(json.dumps({"operations": totals.offered, "blocks": blocks, "rss_mib": rss}))


if __name__ == "__main__":
    main(*sys.argv[1:])
