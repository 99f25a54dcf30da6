"""clock-jump: a node's clock jumps, and after a while jumps back, as one that is stepped wrongly and then set right."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.clock.machine_code import FIRST_TURN, Wrong
from chaos.clock.skew import ClockSkew
from cluster.keys import duration

#: A clock that is right again is right for so long at least before the fault is healed.
BACK_FOR_S = 1.0


@dataclass(frozen=True, kw_only=True)
class ClockJump(ClockSkew):
    back_after: float = duration("when it jumps back", default=15.0, at_least=10.0, at_most=3600.0)

    name = "clock-jump"
    does = "a node's clock is stepped and set right again: time that runs twice, or that never was"
    bites = "SYSDATE(6) of its mysqld is off the host's clock by the offset, until it jumps back"
    known_as = "Jepsen clock bump, reset"

    @property
    def proof_s(self) -> float:
        """Until it has jumped back, and a little longer."""
        return self.back_after + BACK_FOR_S

    def wrong(self) -> Wrong:
        return Wrong(skew_ns=round(self.offset_s * 1e9), turn_ns=round(self.back_after * 1e9), mask=FIRST_TURN)
