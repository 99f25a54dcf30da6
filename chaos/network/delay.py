"""delay: packets wait before they go on, by a latency that may vary; none overtakes another of its connection.

A round trip waits once where one direction is hit, twice where both are.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos.fault import Measure, Setting
from chaos.network.shaping.exchange import Probe, Way
from chaos.network.shaping.shape import Shape
from chaos.network.shaping.shaped import ShapingFault
from cluster.keys import Mistake, duration, percent

#: What a busy machine adds to a datagram's way by itself.
USUAL_MS = 5.0
#: Standard deviation of what is evenly spread within ± 1.
SPREAD = 3**-0.5


@dataclass(frozen=True, kw_only=True)
class Delay(ShapingFault):
    latency: float = duration("how long each packet waits", default=0.05, at_least=0.001, at_most=5.0)
    jitter: float = duration("how much longer or shorter, evenly spread", default=0.0, at_most=5.0)
    correlation: float = percent("packets that wait as long as the one before", default=0.0, at_most=99.0)

    name = "delay"
    does = (
        "a long line: everything works, each round trip takes longer; a commit that waits for replicas takes longer too"
    )
    bites = "numbered datagrams take that much longer to a peer, and to a bystander they do not"
    good = "no failover: it gets slower by the round trips that a transaction takes, and not more"
    known_as = "Chaos Mesh NetworkChaos delay; Jepsen net/slow!; Toxiproxy latency"
    example: ClassVar[Mapping[str, Any]] = {"latency": "50ms", "jitter": "10ms"}
    mark_bit = 0
    probe = Probe(packets=150, over_s=0.9, flows=150)

    @property
    def shape(self) -> Shape:
        return Shape(latency_s=self.latency, jitter_s=self.jitter, correlation=self.correlation)

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        if self.jitter > self.latency:
            return Mistake(key="jitter", why="a packet cannot wait less than nothing: at most as much as latency")
        if self.correlation and not self.jitter:
            return Mistake(
                key="correlation", why="without jitter every packet waits as long; give jitter, or leave it out"
            )
        return super().misfit(target, setting)

    def measures(self, way: Way) -> list[Measure]:
        latency_ms, jitter_ms = self.latency * 1000, self.jitter * 1000
        size = Measure(
            what="delay of most packets",
            unit="ms",
            promised=latency_ms,
            measured=way.delay_ms,
            tolerance=max(1.0, latency_ms / 10) + jitter_ms / 5,
        )
        if not jitter_ms or len(way.delays_ms) < 2:
            return [size]
        spread = Measure(
            what="standard deviation of the delay",
            unit="ms",
            promised=jitter_ms * SPREAD,
            measured=statistics.stdev(way.delays_ms),
            tolerance=max(1.0, jitter_ms * SPREAD / 4),
        )
        return [size, spread]

    def shows(self, way: Way) -> bool:
        return way.delay_ms >= max(self.latency * 500, min(USUAL_MS, self.latency * 900))
