"""The part of a scenario that is one step of its timeline: what breaks, whom, when, and until when."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, PlainSerializer, model_serializer, model_validator

from chaos import FAULTS
from chaos.events import EVENTS, Event
from chaos.targets import Target
from chaos.timeline import PlannedFault
from cluster.duration import show_duration
from scenarios.schema.duration import Duration, positive_or
from scenarios.schema.section import Section


def _fault_name(value: Any) -> Any:
    if not isinstance(value, str) or value not in FAULTS:
        raise ValueError(f"unknown fault {value!r}; known: {', '.join(FAULTS)}")
    return value


def _never_or_duration(value: Any) -> Any:
    if value is None or value == "never":
        return value
    return positive_or(value, "never")


class AfterSection(Section):
    """What a step waits for, and for how long it waits then."""

    event: Event
    delay: Duration = 0.0

    @model_serializer
    def _short(self) -> str | dict[str, str]:
        return {"event": self.event, "delay": show_duration(self.delay)} if self.delay else self.event


def _event_word(value: Any) -> Any:
    if isinstance(value, str):
        if value not in EVENTS:
            raise ValueError(f"unknown event {value!r}; known: {', '.join(EVENTS)}")
        return {"event": value}
    return value


class FaultSection(Section):
    """A step of the timeline. Left out, heal_after means: when the load ends."""

    at: Duration | None = None
    after: Annotated[AfterSection | None, BeforeValidator(_event_word)] = None
    fault: Annotated[str, BeforeValidator(_fault_name)]
    target: Target
    peer: Target | None = None
    heal_after: Annotated[
        float | Literal["never"] | None,
        BeforeValidator(_never_or_duration),
        PlainSerializer(lambda value: show_duration(value) if isinstance(value, float) else value),
    ] = None

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if (self.at is None) == (self.after is None):
            raise ValueError("a step needs a moment: either at, such as 12s, or after, such as failover-started")
        return self

    def planned(self) -> PlannedFault:
        for_good = self.heal_after == "never"
        return PlannedFault(
            fault=self.fault,
            target=self.target,
            at_s=self.at,
            after=self.after.event if self.after else None,
            delay_s=self.after.delay if self.after else 0.0,
            peer=self.peer,
            heal_after_s=self.heal_after if isinstance(self.heal_after, float) else None,
            for_good=for_good,
        )
