"""One step of a timeline, as it was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.events import Event
from chaos.fault import Fault
from chaos.targets import Target, meaning, part_of
from history.fault_lines import Asked

#: The keys that every step may have in YAML; no fault may have one of that name.
OF_A_STEP = ("at", "after", "fault", "target", "heal_after")

#: What may stand in place of a step, and in none.
COMPOSITIONS = ("sequence", "parallel", "repeat", "mix")


@dataclass(frozen=True, kw_only=True)
class PlannedFault:
    """Either at_s or after is given.

    at_s: seconds after the load's zero. after: an event, the first of its kind since the load's zero; delay_s: seconds
    from that event. heal_after_s: seconds from injection to healing, None: when the load ends. for_good: never healed.
    """

    fault: Fault
    target: Target
    at_s: float | None = None
    after: Event | None = None
    delay_s: float = 0.0
    heal_after_s: float | None = None
    for_good: bool = False

    @property
    def peer(self) -> str | None:
        """The word for the pods that its fault is about beside the target; of a fault that has the key ``peer``."""
        word = self.fault.written().get("peer")
        return None if word is None else str(word)

    def asked(self) -> Asked:
        """What every line of its story says of it."""
        moment = {"at_s": self.at_s} if self.after is None else {"delay_s": self.delay_s}
        keys = {key: value for key, value in self.fault.written().items() if key != "peer"}
        part = part_of(self.target)
        return Asked(
            kind=self.fault.kind,
            fault=self.fault.name,
            target=self.target,
            hits=self.fault.hits or part,
            peer=self.peer,
            after=self.after,
            heal_after_s=self.heal_after_s,
            for_good=self.for_good,
            parameters=moment | keys,
            part=part,
            role=meaning(self.target).role,
            loses_node=self.fault.loses_node,
            intends=self.fault.intends,
            refuted_by=self.fault.refuted_by.as_json(),
        )
