"""clock-drift: a node's clock runs too fast or too slowly, ever further from the others'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.clock.machine_code import Wrong
from chaos.clock.wrong_clock import TOLERANCE_S, ClockFault, Look, ahead_or_behind
from chaos.fault import Measure
from cluster.keys import number

LOOK_S = 2.0


@dataclass(frozen=True, kw_only=True)
class ClockDrift(ClockFault):
    rate: float = number(
        "how much it gains, or loses, in each second", unit="s", default=0.1, at_least=0.05, at_most=1.0
    )
    direction: str = ahead_or_behind()

    name = "clock-drift"
    does = "a clock that runs at another speed: it is right now, and wrong by and by"
    bites = "SYSDATE(6) of its mysqld moves away from the host's clock at this rate"
    good = "serves as if nothing had happened: nothing that decides is decided by the time of day"

    @property
    def look_s(self) -> float:
        return LOOK_S

    @property
    def signed_rate(self) -> float:
        """What it gains a second; one that loses a second in each stands still."""
        return self.rate if self.direction == "ahead" else -self.rate

    def wrong(self) -> Wrong:
        return Wrong(drift=self.signed_rate)

    def measures(self, looks: Sequence[Look]) -> tuple[Measure, ...]:
        first, last = looks[0], looks[-1]
        gained = (last.skew_s - first.skew_s) / (last.at_s - first.at_s)
        return (
            Measure(
                what="gained",
                unit="s a second",
                promised=self.signed_rate,
                measured=round(gained, 5),
                tolerance=TOLERANCE_S / LOOK_S,
            ),
        )
