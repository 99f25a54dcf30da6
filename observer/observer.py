"""Observer: samples every pod and every proxy at RATE_HZ and appends what it saw to /data/observed.jsonl.

A pod of its own, so that it sees the network as the others do; partitions leave it connected on purpose, as a
management network would be. It judges nothing, and tells its newest samples to whoever asks (`observer.latest`). First
line of the file: ``{"clock": {"monotonic_ns", "unix_ns"}}``; then one row a sample with the columns of
``observed.parquet``.

``python3 -m observer.observer`` with MESHBENCH_OBSERVE, a JSON object: ``{"user", "password", "kind": one of `kinds`,
"pods": {name: address}, "proxies": {name: the fields of an `Admin`}}``.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cluster.status.poller import UNREACHABLE, Poller
from cluster.topologies.lookup import replication_of
from mesh.endpoints import Admin, Watch
from observer.latest import Latest, serve

RATE_HZ = 25
SAMPLE_TIMEOUT_S = 1.0
OUTPUT = Path("/data/observed.jsonl")

Row = dict[str, Any]


def pod_row(name: str, poller: Poller) -> Row:
    """One sample of a pod; ``up`` is false when it did not answer."""
    try:
        status = poller.sample()
    except UNREACHABLE:
        return {"kind": "pod", "name": name, "up": False}
    return {
        "kind": "pod",
        "name": name,
        "up": True,
        "role": status.role,
        "state": status.state,
        "read_only": status.read_only,
        "gtid_executed": status.gtid_executed,
        "lag_ms": status.lag_ms,
        "view": json.dumps(status.view) if status.view else None,
    }


def proxy_row(name: str, proxy: Watch) -> Row:
    """One sample of a proxy: the health and connections of every endpoint, by pool and pod."""
    try:
        pools = proxy.endpoints()
    except (OSError, ValueError, KeyError):
        return {"kind": "proxy", "name": name, "up": False}
    return {"kind": "proxy", "name": name, "up": True, "endpoints": json.dumps(pools)}


def observe(sample: Callable[[], Row], write: Callable[[Row], None]) -> None:
    """Sample for ever at RATE_HZ; a late sample is not made up for."""
    due = time.monotonic()
    while True:
        row = sample()
        # stamped after the answer: a state is known once it has been told, never before
        write({"at_ns": time.monotonic_ns(), **row})
        due = max(due + 1 / RATE_HZ, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    plan = json.loads(os.environ["MESHBENCH_OBSERVE"])
    names = {address: name for name, address in plan["pods"].items()}
    lock, latest = threading.Lock(), Latest()
    serve(latest)
    with OUTPUT.open("a", buffering=1) as output:

        def write(row: Row) -> None:
            latest.note(row)
            with lock:
                output.write(json.dumps(row) + "\n")

        write({"clock": {"monotonic_ns": time.monotonic_ns(), "unix_ns": time.time_ns()}})
        threads = []
        for name, address in plan["pods"].items():
            poller = Poller(
                host=address,
                user=plan["user"],
                password=plan["password"],
                replication=replication_of(plan["kind"]),
                timeout_s=SAMPLE_TIMEOUT_S,
            )
            threads.append(lambda name=name, poller=poller: pod_row(name, poller))
        for name, admin in plan["proxies"].items():
            proxy = Watch(Admin(**admin), pods=names, timeout_s=SAMPLE_TIMEOUT_S)
            threads.append(lambda name=name, proxy=proxy: proxy_row(name, proxy))
        workers = [threading.Thread(target=observe, args=(sample, write), daemon=True) for sample in threads]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    main()
