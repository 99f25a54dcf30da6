"""Steps of a timeline that belong together, in place of a step: one after another, at the same time, again and again,
or drawn at random from the seed.

    faults:
      - sequence: {at: 10s, gap: 5s, steps: [{fault: kill, target: one_replica, heal_after: 5s}, …]}
      - parallel: {at: 10s, steps: […]}
      - repeat: {at: 10s, times: 3, every: 15s, step: {fault: pause, target: primary, heal_after: 3s}}
      - mix: {at: 10s, until: 60s, gap: 4s, steps: 5, of: [{weight: 3, fault: kill, …}, {fault: switchover, …}]}

They are turned into plain steps before anything starts; the run, the record and the judge know plain steps alone. A
step of a mix begins when the one before has been healed and ``gap`` has passed, more or less (half to one and a half),
and no node that was lost may still be on its way back.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Protocol, Self, TypeAlias

from pydantic import Field, WrapValidator, model_validator

from chaos.registry import FAULTS
from chaos.timeline import COMPOSITIONS as KINDS
from chaos.timeline import OF_A_STEP
from cluster.duration import show_duration
from scenarios.schema.duration import Duration, PositiveDuration
from scenarios.schema.faults import FaultSection
from scenarios.schema.section import MisfitError, Section

#: Between one and the next: a node that was lost is back before.
GAP_S = 25.0
#: What to change of each kind so that its steps come earlier.
EARLIER = {
    "sequence": "at or gap smaller",
    "parallel": "at smaller",
    "repeat": "at, times or every smaller",
    "mix": "until smaller",
}
#: Where a step stands below ``faults``.
Place: TypeAlias = tuple[str | int, ...]


class Back(Protocol):
    """As `Replication.back_s`."""

    def __call__(self, gone_s: float, *, crashed: bool) -> float: ...


class StepTemplate(FaultSection):
    """A step whose moment the composition decides."""

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if self.at is not None or self.after is not None:
            raise MisfitError(("after" if self.at is None else "at",), "the composition decides when; leave it out")
        return self

    def at_moment(self, at_s: float) -> FaultSection:
        """Rounded to a millisecond: nobody aims better, and it is written as it is meant."""
        return FaultSection.model_construct(**(vars(self) | {"at": round(at_s, 3), "after": None}))

    @property
    def ends(self) -> bool:
        """Whether it is known when it is over."""
        return isinstance(self.heal_after, float) or (self.heal_after is None and not self.planned().fault.lasts)

    @property
    def lasts_s(self) -> float:
        """From injection to healing; none of a planned change, which is over when it is done."""
        return self.heal_after if isinstance(self.heal_after, float) else 0.0


class WeightedStep(StepTemplate):
    """weight: how often it is drawn, against the others'."""

    of_a_step: ClassVar[tuple[str, ...]] = (*OF_A_STEP, "weight")

    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class Sequence_(Section):  # noqa: N801  `Sequence` is somebody else's
    """One after another; gap: from the healing of one to the next."""

    at: Duration
    gap: Duration = GAP_S
    steps: list[StepTemplate] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _one_after_another(self) -> Self:
        for number, step in enumerate(self.steps[:-1]):
            if not step.ends:
                raise MisfitError(("steps", number, "heal_after"), "the next step begins when it is healed: say when")
        return self

    def expanded(self, _: random.Random, __: Back) -> Iterator[tuple[Place, FaultSection]]:
        at_s = self.at
        for number, step in enumerate(self.steps):
            yield ("steps", number), step.at_moment(at_s)
            at_s += step.lasts_s + self.gap


class Parallel(Section):
    """At the same time."""

    at: Duration
    steps: list[StepTemplate] = Field(min_length=1, max_length=100)

    def expanded(self, _: random.Random, __: Back) -> Iterator[tuple[Place, FaultSection]]:
        for number, step in enumerate(self.steps):
            yield ("steps", number), step.at_moment(self.at)


class Repeat(Section):
    """So many times; every: from one injection to the next."""

    at: Duration
    times: int = Field(ge=1, le=100)
    every: PositiveDuration
    step: StepTemplate

    @model_validator(mode="after")
    def _healed_in_between(self) -> Self:
        if not self.step.ends:
            raise MisfitError(("step", "heal_after"), "a step that is repeated is healed: give it a duration")
        if self.step.lasts_s >= self.every:
            raise MisfitError(
                ("every",),
                f"the step lasts {show_duration(self.step.lasts_s)}, so it must come less often than that",
            )
        return self

    def expanded(self, _: random.Random, __: Back) -> Iterator[tuple[Place, FaultSection]]:
        for number in range(self.times):
            yield ("step",), self.step.at_moment(self.at + number * self.every)


class Mix(Section):
    """Drawn from the seed. The budget: none lasts beyond ``until``, and no more than ``steps`` are drawn."""

    at: Duration
    until: Duration
    gap: PositiveDuration = GAP_S
    steps: int = Field(default=100, ge=1, le=100)
    of: list[WeightedStep] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _healed_in_time(self) -> Self:
        if self.until <= self.at:
            raise MisfitError(("until",), f"must come after at ({show_duration(self.at)})")
        for number, step in enumerate(self.of):
            if not step.ends:
                raise MisfitError(("of", number, "heal_after"), "a step of a mix is healed: give it a duration")
            if self.at + step.lasts_s > self.until:
                raise MisfitError(("of", number, "heal_after"), "is longer than the mix, so the step is never drawn")
        return self

    def expanded(self, rng: random.Random, back_s: Back) -> Iterator[tuple[Place, FaultSection]]:
        at_s = self.at
        for _ in range(self.steps):
            fitting = [number for number, step in enumerate(self.of) if at_s + step.lasts_s <= self.until]
            if not fitting:
                return
            number = rng.choices(fitting, weights=[self.of[index].weight for index in fitting])[0]
            yield ("of", number), self.of[number].at_moment(at_s)
            drawn = self.of[number]
            fault = drawn.planned().fault
            on_its_way_s = back_s(drawn.lasts_s, crashed=fault.crashes) if fault.loses_node else 0.0
            at_s += drawn.lasts_s + max(self.gap * rng.uniform(0.5, 1.5), on_its_way_s)


class Composition(Section):
    """Exactly one of them."""

    sequence: Sequence_ | None = None
    parallel: Parallel | None = None
    repeat: Repeat | None = None
    mix: Mix | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(
                f"expected one of {', '.join(KINDS)} in place of a step; got {' and '.join(given) or 'none'}"
            )
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    def expanded(self, rng: random.Random, back_s: Back) -> Iterator[tuple[Place, FaultSection]]:
        """Each plain step, and where it was written below this."""
        kind = self.kind
        for place, step in getattr(self, kind).expanded(rng, back_s):
            yield (kind, *place), step


def _step_or_composition(value: Any, _: Any) -> Any:
    if isinstance(value, Composition | FaultSection):
        return value
    if not isinstance(value, dict):
        return FaultSection.model_validate(value)
    kinds = [key for key in value if key in KINDS]
    if not kinds and "fault" not in value and (strange := [str(key) for key in value if key not in OF_A_STEP]):
        near = difflib.get_close_matches(strange[0], KINDS, n=1)
        meant = f"fault: {strange[0]}" if strange[0] in FAULTS else next(iter(near), "")
        hint = f"did you mean {meant!r}?" if meant else f"a step has a fault, or is one of {', '.join(KINDS)}"
        raise MisfitError((strange[0],), f"unknown key; {hint}")
    if kinds and (beside := [key for key in value if key not in KINDS]):
        raise MisfitError((beside[0],), f"unknown key beside {kinds[0]}; allowed here: one of {', '.join(KINDS)}")
    return (Composition if kinds else FaultSection).model_validate(value)


#: What a timeline is written in.
Entry = Annotated[FaultSection | Composition, WrapValidator(_step_or_composition)]


def expanded(
    entries: Sequence[FaultSection | Composition], *, seed: int, back_s: Back
) -> list[tuple[Place, FaultSection]]:
    """All plain steps, in the order of their writing, and where each was written below ``faults``.

    back_s: of the nodes' `Replication`."""
    plain: list[tuple[Place, FaultSection]] = []
    for number, entry in enumerate(entries):
        if isinstance(entry, Composition):
            rng = random.Random(f"{seed}/composition/{number}")
            plain += [((number, *place), step) for place, step in entry.expanded(rng, back_s)]
        else:
            plain.append(((number,), entry))
    return plain
