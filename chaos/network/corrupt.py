"""corrupt: a bit of a packet flips on the way; the receiver's kernel refuses it for its checksum, so it is as good as
lost, and counted."""

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
class Corrupt(ShapingFault):
    corrupt: float = percent("packets of which a bit is flipped", default=5.0, at_least=0.1)
    correlation: float = percent("packets that fare like the one before", default=0.0, at_most=99.0)

    name = "corrupt"
    does = "a broken network card: damaged packets, which checksums must keep from the server and from clients"
    bites = "of numbered datagrams to a peer that share is refused for its checksum, by the receiver's own counter"
    good = "as under loss, and no wrong byte in any table"
    known_as = "Chaos Mesh NetworkChaos corrupt"
    example: ClassVar[Mapping[str, Any]] = {"corrupt": "5%"}
    mark_bit = 4

    @property
    def shape(self) -> Shape:
        return Shape(corrupt=self.corrupt, correlation=self.correlation)

    def measures(self, way: Way) -> list[Measure]:
        lost, tolerance = way.share(way.lost), max(1.5, self.corrupt / 10)
        return [Measure(what="refused", unit="%", promised=self.corrupt, measured=lost, tolerance=tolerance)]

    def shows(self, way: Way) -> bool:
        return super().shows(way) and way.bad_checksums >= way.lost / 2 > 0
