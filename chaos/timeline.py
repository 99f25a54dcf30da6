"""One step of a timeline, as it was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.events import Event
from chaos.fault import Fault
from chaos.targets import Target
from history.fault_lines import Asked


@dataclass(frozen=True, kw_only=True)
class PlannedFault:
    """Either at_s or after is given.

    at_s: seconds after the load's zero. after: an event, the first of its kind since the load's zero; delay_s: seconds
    from that event. peer: of a partition, the only pods that the target is cut off from. heal_after_s: seconds from
    injection to healing, None: when the load ends. for_good: never healed.
    """

    fault: str
    target: Target
    at_s: float | None = None
    after: Event | None = None
    delay_s: float = 0.0
    peer: Target | None = None
    heal_after_s: float | None = None
    for_good: bool = False

    def asked(self, fault: Fault) -> Asked:
        """What every line of its story says of it."""
        return Asked(
            kind="fault" if fault.lasts else "change",
            fault=self.fault,
            target=self.target,
            hits=fault.hits,
            peer=self.peer,
            after=self.after,
            heal_after_s=self.heal_after_s,
            for_good=self.for_good,
            parameters={"at_s": self.at_s} if self.after is None else {"delay_s": self.delay_s},
        )
