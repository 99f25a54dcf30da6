"""``make bench-load``: the load worker against sysbench, one server, the same statements, in turns.

    python -m bench.load [--rounds N] [--count N] [--seconds S] [--out FILE]

First at saturation: each contestant runs a fixed number of transfers on 16 connections as fast as the server answers.
Then both at the same Poisson rate, half of the better one's median throughput. Contestants take turns on one server pod
without a proxy, so that what else the machine does hits all of them; believe the ratios, not the figures. Everybody's
CPU is that of the client's own process, from connected to done. Plain PyMySQL runs along at saturation as a yardstick.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from bench.clients import Contest, Measured
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.platform import images
from cluster.platform.docker_platform import DockerPlatform
from cluster.platform.setup import step
from cluster.topology import Topology
from scenarios.run import host
from scenarios.signals import exit_code, interruptible, undisturbed

T = TypeVar("T")

#: Share of the best throughput at which latency is compared.
FIXED_SHARE = 0.5
LATENCIES = ("p50_ms", "p99_ms", "service_p50_ms")
#: The benchmark itself keeps about two tasks a core busy.
NOISY_PER_CORE = 2.5


def ratio(rows: Sequence[Measured], field: str) -> float:
    """Ours over sysbench's, the median over the rounds: what disturbed one round cannot decide."""
    rounds = sorted({row.round for row in rows})
    values = {(row.contestant, row.round): float(getattr(row, field)) for row in rows}
    return statistics.median(values["ours", number] / values["sysbench", number] for number in rounds)


def in_turns(pair: Sequence[T], number: int) -> Sequence[T]:
    """The pair, in the other order every other round: neither always finds what the other has left behind."""
    return pair if number % 2 == 0 else pair[::-1]


def measure(contest: Contest, *, rounds: int) -> dict[str, Any]:
    saturated: list[Measured] = []
    pair = (contest.ours, contest.sysbench)
    for number in range(rounds):
        with step(f"round {number + 1} of {rounds} at saturation"):
            saturated += [turn(number, None) for turn in in_turns(pair, number)]
            saturated.append(contest.plain(number))
    by_contestant = {
        row.contestant: [one.tps for one in saturated if one.contestant == row.contestant] for row in saturated
    }
    rate = FIXED_SHARE * max(map(statistics.median, by_contestant.values()))
    fixed: list[Measured] = []
    for number in range(rounds):
        with step(f"round {number + 1} of {rounds} at {rate:.0f} a second"):
            fixed += [turn(number, rate) for turn in in_turns(pair, number)]
    return {
        "throughput_ratio": round(ratio(saturated, "tps"), 3),
        "client_cpu_ratio": round(ratio(saturated, "client_cpu_us_per_txn"), 3),
        "fixed_rate": round(rate, 1),
        "fixed_client_cpu_ratio": round(ratio(fixed, "client_cpu_us_per_txn"), 3),
        "fixed_p50_ratio": round(ratio(fixed, "p50_ms"), 3),
        "fixed_p99_ratio": round(ratio(fixed, "p99_ms"), 3),
        "fixed_service_p50_ratio": round(ratio(fixed, "service_p50_ms"), 3),
        "rows": [asdict(row) for row in (*saturated, *fixed)],
    }


def show(result: dict[str, Any], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("client", "offered/s", "round", "txn/s", "client CPU us/txn", "p50 ms", "p99 ms", "service p50"):
        table.add_column(name, justify="left" if name == "client" else "right")
    for row in sorted(result["rows"], key=lambda row: (row["rate"] or 0, row["contestant"], row["round"])):
        latencies = ["" if row[name] is None else f"{row[name]:.2f}" for name in LATENCIES]
        table.add_row(
            row["contestant"],
            "all at once" if row["rate"] is None else f"{row['rate']:.0f}",
            str(row["round"] + 1),
            f"{row['tps']:.0f}",
            f"{row['client_cpu_us_per_txn']:.0f}",
            *latencies,
        )
    console.print(table)
    console.print(
        f"ours over sysbench, median of rounds: throughput {result['throughput_ratio']:.2f} (goal 1.0 or more), "
        f"client CPU {result['client_cpu_ratio']:.2f}; at the fixed rate client CPU "
        f"{result['fixed_client_cpu_ratio']:.2f} (goal 1.25 or less), p50 {result['fixed_p50_ratio']:.2f} (goal 1.2 or "
        f"less), service p50 {result['fixed_service_p50_ratio']:.2f}, p99 {result['fixed_p99_ratio']:.2f}"
    )
    if result["load_average"] > NOISY_PER_CORE * (os.cpu_count() or 1):
        console.print(
            f"This machine was busy with more than this (load average {result['load_average']:.1f} in 15 minutes on "
            f"{os.cpu_count()} cores): the latencies say little, and those of one thread less than those of sixteen."
        )


@interruptible()
def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 measured, 2 the images are missing, 4 it broke. 130 interrupted. A goal missed is no error."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=4000, help="transactions of a turn at saturation")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a turn at the fixed rate")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/load.json"))
    options = parser.parse_args(argv)
    began = time.monotonic()
    platform, run_id = DockerPlatform(), secrets.token_hex(4)
    try:
        for name in ("base", "mysql", "tools"):
            images.require(platform.image(name))
        if not images.BENCH.present:
            with step(f"build image {images.BENCH.tag}"):
                images.BENCH.build(images.BENCH.tag)
        cluster = Cluster(Topology(kind="single", pods=1), platform=platform, run_id=run_id)
        contest = Contest(cluster, count=options.count, seconds=options.seconds)
        with step("start the server"):
            contest.start()
        noise = host.Noise()
        result = measure(contest, rounds=options.rounds) | {"noise": noise.stop(), "load_average": os.getloadavg()[2]}
    except KeyboardInterrupt as ended:
        return exit_code(ended)
    except (ConfigurationError, HarnessError) as error:
        print(f"bench-load: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigurationError) else 4
    finally:
        with undisturbed():
            platform.remove(run_id)
    result |= {
        "schema": "meshbench/bench-load/1",
        "seconds": round(time.monotonic() - began, 1),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": host.describe(),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    show(result, Console(highlight=False))
    print(f"written: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
