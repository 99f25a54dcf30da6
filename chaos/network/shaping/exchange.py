"""What becomes of datagrams between two pods right now, each way by itself: the measure of every shaping."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.network.shaping import datagrams
from chaos.probes import pod_named
from cluster.cluster import Cluster
from cluster.errors import HarnessError

PROGRAM = Path(datagrams.__file__)
_PORTS = range(20_000, 30_000)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """packets, sent evenly within ``over_s``, by so many flows in turn."""

    packets: int
    over_s: float
    flows: int = 1

    @property
    def a_tenth(self) -> Probe:
        return Probe(packets=self.packets // 10, over_s=self.over_s / 10, flows=max(1, self.flows // 10))


@dataclass(frozen=True, kw_only=True)
class Way:
    """What was sent one way, and what of it came. delays_ms: of each that came. copies: that came more than once.
    overtook: that came before one sent earlier. bad_checksums: what the
    receiver's kernel refused meanwhile, whoever had sent it."""

    sent: int
    delays_ms: tuple[float, ...]
    copies: int
    overtook: int
    bad_checksums: int

    @property
    def lost(self) -> int:
        return self.sent - len(self.delays_ms)

    def share(self, part: int) -> float:
        """Percent of what was sent."""
        return 100 * part / self.sent if self.sent else 100.0

    @property
    def delay_ms(self) -> float:
        """The median; 0 where none came."""
        return statistics.median(self.delays_ms) if self.delays_ms else 0.0

    def as_seen(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "lost": self.lost,
            "copies": self.copies,
            "overtook": self.overtook,
            "bad_checksums": self.bad_checksums,
            "delay_ms": round(self.delay_ms, 3),
        }


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What a pod sent to its peer, and what it received."""

    sent: Way
    received: Way


def way(*, sent: int, came: list[list[int]], bad_checksums: int) -> Way:
    """came: number and one-way time in us of each datagram, in the order in which they came."""
    first: dict[int, int] = {}
    for number, delay_us in came:
        first.setdefault(number, delay_us)
    overtook, lowest_later = 0, sent
    for number in reversed(first):
        overtook += number > lowest_later
        lowest_later = min(lowest_later, number)
    return Way(
        sent=sent,
        delays_ms=tuple(delay_us / 1000 for delay_us in first.values()),
        copies=len(came) - len(first),
        overtook=overtook,
        bad_checksums=bad_checksums,
    )


def exchange(cluster: Cluster, pod: str, peer: str, probe: Probe, *, grace_s: float) -> Exchange:
    """Datagrams from a pod to its peer and back. grace_s: how long the last ones may take. Raises HarnessError."""
    asks = {"do": "ask", "packets": probe.packets, "over_s": probe.over_s, "flows": probe.flows, "grace_s": grace_s}
    asked, served = _both(cluster, pod, peer, asks)
    return Exchange(
        sent=way(sent=asked["sent"], came=served["came"], bad_checksums=served["bad_checksums"]),
        received=way(sent=len(served["came"]), came=asked["came"], bad_checksums=asked["bad_checksums"]),
    )


def passed_bytes_per_s(cluster: Cluster, sender: str, receiver: str, *, bytes_per_s: float, over_s: float) -> float:
    """How much of a flood of so many bytes a second passes from one pod to another; 0 where next to nothing does."""
    asks = {"do": "flood", "bytes_per_s": bytes_per_s, "over_s": over_s}
    _, served = _both(cluster, sender, receiver, asks)
    return float(served["bytes_per_s"] or 0.0)


def _both(cluster: Cluster, pod: str, peer: str, asks: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the program printed in both pods; the peer serves."""
    port = random.choice(_PORTS)
    address = pod_named(cluster, peer).address
    with ThreadPoolExecutor(max_workers=2) as pool:
        serving = pool.submit(_run, cluster, peer, {"do": "serve", "port": port})
        asking = pool.submit(_run, cluster, pod, {**asks, "address": address, "port": port})
        return asking.result(), serving.result()


def _run(cluster: Cluster, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    words = ("python3", "-c", PROGRAM.read_text(), json.dumps(asked))
    code, printed = pod_named(cluster, name).probe_in_namespace(*words)
    last = (printed.strip().splitlines() or ["nothing"])[-1]
    if code != 0:
        raise HarnessError(f"{name}: datagrams could not be exchanged: {last}")
    answer: dict[str, Any] = json.loads(last)
    return answer
