"""bandwidth: no more than so many bytes a second pass; what is more waits for 100 ms at most, then is lost.

A token bucket of `tc`, for the chosen packets alone: each way goes through a device of its own (IFB).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from chaos.fault import Context, Evidence, Injection, Measure, Refutations, Victim
from chaos.network.link import DIRECTIONS, LinkFault
from chaos.network.shaping.exchange import passed_bytes_per_s
from chaos.network.shaping.mechanism import Shaping
from chaos.network.shaping.shaped import partner_of
from chaos.network.shaping.tc import token_bucket
from chaos.probes import bystander, pod_named
from cluster.errors import HarnessError
from cluster.keys import rate, word

#: The probe floods with so much of the rate, for so long; what passes a sound pod is all of it.
FLOOD, FLOOD_S = 1.8, 0.9
#: A pod that passes so much of the rate is not held to it.
UNHELD = 1.2


@dataclass(frozen=True, kw_only=True)
class Bandwidth(LinkFault):
    rate: float = rate("bytes that pass in a second (mbit: bits)", default=1e6, at_least=1e5, at_most=1e7)
    direction: str = word(
        "to: what the target sends to the others; from: what it receives from them", of=DIRECTIONS, default="to"
    )

    name = "bandwidth"
    does = "a narrow line: small transactions pass as ever until the line is full, copies and backups crawl"
    bites = "of a flood of datagrams to a peer no more than the rate comes, and all of one to a bystander"
    heals = "the devices are removed; a flood of datagrams passes whole"
    good = "no failover and no failed transaction while the load fits through; lag where it does not"
    known_as = "Chaos Mesh NetworkChaos bandwidth; Toxiproxy bandwidth"
    example: ClassVar[Mapping[str, Any]] = {"rate": "1mbps"}
    needs = ("bandwidth",)
    refuted_by = Refutations(bitten={"in_place": (False,)}, clean={"mechanism": ("tbf",)})

    def on(self, victim: Victim, context: Context) -> Narrowed:
        return Narrowed(fault=self, victim=victim, context=context)


class Narrowed(Injection[Bandwidth]):
    @cached_property
    def _shaping(self) -> Shaping:
        return Shaping(
            pod=pod_named(self.cluster, self.pod),
            traffic=self.fault.traffic(self.victim, self.context),
            name=self.fault.name,
            words=f"{self.fault.link} {self.fault.peer} {self.fault.direction}",
        )

    def inject(self) -> None:
        if not self._shaping.detour(token_bucket(self.fault.rate)):
            raise HarnessError(f"{self.pod}: the kernel refused a token bucket for its packets")

    def effect(self) -> Evidence:
        standing = self._shaping.look()
        if standing.mechanism is None:  # nothing to measure, and the step waits for this look
            return Evidence(ok=False, seen=standing.as_seen())
        passed, other = self._passed()
        standing = self._shaping.look()
        held = all(0 < bytes_per_s < UNHELD * self.fault.rate for bytes_per_s in passed.values())
        spared = all(bytes_per_s >= UNHELD * self.fault.rate for bytes_per_s in other.values())
        measures = tuple(
            Measure(
                what=f"bytes a second, {way}",
                unit="kB/s",
                promised=self.fault.rate / 1000,
                measured=bytes_per_s / 1000,
                tolerance=self.fault.rate / 10_000,
            )
            for way, bytes_per_s in passed.items()
        )
        seen = standing.as_seen() | {"passed": _shown(passed), "bystander": _shown(other)}
        return Evidence(ok=standing.works and held and spared, seen=seen, measures=measures)

    def heal(self) -> None:
        self._shaping.stop()

    def residue(self) -> Evidence:
        passed, _ = self._passed()
        standing = self._shaping.look()
        whole = all(bytes_per_s >= UNHELD * self.fault.rate for bytes_per_s in passed.values())
        seen = {"mechanism": standing.mechanism, "passed": _shown(passed)}
        return Evidence(ok=standing.mechanism is None and whole, seen=seen)

    def _passed(self) -> tuple[dict[str, float], dict[str, float]]:
        """Way -> bytes a second of a flood that pass, to or from a peer, and a bystander where one is to be spared."""
        traffic = self._shaping.traffic
        ways = ["sent"] * traffic.sent + ["received"] * traffic.received
        names = [partner_of(self.cluster, self.pod, traffic.peers)]
        if traffic.peers and (witness := bystander(self.cluster, self.pod, traffic.peers)):
            names.append(witness)
        passed: list[dict[str, float]] = [{}, {}]
        for way in ways:  # one after the other: the machine has to keep up with the floods
            with ThreadPoolExecutor(max_workers=len(names)) as pool:
                floods = [pool.submit(self._flood, way, name) for name in names]
            for of_pod, flood in zip(passed, floods, strict=False):
                of_pod[way] = flood.result()
        return passed[0], passed[1]

    def _flood(self, way: str, name: str) -> float:
        sender, receiver = (self.pod, name) if way == "sent" else (name, self.pod)
        return passed_bytes_per_s(self.cluster, sender, receiver, bytes_per_s=FLOOD * self.fault.rate, over_s=FLOOD_S)


def _shown(passed: Mapping[str, float]) -> dict[str, int]:
    return {way: round(bytes_per_s) for way, bytes_per_s in passed.items()}
