"""Observer: samples every pod and every proxy at RATE_HZ and appends what it saw to /data/observed.jsonl.

A pod of its own, so that it sees the network as the others do; partitions leave it connected on purpose, as a
management network would be. It judges nothing. First line of the file: ``{"clock": {"monotonic_ns", "unix_ns"}}``;
then one row a sample with the columns of ``observed.parquet``.

``python3 -m cluster.observer`` with MESHBENCH_OBSERVE, a JSON object: ``{"user", "password", "kind": a `Kind`,
"pods": {name: address}, "proxies": {name: "http://address:port"}}``.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cluster.poller import UNREACHABLE, Poller

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


def proxy_row(name: str, admin_url: str, names: dict[str, str]) -> Row:
    """One sample of an Envoy: the health and connections of every endpoint, by pool and pod."""
    try:
        with urllib.request.urlopen(f"{admin_url}/clusters?format=json", timeout=SAMPLE_TIMEOUT_S) as answer:
            clusters = json.load(answer)["cluster_statuses"]
    except (OSError, ValueError, KeyError):
        return {"kind": "proxy", "name": name, "up": False}
    return {"kind": "proxy", "name": name, "up": True, "endpoints": json.dumps(envoy_endpoints(clusters, names))}


def envoy_endpoints(clusters: list[dict[str, Any]], names: dict[str, str]) -> dict[str, dict[str, Row]]:
    """Envoy's ``/clusters`` as pool -> pod -> {"healthy", "connections"}. names: address -> pod."""
    pools: dict[str, dict[str, Row]] = {}
    for cluster in clusters:
        pool = pools.setdefault(cluster["name"], {})
        for host in cluster.get("host_statuses", []):
            address = host["address"]["socket_address"]["address"]
            health = host.get("health_status", {})
            gauges = {one["name"]: int(one.get("value", 0)) for one in host.get("stats", [])}
            pool[names.get(address, address)] = {
                "healthy": health.get("eds_health_status") == "HEALTHY"
                and not any(value is True for key, value in health.items() if key.startswith("failed_")),
                "connections": gauges.get("cx_active", 0),
            }
    return pools


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
    lock = threading.Lock()
    with OUTPUT.open("a", buffering=1) as output:

        def write(row: Row) -> None:
            with lock:
                output.write(json.dumps(row) + "\n")

        write({"clock": {"monotonic_ns": time.monotonic_ns(), "unix_ns": time.time_ns()}})
        threads = []
        for name, address in plan["pods"].items():
            poller = Poller(
                host=address,
                user=plan["user"],
                password=plan["password"],
                kind=plan["kind"],
                timeout_s=SAMPLE_TIMEOUT_S,
            )
            threads.append(lambda name=name, poller=poller: pod_row(name, poller))
        for name, url in plan["proxies"].items():
            threads.append(lambda name=name, url=url: proxy_row(name, url, names))
        workers = [threading.Thread(target=observe, args=(sample, write), daemon=True) for sample in threads]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    main()
