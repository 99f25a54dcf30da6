"""clock-skew: a node's clock is wrong by a constant amount, as without NTP, or with a wrong server of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.clock.machine_code import Wrong
from chaos.clock.wrong_clock import TOLERANCE_S, ClockFault, Look, ahead_or_behind, offset
from chaos.fault import Measure


@dataclass(frozen=True, kw_only=True)
class ClockSkew(ClockFault):
    offset: float = offset(default=5.0)
    direction: str = ahead_or_behind()

    name = "clock-skew"
    does = "a node lives in another time: its timestamps, its lag, and whatever expires"
    bites = "SYSDATE(6) of its mysqld is off the host's clock by the offset"
    good = "serves as if nothing had happened: nothing that decides is decided by the time of day"
    known_as = "Chaos Mesh TimeChaos timeOffset; Jepsen clock bump"

    @property
    def offset_s(self) -> float:
        return self.offset if self.direction == "ahead" else -self.offset

    def wrong(self) -> Wrong:
        return Wrong(skew_ns=round(self.offset_s * 1e9))

    def measures(self, looks: Sequence[Look]) -> tuple[Measure, ...]:
        skew_s = looks[-1].skew_s
        return (
            Measure(what="skew", unit="s", promised=self.offset_s, measured=round(skew_s, 6), tolerance=TOLERANCE_S),
        )
