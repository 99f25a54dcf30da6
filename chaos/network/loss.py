"""loss: packets are lost, as on a bad cable or in a full switch; whoever sent them must notice and send again."""

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
class Loss(ShapingFault):
    loss: float = percent("packets that are lost", default=5.0, at_least=0.1)
    correlation: float = percent("packets that fare like the one before", default=0.0, at_most=99.0)

    name = "loss"
    does = "a bad cable: most packets pass, and each one lost costs its connection a retransmission timeout or more"
    bites = "of numbered datagrams to a peer that share does not come, and of those to a bystander none is missing"
    good = "no failover and no failed transaction at a few percent; latency grows in its tail"
    known_as = "Chaos Mesh NetworkChaos loss; Jepsen net/flaky!"
    example: ClassVar[Mapping[str, Any]] = {"loss": "5%"}
    mark_bit = 1

    @property
    def shape(self) -> Shape:
        return Shape(loss=self.loss, correlation=self.correlation)

    def measures(self, way: Way) -> list[Measure]:
        return [
            Measure(
                what="lost",
                unit="%",
                promised=self.loss,
                measured=way.share(way.lost),
                tolerance=max(1.5, self.loss / 10),
            )
        ]
