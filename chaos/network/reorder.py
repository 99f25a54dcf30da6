"""reorder: packets wait, and some go at once, so that they overtake others of their own connection.

As netem does it: every packet waits for ``latency``, except every ``gap``-th or a later one, with a chance of
``reorder``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos.fault import Measure
from chaos.network.shaping.exchange import Probe, Way
from chaos.network.shaping.shape import Shape
from chaos.network.shaping.shaped import ShapingFault
from cluster.keys import duration, percent, whole


@dataclass(frozen=True, kw_only=True)
class Reorder(ShapingFault):
    reorder: float = percent("packets that overtake the others", default=25.0, at_least=1.0, at_most=50.0)
    gap: int = whole("only each so many-th may overtake; 1: any", default=1, at_least=1, at_most=100)
    latency: float = duration("how long the others wait", default=0.02, at_least=0.005, at_most=1.0)
    correlation: float = percent("packets that fare like the one before", default=0.0, at_most=99.0)

    name = "reorder"
    does = "two ways of different length: packets overtake each other, and TCP takes the late ones for lost"
    bites = "of numbered datagrams to a peer that share comes before one sent earlier; those to a bystander in order"
    good = "no failover and no failed transaction; latency grows by that of the longer way"
    known_as = "Chaos Mesh NetworkChaos delay with reorder"
    example: ClassVar[Mapping[str, Any]] = {"reorder": "25%", "latency": "20ms"}
    mark_bit = 3
    probe = Probe(packets=1500, over_s=1.2)

    @property
    def shape(self) -> Shape:
        return Shape(latency_s=self.latency, reorder=self.reorder, gap=self.gap, correlation=self.correlation)

    def measures(self, way: Way) -> list[Measure]:
        expected = 100 / (self.gap - 1 + 100 / self.reorder)
        tolerance = max(2.0, expected / 5)
        return [
            Measure(what="overtook", unit="%", promised=expected, measured=way.share(way.overtook), tolerance=tolerance)
        ]
