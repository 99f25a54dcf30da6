"""clock-strobe: a node's clock jumps back and forth, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.clock.machine_code import EVERY_OTHER_TURN, Wrong
from chaos.clock.skew import ClockSkew
from chaos.clock.wrong_clock import TOLERANCE_S, Look
from chaos.fault import Measure
from cluster.keys import duration


@dataclass(frozen=True, kw_only=True)
class ClockStrobe(ClockSkew):
    period: float = duration("from one jump to the next that is like it", default=1.0, at_least=0.2, at_most=4.0)

    name = "clock-strobe"
    does = "a clock that cannot decide: time goes forth and back many times a minute"
    bites = "SYSDATE(6) of its mysqld jumps by the offset, and back, in every period"
    known_as = "Jepsen clock strobe"

    @property
    def look_s(self) -> float:
        return 1.5 * self.period

    def wrong(self) -> Wrong:
        turn_ns = round(self.period / 2 * 1e9)
        return Wrong(skew_ns=round(self.offset_s * 1e9), turn_ns=turn_ns, mask=EVERY_OTHER_TURN)

    def measures(self, looks: Sequence[Look]) -> tuple[Measure, ...]:
        skews = sorted(look.skew_s for look in looks)
        least, most = skews[0], skews[-1]
        furthest, nearest = (most, least) if self.direction == "ahead" else (least, most)
        jump = round(furthest - nearest, 6)
        promise = self.offset_s
        return (Measure(what="jump", unit="s", promised=promise, measured=jump, tolerance=TOLERANCE_S),)
