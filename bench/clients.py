"""The contestants of `make bench-load`: each runs in a container of its own in one load pod, one at a time.

Nothing is compared here; see `bench.load`.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.guests import open_guest
from cluster.mysqld import mysqld
from cluster.mysqld.mysqld import DATABASE, PORT
from cluster.platform import images
from cluster.platform.platform import Pod, Process, last_words
from history.load_events import Done, read_line
from history.ops_file import FILE_NAME, read_ops
from loadgen.config import LoadConfig, Model, WorkloadConfig
from loadgen.workloads.registry import create
from scenarios.run.collect import fetch

ACCOUNTS = 10_000
CONNECTIONS = 16
ARRIVALS_PER_S_AT_ONCE = 1e6
TIMEOUT_S = 120.0
CONFIG_FILE, SCRIPT_FILE = "/etc/meshbench-load.json", "/etc/meshbench-transfer.lua"
PLAIN_FILE = "/etc/meshbench-pymysql-client.py"
SCRIPT, PLAIN = Path(__file__).with_name("load.lua"), Path(__file__).with_name("pymysql_client.py")
USER = "meshbench_app"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One contestant's turn. rate: offered transactions a second, None at saturation. p50_ms, p99_ms: response times,
    waiting for a free connection included; sysbench's begin when it put the event into its queue, ours when the
    operation was due. service_p50_ms: from the first statement to the answer to the last. None where they mean
    nothing."""

    contestant: str
    round: int
    rate: float | None
    transactions: int
    tps: float
    client_cpu_us_per_txn: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    service_p50_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class Sysbench:
    """What sysbench printed. cpu_s: of its process, from all connected to the last thread's end. buckets: upper end in
    milliseconds (2 % wide) and count. With a rate they begin when the event was put into a queue, so that waiting for a
    thread counts, and a generator that is late itself does not (tried on 1.0.20, with events that only sleep).
    took_us: of the transactions alone."""

    transactions: int
    lasted_s: float
    cpu_s: float
    buckets: tuple[tuple[float, int], ...]
    took_us: tuple[int, ...]

    def percentile_ms(self, q: float) -> float:
        """Nearest rank, as the upper end of its bucket."""
        rank = math.ceil(q * sum(count for _, count in self.buckets))
        seen = itertools.accumulate(count for _, count in self.buckets)
        return next(upper_ms for (upper_ms, _), so_far in zip(self.buckets, seen, strict=True) if so_far >= rank)


def percentile(values: Sequence[float], q: float) -> float:
    """Nearest rank."""
    return sorted(values)[math.ceil(len(values) * q) - 1]


def read_sysbench(printed: str) -> Sysbench:
    """Raises HarnessError for output of a run that did not do its work."""
    numbers = {
        name: [float(one) for one in re.findall(pattern, printed, re.MULTILINE)]
        for name, pattern in {
            "transactions": r"total number of events: +(\d+)",
            "lasted_s": r"total time: +([\d.]+)s",
            "began": r"^cpu_s begin ([\d.]+)",
            "ended": r"^cpu_s end ([\d.]+)",
        }.items()
    }
    buckets = [(float(ms), int(count)) for ms, count in re.findall(r"^ *([\d.]+) \|\** *(\d+)$", printed, re.MULTILINE)]
    whole = all(numbers.values()) and len(numbers["began"]) == len(numbers["ended"])
    # What is under way when the time is over may be counted by one and not by the other.
    counted = sum(count for _, count in buckets)
    took_us = [int(one) for line in re.findall(r"^took_us ([\d ]+)$", printed, re.MULTILINE) for one in line.split()]
    for count in (counted, len(took_us)):
        whole = whole and count > 0 and abs(numbers["transactions"][0] - count) <= len(numbers["began"])
    _require(whole, "sysbench", printed)
    return Sysbench(
        transactions=int(numbers["transactions"][0]),
        lasted_s=numbers["lasted_s"][0],
        cpu_s=max(numbers["ended"]) - max(numbers["began"]),
        buckets=tuple(buckets),
        took_us=tuple(took_us),
    )


class Contest:
    """One server pod and the pod all clients run in."""

    def __init__(self, cluster: Cluster, *, count: int, seconds: float) -> None:
        self._cluster = cluster
        self._count = count
        self._seconds = seconds
        self._pod: Pod
        self._turn = 0

    def start(self) -> None:
        self._cluster.start()
        with self._cluster.connect("node1") as connection, connection.cursor() as cursor:
            mysqld.create_database(cursor, DATABASE)
            connection.select_db(DATABASE)
            create(_workload()).setup(connection, seed=1)
        self._pod = open_guest(self._cluster.nodes, "load1", self._cluster.network.address("load"))

    def ours(self, round_: int, rate: float | None) -> Measured:
        """The load worker as a run starts it, recording every operation. At saturation all arrivals are due at once."""
        if rate is None:
            duration_s = self._count / ARRIVALS_PER_S_AT_ONCE
            config = self._config(model="constant", rate=ARRIVALS_PER_S_AT_ONCE, duration_s=duration_s)
        else:
            config = self._config(model="poisson", rate=rate, duration_s=self._seconds)
        worker = "python3 -m locust -f /app/loadgen/worker/locustfile.py --headless --only-summary --load-config"
        container, printed = self._run("ours", [*worker.split(), CONFIG_FILE], config)
        done = next(event for event in map(read_line, printed.encode().splitlines()) if isinstance(event, Done))
        with tempfile.TemporaryDirectory() as scratch:
            ops = read_ops(fetch(container, f"/data/{FILE_NAME}", Path(scratch) / FILE_NAME))
        _require(done.ok == len(ops) > 0 and done.cpu_s is not None, "ours", printed)
        _require(all(op["gtid"] for op in ops), "ours", "an operation without its GTID")
        lasted_s = (max(op["end_ns"] for op in ops) - min(op["intended_ns"] for op in ops)) / 1e9
        response_ms = [(op["end_ns"] - op["intended_ns"]) / 1e6 for op in ops]
        service_ms = [(op["end_ns"] - op["start_ns"]) / 1e6 for op in ops]
        return Measured(
            contestant="ours",
            round=round_,
            rate=rate,
            transactions=len(ops),
            tps=len(ops) / lasted_s,
            client_cpu_us_per_txn=(done.cpu_s or 0.0) / len(ops) * 1e6,
            p50_ms=None if rate is None else percentile(response_ms, 0.5),
            p99_ms=None if rate is None else percentile(response_ms, 0.99),
            service_p50_ms=None if rate is None else percentile(service_ms, 0.5),
        )

    def plain(self, round_: int) -> Measured:
        command = ["python3", PLAIN_FILE, CONFIG_FILE, str(self._count)]
        _, printed = self._run(
            "plain",
            command,
            {PLAIN_FILE: PLAIN.read_bytes(), **self._config(model="constant", rate=1.0, duration_s=1.0)},
        )
        done = json.loads(printed.splitlines()[-1])
        return Measured(
            contestant="plain PyMySQL",
            round=round_,
            rate=None,
            transactions=done["ok"],
            tps=done["ok"] / done["seconds"],
            client_cpu_us_per_txn=done["cpu_s"] / done["ok"] * 1e6,
        )

    def sysbench(self, round_: int, rate: float | None) -> Measured:
        extent = [f"--events={self._count}", "--time=0"]
        if rate is not None:
            extent = [f"--rate={rate:.0f}", f"--time={self._seconds:g}", "--events=0"]
        options = {
            "mysql-host": self._cluster.hosts["node1"],
            "mysql-port": PORT,
            "mysql-user": USER,
            "mysql-password": self._cluster.credentials.app,
            "mysql-db": DATABASE,
            "mysql-ssl": "off",
            "threads": CONNECTIONS,
            "accounts": ACCOUNTS,
            "prefix": f"s{self._turn}",
        }
        command = ["sysbench", SCRIPT_FILE, *(f"--{key}={value}" for key, value in options.items())]
        _, printed = self._run(
            "sysbench", [*command, *extent, "--histogram=on", "run"], {SCRIPT_FILE: SCRIPT.read_bytes()}
        )
        found = read_sysbench(printed)
        return Measured(
            contestant="sysbench",
            round=round_,
            rate=rate,
            transactions=found.transactions,
            tps=found.transactions / found.lasted_s,
            client_cpu_us_per_txn=found.cpu_s / found.transactions * 1e6,
            p50_ms=None if rate is None else found.percentile_ms(0.5),
            p99_ms=None if rate is None else found.percentile_ms(0.99),
            service_p50_ms=None if rate is None else percentile(found.took_us, 0.5) / 1000,
        )

    def _config(self, *, model: Model, rate: float, duration_s: float) -> dict[str, bytes]:
        config = LoadConfig(
            endpoints=((self._cluster.hosts["node1"], PORT),),
            user=USER,
            password=self._cluster.credentials.app,
            database=DATABASE,
            workload=_workload(),
            connections=CONNECTIONS,
            seed=self._turn,  # another one each turn: keys must not meet
            out_dir="/data",
            backlog_cap=10 * self._count,
            drain_s=TIMEOUT_S,
            model=model,
            rate=rate,
            duration_s=duration_s,
        )
        return {CONFIG_FILE: config.to_json().encode()}

    def _run(self, name: str, command: list[str], files: dict[str, bytes]) -> tuple[Process, str]:
        self._turn += 1
        image = images.BENCH.tag if name == "sysbench" else self._cluster.platform.image("tools")
        container = self._pod.add(f"{name}{self._turn}", image, command, files=files)
        code = container.wait(timeout_s=self._seconds + TIMEOUT_S)
        printed = container.logs(stdout_only=True).decode(errors="replace")
        if code != 0:
            raise HarnessError(f"{name} ended with code {code}: {last_words(container)}")
        return container, printed


def _workload() -> WorkloadConfig:
    options = {"accounts": ACCOUNTS, "read_share": 0.0}
    return WorkloadConfig(name="transfer", isolation="repeatable-read", options=options)


def _require(holds: bool, who: str, printed: str) -> None:
    if not holds:
        raise HarnessError(f"{who} did not do its work; it printed: {printed.strip()[-600:]}")
