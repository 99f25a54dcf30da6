"""``meshbench status``: what the pods and proxies of a kept cluster say of themselves, now or as it changes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.client import HTTPConnection

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cluster.agent.agent import PORT as AGENT_PORT
from cluster.agent.assignment import Assignment, decode
from cluster.agent.peers import UNHEARD
from cluster.status.poller import Poller
from cluster.topologies.lookup import replication_of
from history import gtid
from mesh.endpoints import Admin, Watch
from observer.observer import Row, pod_row, proxy_row
from scenarios.standing.standing import Kept, find

ANSWER_TIMEOUT_S = 1.0
WATCH_EVERY_S = 0.2
NOTHING = "-"


class Watcher:
    """Samples all pods and proxies of one cluster at once, over connections that it keeps."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.facts = kept.facts
        self._pollers = {
            name: Poller(
                host=address,
                user="meshbench_watch",
                password=self.facts.passwords["meshbench_watch"],
                replication=replication_of(self.facts.kind),
                timeout_s=ANSWER_TIMEOUT_S,
            )
            for name, address in self.facts.pods.items()
        }
        names = {address: name for name, address in self.facts.pods.items()}
        self._proxies = {
            name: Watch(Admin(**admin), pods=names, timeout_s=ANSWER_TIMEOUT_S)
            for name, admin in self.facts.proxies.items()
        }
        self._pool = ThreadPoolExecutor(max_workers=len(self._pollers))

    def pods(self) -> list[Row]:
        """One row a pod, as the observer records them, and ``quarantined``: why it is kept out of service, or None."""
        rows = self._pool.map(pod_row, self._pollers.keys(), self._pollers.values())
        told = max(self._pool.map(_told, self.facts.pods.values()), key=lambda one: one.version)
        return [row | {"quarantined": told.quarantined.get(str(row["name"]))} for row in rows]

    def proxies(self) -> list[Row]:
        """One row a proxy, as the observer records them."""
        return [proxy_row(name, proxy) for name, proxy in self._proxies.items()]

    def close(self) -> None:
        self._pool.shutdown()
        for poller in self._pollers.values():
            poller.close()


def _told(address: str) -> Assignment:
    """The newest assignment that a pod's agent has heard of; an empty one where it does not answer."""
    connection = HTTPConnection(address, AGENT_PORT, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("GET", "/report")
        return decode(json.loads(connection.getresponse().read())["assignment"])
    except UNHEARD:
        return Assignment()
    finally:
        connection.close()


def show(watcher: Watcher, console: Console) -> None:
    """Print one cluster: its words, a table of pods, a table of endpoints."""
    kept, facts = watcher.kept, watcher.facts
    console.print(
        f"[bold]{kept.name}[/]: {facts.kind} of {len(facts.pods)}, mesh {facts.mesh}, up since {facts.started_at}"
    )
    console.print(_pods(watcher.pods(), facts.pods))
    if facts.proxies:
        console.print(_endpoints(watcher.proxies()))


def _pods(rows: list[Row], addresses: Mapping[str, str]) -> Table:
    table = _table("pod", "address", "role", "state", "writable", "lag ms", "transactions")
    for row in rows:
        name = str(row["name"])
        if not row["up"]:
            table.add_row(name, addresses[name], NOTHING, "does not answer", NOTHING, NOTHING, NOTHING)
            continue
        lag = NOTHING if row["lag_ms"] is None else f"{row['lag_ms']:.1f}"
        writable = "no" if row["read_only"] else "yes"
        count = str(gtid.count(gtid.parse(row["gtid_executed"])))
        state = row["state"] or NOTHING
        if row["quarantined"] is not None:
            state = escape(f"quarantined: {row['quarantined']}")
        table.add_row(name, addresses[name], row["role"], state, writable, lag, count)
    return table


def _endpoints(rows: list[Row]) -> Table:
    table = _table("proxy", "pool", "endpoint", "healthy", "connections")
    for row in rows:
        if not row["up"]:
            table.add_row(str(row["name"]), NOTHING, NOTHING, "does not answer", NOTHING)
            continue
        for pool, endpoints in json.loads(row["endpoints"]).items():
            for pod, seen in endpoints.items():
                healthy = "yes" if seen["healthy"] else "no"
                table.add_row(str(row["name"]), escape(pool), escape(pod), healthy, str(seen["connections"]))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def words(row: Row) -> str:
    """A node's role and state, briefly: ``primary ONLINE``, ``replica RECOVERING``, ``primary ONLINE, read
    only``,
    ``quarantined: …``."""
    if not row["up"]:
        return "does not answer"
    if row["quarantined"] is not None:
        return f"quarantined: {row['quarantined']}"
    unusual = {("primary", True): ", read only", ("replica", False): ", writable"}
    return f"{row['role']} {row['state'] or ''}".rstrip() + unusual.get((row["role"], row["read_only"]), "")


def changes(watchers: list[Watcher]) -> Iterator[str]:
    """One line for every change of a node's role, as they happen; ends when every cluster has been taken down."""
    watched = {
        watcher.kept.run_id: (watcher, {row["name"]: words(row) for row in watcher.pods()}) for watcher in watchers
    }
    while watched:
        for run_id, (watcher, before) in list(watched.items()):
            rows = watcher.pods()
            for row in rows:
                now, name = words(row), str(row["name"])
                if now != before[name]:
                    yield f"{_clock()}  {watcher.kept.name} {name}: {before[name]} -> {now}"
                    before[name] = now
            if not any(row["up"] for row in rows) and run_id not in {one.run_id for one in find()}:
                yield f"{_clock()}  {watcher.kept.name}: taken down"
                del watched[run_id]
        time.sleep(WATCH_EVERY_S)  # between two looks


def _clock() -> str:
    return datetime.now().strftime("%H:%M:%S.%f")[:-3]
