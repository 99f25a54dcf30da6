"""The part of a scenario that is one step of its timeline: what breaks, whom, when, and until when.

``at`` (or ``after``), ``fault``, ``target`` and ``heal_after`` are every step's; whatever stands beside them is the
fault's own (`cluster.keys`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from chaos.events import EVENTS, Event
from chaos.fault import Fault
from chaos.registry import FAULTS
from chaos.targets import Target
from chaos.timeline import COMPOSITIONS, OF_A_STEP, PlannedFault
from cluster.duration import show_duration
from scenarios.schema.declared import validated, without_nulls_of_others
from scenarios.schema.duration import Duration, positive_or
from scenarios.schema.section import MisfitError, Section, UnknownWordError, not_one_of


def _fault_name(value: Any) -> Any:
    if not isinstance(value, str) or value not in FAULTS:
        raise UnknownWordError(not_one_of(value, tuple(FAULTS), what="fault", listed_by="`meshbench faults`"))
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
            raise UnknownWordError(not_one_of(value, EVENTS, what="event"))
        return {"event": value}
    if value is not None and not isinstance(value, dict):
        raise ValueError("expected an event, or {event: …, delay: …}")
    return value


class FaultSection(Section):
    """A step of the timeline. Left out, heal_after means: when the load ends. keys: the fault's own, as YAML has them,
    defaults filled in."""

    at: Duration | None = None
    after: Annotated[AfterSection | None, BeforeValidator(_event_word)] = None
    fault: Annotated[str, BeforeValidator(_fault_name)]
    target: Target
    heal_after: Annotated[
        float | Literal["never"] | None,
        BeforeValidator(_never_or_duration),
        PlainSerializer(lambda value: show_duration(value) if isinstance(value, float) else value),
    ] = None
    keys: dict[str, Any] = Field(default_factory=dict, repr=False)

    #: The keys that stand beside the fault's own.
    of_a_step: ClassVar[tuple[str, ...]] = OF_A_STEP

    @model_validator(mode="wrap")
    @classmethod
    def _own_keys(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """All mistakes of a step at once: its own, and those of the fault's keys."""
        if isinstance(value, dict) and (inner := [key for key in value if key in COMPOSITIONS]):
            raise MisfitError((inner[0],), "compositions cannot stand in one another")
        if not isinstance(value, dict) or not isinstance(name := value.get("fault"), str) or name not in FAULTS:
            known = {key: value[key] for key in cls.of_a_step if key in value} if isinstance(value, dict) else value
            return handler(known)  # what else it may have nobody knows
        common = {key: inner for key, inner in value.items() if key in cls.of_a_step}
        beside = {key: inner for key, inner in value.items() if key not in cls.of_a_step}
        return validated(handler, common, into="keys", read=lambda: read_keys(name, beside))

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if self.at is not None and self.after is not None:
            raise ValueError("at and after are both given; keep one of them")
        if self.at is None and self.after is None:
            raise ValueError("a step needs a moment: either at, such as 12s, or after, such as failover-started")
        return self

    @model_serializer(mode="wrap")
    def _flat(self, rest: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = rest(self)
        keys: dict[str, Any] = document["keys"]
        return {key: document[key] for key in self.of_a_step if key in document} | keys

    def planned(self) -> PlannedFault:
        return PlannedFault(
            fault=read_keys(self.fault, self.keys),
            target=self.target,
            at_s=self.at,
            after=self.after.event if self.after else None,
            delay_s=self.after.delay if self.after else 0.0,
            heal_after_s=self.heal_after if isinstance(self.heal_after, float) else None,
            for_good=self.heal_after == "never",
        )


def read_keys(name: str, keys: Mapping[str, Any]) -> Fault:
    """A fault from its own keys. Raises MistakesError."""
    fault = FAULTS[name]
    given = without_nulls_of_others(keys, fault, FAULTS.values())
    return fault.read(given, of=f"fault {name}", beside=OF_A_STEP)
