"""What the faults that shape packets have in common: put in place, measured on the pod each way, and taken away.

Each says its `Shape`, the probe that shows it, and how much of it one way shows.
"""

from __future__ import annotations

from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from chaos.fault import Context, Evidence, Injection, Measure, Refutations, Victim
from chaos.network.link import DIRECTIONS, LinkFault
from chaos.network.shaping.exchange import Exchange, Probe, Way, exchange
from chaos.network.shaping.mechanism import Shaping
from chaos.network.shaping.shape import Shape
from chaos.probes import bystander, pod_named
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.keys import word

#: Answers are awaited for so long beyond what the fault makes them wait.
GRACE_S = 0.4


@dataclass(frozen=True, kw_only=True)
class ShapingFault(LinkFault):
    """mark_bit: 0 to 15, another one for each of these faults. probe: what shows it, with its default keys at least."""

    direction: str = word(
        "to: what the target sends to the others; from: what it receives from them", of=DIRECTIONS, default="to"
    )

    mark_bit: ClassVar[int]
    probe: ClassVar[Probe] = Probe(packets=2500, over_s=1.0)
    needs = ("packet shaping",)
    heals = "rules, devices and the program are removed; datagrams pass as they did before"
    refuted_by = Refutations(bitten={"in_place": (False,)}, clean={"mechanism": ("netem", "tbf", "nfqueue")})

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """What it does to each packet."""

    @abstractmethod
    def measures(self, way: Way) -> list[Measure]:
        """How much of it one way shows; the first one is its size."""

    def shows(self, way: Way) -> bool:
        """Whether one way shows it at all: looser than the tolerance, since a run's pods are busy."""
        size = self.measures(way)[0]
        return size.measured >= size.promised / 2

    def on(self, victim: Victim, context: Context) -> Injection[Any]:
        return Shaped(fault=self, victim=victim, context=context)


S = TypeVar("S", bound=ShapingFault)


def shaping_of(injection: Injection[S]) -> Shaping:
    """What stands for a fault on its pod, told from others there by the words of its keys."""
    fault = injection.fault
    return Shaping(
        pod=pod_named(injection.cluster, injection.pod),
        traffic=fault.traffic(injection.victim, injection.context),
        name=fault.name,
        words=f"{fault.link} {fault.peer} {fault.direction}",
        mark_bit=fault.mark_bit,
    )


def partner_of(cluster: Cluster, pod: str, peers: tuple[str, ...]) -> str:
    """The pod with which the fault is measured: one of the peers, or where all are hit any other; raises HarnessError
    where there is none."""
    partner = next((peer for peer in peers if peer not in cluster.departed), None) or bystander(cluster, pod)
    if partner is None:
        raise HarnessError(f"nobody is there whose exchange with {pod} could be measured")
    return partner


class Shaped(Injection[ShapingFault]):
    @cached_property
    def _shaping(self) -> Shaping:
        return shaping_of(self)

    def inject(self) -> None:
        self._shaping.start(self.fault.shape, seed=self.context.rng.randrange(1 << 30))

    def effect(self) -> Evidence:
        if self._shaping.look().mechanism is None:  # the step waits for this look, so it is a short one
            met, other = self._exchanges(self.fault.probe.a_tenth)
            return Evidence(ok=False, seen=self._shaping.look().as_seen() | self._seen(met, other))
        met, other = self._exchanges(self.fault.probe)
        standing, hit = self._shaping.look(), self._hit(met)
        spared = other is None or not (self.fault.shows(other.sent) or self.fault.shows(other.received))
        measures = tuple(
            replace(measure, what=f"{measure.what}, {name}")
            for name, way in hit.items()
            for measure in self.fault.measures(way)
        )
        shown = all(self.fault.shows(way) for way in hit.values())
        return Evidence(
            ok=standing.works and bool(standing.facts.get("handled")) and shown and spared,
            seen=standing.as_seen() | self._seen(met, other),
            measures=measures,
        )

    def heal(self) -> None:
        self._shaping.stop()

    def residue(self) -> Evidence:
        met, other = self._exchanges(self.fault.probe)
        standing = self._shaping.look()
        shows = any(self.fault.shows(way) for way in self._hit(met).values())
        seen = {"mechanism": standing.mechanism} | self._seen(met, other)
        return Evidence(ok=standing.mechanism is None and not shows, seen=seen)

    def _exchanges(self, probe: Probe) -> tuple[Exchange, Exchange | None]:
        """With a peer, and at the same time with a bystander where one is to be spared."""
        peers = self._shaping.traffic.peers
        names = [partner_of(self.cluster, self.pod, peers)]
        if peers and (witness := bystander(self.cluster, self.pod, peers)):
            names.append(witness)
        grace_s = GRACE_S + 2 * (self.fault.shape.latency_s + self.fault.shape.jitter_s)
        with ThreadPoolExecutor(max_workers=len(names)) as pool:
            met = list(pool.map(lambda name: exchange(self.cluster, self.pod, name, probe, grace_s=grace_s), names))
        return met[0], met[1] if len(met) > 1 else None

    def _hit(self, met: Exchange) -> dict[str, Way]:
        traffic = self._shaping.traffic
        ways = {"sent": met.sent} if traffic.sent else {}
        return ways | ({"received": met.received} if traffic.received else {})

    def _seen(self, met: Exchange, other: Exchange | None) -> dict[str, Any]:
        seen = {"sent": met.sent.as_seen(), "received": met.received.as_seen()}
        if other is not None:
            seen["bystander"] = {"sent": other.sent.as_seen(), "received": other.received.as_seen()}
        return seen
