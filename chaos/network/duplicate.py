"""duplicate: packets come twice, as with a loop in the network or a switch that repeats itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos.fault import Measure
from chaos.network.shaping.exchange import Way
from chaos.network.shaping.shape import Shape
from chaos.network.shaping.shaped import ShapingFault
from cluster.keys import percent


@dataclass(frozen=True, kw_only=True)
class Duplicate(ShapingFault):
    duplicate: float = percent("packets that come twice", default=10.0, at_least=0.1)
    correlation: float = percent("packets that fare like the one before", default=0.0, at_most=99.0)

    name = "duplicate"
    does = "a loop in the network: packets come twice, and TCP must drop what it has seen"
    bites = "of numbered datagrams to a peer that share comes twice, and none of those to a bystander"
    good = "nothing is to be noticed: no transaction runs twice"
    known_as = "Chaos Mesh NetworkChaos duplicate"
    example: ClassVar[Mapping[str, Any]] = {"duplicate": "10%"}
    mark_bit = 2

    @property
    def shape(self) -> Shape:
        return Shape(duplicate=self.duplicate, correlation=self.correlation)

    def measures(self, way: Way) -> list[Measure]:
        twice = way.share(way.copies)
        tolerance = max(2.0, self.duplicate / 10)
        return [Measure(what="came twice", unit="%", promised=self.duplicate, measured=twice, tolerance=tolerance)]
