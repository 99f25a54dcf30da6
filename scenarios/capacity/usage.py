"""What the containers of a run use, and what its servers count, read once a second while a step is measured.

CPU time and memory are those of cgroups (`scenarios.run.cpu_time`). What lies between two readings is spread evenly
over the time between them, so that a stretch may begin and end anywhere; a mysqld counts as what it was at the later.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from cluster.cluster import Cluster
from mesh.proxies.lookup import PROXIES
from reports.capacity.usage import Counter, PodKind, PodUsage, Usage
from scenarios.capacity.counters import PATIENCE_S, Counted, Server
from scenarios.run.cpu_time import Containers, Spent, busy_s, cpu_ticks, spent_by

PERIOD_S = 1.0
MIB = 2**20
_ROLES: Mapping[str, PodKind] = {
    "agent": "agent",
    "control": "control",
    "observer": "observer",
    "pause": "pause",
    **dict.fromkeys(PROXIES, "proxy"),
}


class Reading(NamedTuple):
    """Sums since everything began. at_ns: CLOCK_MONOTONIC. host_s, harness_s: CPU seconds of the machine and of this
    process. spent, working_set: by container, whose kind ``kinds`` says. servers: by node, those that answered."""

    at_ns: int
    host_s: float
    harness_s: float
    spent: Mapping[str, Spent]
    working_set: Mapping[str, int]
    kinds: Mapping[str, PodKind]
    servers: Mapping[str, Counted]


class Meter:
    """Reads from `start` to `stop`, in a thread of its own.

    beside: processes of this machine that are in no container of the run, by name; they count as ``other``.
    """

    def __init__(self, run_id: str, cluster: Cluster, *, beside: Mapping[str, int] | None = None) -> None:
        self._beside = dict(beside or {})
        self._cluster = cluster
        self._containers = Containers(run_id)
        self._servers: dict[str, Server] = {}
        self._writable: dict[str, bool] = {}
        self._readings: list[Reading] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, name="usage", daemon=True)

    def start(self) -> None:
        self._readings.append(self._read())
        self._thread.start()

    def stop(
        self,
        *,
        transactions: int | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        late_p99_ms: float | None = None,
    ) -> Usage:
        """The last reading; then `usage` of it all, which may be asked for again once more is known."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
            self._readings.append(self._read())
            for server in self._servers.values():
                server.close()
        return self.usage(transactions=transactions, since_ns=since_ns, until_ns=until_ns, late_p99_ms=late_p99_ms)

    def usage(
        self,
        *,
        transactions: int | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        late_p99_ms: float | None = None,
    ) -> Usage:
        """Of a stretch (CLOCK_MONOTONIC; None: from the first reading, to the last). transactions: acknowledged in it.
        late_p99_ms: what the load generator says of its own lateness."""
        return usage_of(
            self._readings,
            since_ns=self._readings[0].at_ns if since_ns is None else since_ns,
            until_ns=self._readings[-1].at_ns if until_ns is None else until_ns,
            transactions=transactions,
            late_p99_ms=late_p99_ms,
        )

    def _go(self) -> None:
        while not self._over.wait(PERIOD_S):
            self._readings.append(self._read())

    def _read(self) -> Reading:
        times = os.times()
        at_ns, spent, working_set = time.monotonic_ns(), self._containers.read(), self._containers.working_sets()
        spent |= {name: of_process for name, pid in self._beside.items() if (of_process := spent_by(pid)) is not None}
        host_s = busy_s(cpu_ticks())
        servers = dict(self._ask())
        self._writable |= {name: counted.writable for name, counted in servers.items()}
        return Reading(
            at_ns=at_ns,
            host_s=host_s,
            harness_s=times.user + times.system,
            spent=spent,
            working_set=working_set,
            kinds=kinds(self._cluster, writable=self._writable),
            servers=servers,
        )

    def _ask(self) -> Iterator[tuple[str, Counted]]:
        for name in list(self._cluster.pods):
            server = self._servers.setdefault(name, Server(partial(self._cluster.connect, name, timeout_s=PATIENCE_S)))
            if (counted := server.ask()) is not None:
                yield name, counted


def kinds(cluster: Cluster, *, writable: Mapping[str, bool]) -> dict[str, PodKind]:
    """What each container of a run is, by its id. writable: by node; one that never answered follows."""
    pods = [*cluster.pods.values(), *cluster.departed.values(), *cluster.guests.values()]
    return {
        process.id: _kind(pod.name, role, writable=writable.get(pod.name, False))
        for pod in pods
        for role, process in list(pod.containers.items())
    }


def _kind(pod: str, role: str, *, writable: bool) -> PodKind:
    if role.startswith("mysqld"):  # the one that it was replaced by has a longer name
        return "primary" if writable else "replica"
    if role in _ROLES:
        return _ROLES[role]
    return "load" if pod.startswith("load") else "other"


def usage_of(
    readings: Sequence[Reading],
    *,
    since_ns: int,
    until_ns: int,
    transactions: int | None = None,
    late_p99_ms: float | None = None,
) -> Usage:
    """What was used within a stretch of at least two readings' time."""
    shares = [
        (before, now, share) for before, now in pairwise(readings) if (share := _share(before, now, since_ns, until_ns))
    ]
    covered_s = sum(share * (now.at_ns - before.at_ns) for before, now, share in shares) / 1e9
    if not covered_s:
        raise ValueError("a stretch that no two readings cover")
    spent_s: dict[PodKind, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    known = dict(readings[0].spent)  # one that a reading missed goes on from where it was last seen
    for before, now in pairwise(readings):
        share = _share(before, now, since_ns, until_ns)
        for container, spent in now.spent.items():
            if share:
                used = spent.since(known.get(container, spent))[0]
                spent_s[now.kinds.get(container, "other")][container] += share * used
        known |= now.spent
    last = shares[-1][1]
    return Usage(
        host_cpus=os.cpu_count() or 1,
        host_cpu_cores=sum(share * (now.host_s - before.host_s) for before, now, share in shares) / covered_s,
        harness_cpu_cores=sum(share * (now.harness_s - before.harness_s) for before, now, share in shares) / covered_s,
        pods={
            kind: PodUsage(
                pods=sum(1 for container in last.spent if last.kinds.get(container, "other") == kind),
                cpu_cores=sum(used_s.values()) / covered_s,
                busiest_cpu_cores=max(used_s.values()) / covered_s,
                cpu_us_per_txn=sum(used_s.values()) * 1e6 / transactions if transactions else None,
                memory_mib=_memory_mib(last, kind),
            )
            for kind, used_s in spent_s.items()
        },
        generator_late_p99_ms=late_p99_ms,
        server=_server(shares),
    )


def _share(before: Reading, now: Reading, since_ns: int, until_ns: int) -> float:
    within_ns = min(now.at_ns, until_ns) - max(before.at_ns, since_ns)
    return max(0.0, within_ns / (now.at_ns - before.at_ns))


def _memory_mib(reading: Reading, kind: PodKind) -> float | None:
    containers = [container for container in reading.spent if reading.kinds.get(container, "other") == kind]
    sizes = [reading.working_set.get(container) for container in containers]
    known = [size for size in sizes if size is not None]
    return sum(known) / MIB if len(known) == len(sizes) else None


def _server(shares: Sequence[tuple[Reading, Reading, float]]) -> dict[Counter, float]:
    """Of whoever takes writes at the end of each interval, the first by name of several; queues are of all others."""
    found: dict[Counter, float] = {}
    led = [
        (before.servers[leader], now.servers[leader], share, (now.at_ns - before.at_ns) / 1e9)
        for before, now, share in shares
        if (leader := _leader(now)) is not None and leader in before.servers
    ]
    sums: Mapping[Counter, Callable[[Counted], float | None]] = {
        "fsyncs_per_s": lambda server: server.fsyncs,
        "fsync_share": lambda server: server.fsync_s,
        "row_lock_waits_per_s": lambda server: server.row_lock_waits,
        "row_lock_wait_share": lambda server: server.row_lock_s,
        "flow_control_share": lambda server: server.flow_control_s,
    }
    for name, value in sums.items():
        parts = [
            (share * max(0.0, after - earlier), share * length_s)
            for before, now, share, length_s in led
            if (after := value(now)) is not None and (earlier := value(before)) is not None
        ]
        if lasted_s := sum(length_s for _, length_s in parts):
            found[name] = sum(part for part, _ in parts) / lasted_s
    gauges: Mapping[Counter, Callable[[Counted], float | None]] = {
        "threads_running": lambda server: server.threads_running,
        "threads_connected": lambda server: server.threads_connected,
        "max_connections": lambda server: server.max_connections,
    }
    for name, value in gauges.items():
        if seen := [one for _, now, _, _ in led if (one := value(now)) is not None]:
            found[name] = sum(seen) / len(seen)
    if queues := [server.waiting for _, now, _ in shares for server in now.servers.values() if not server.writable]:
        found["applier_queue"] = max(queues)
    return found


def _leader(reading: Reading) -> str | None:
    return min((name for name, server in reading.servers.items() if server.writable), default=None)
