"""PLAN.yaml, section by section: its keys, what each may be, and the looks that a plan has.

Like `scenarios.schema` for a scenario; what the plan is made of is resolved in `scenarios.certify.plan_file`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)

from cluster.duration import parse_duration
from cluster.topologies.lookup import kinds
from reports.certificate.plan import Claim
from reports.certificate.sequential import MOST_TRIALS, Look, TooLongError, default_looks, longest, problem, too_often
from reports.certificate.words import MS, claim_text, is_share
from reports.trends.metrics import METRICS, Metric
from scenarios.schema.mesh import mesh_words
from scenarios.schema.section import MisfitError, Section, UnknownWordError, not_one_of
from scenarios.schema.told import spelt

#: Of a plan that does not say: one bad trial is forgiven, at the price of some more trials.
LOOKS = 2
#: No plan has more: each one more makes all of them longer.
LOOKS_MAX = 10
CONFIDENCE = 0.95


def _percent(value: Any) -> Any:
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a share in percent, such as 95%")
    return float(found[1]) / 100


def _share(value: float) -> float:
    if not 0.5 <= value <= 1:
        raise ValueError("expected 50% to 100%; 100% is a claim that a bad trial is never seen")
    return value


def _confidence(value: float) -> float:
    if not 0.5 <= value <= 0.9999:
        raise ValueError("expected 50% to 99.99%; nothing is certain after some trials")
    return value


def _metric(value: str) -> str:
    if value not in METRICS:
        raise UnknownWordError(not_one_of(value, list(METRICS), what="metric"))
    return value


class ClaimSection(Section):
    """limit: as written, with the unit of the metric."""

    metric: Annotated[str, AfterValidator(_metric)]
    limit: Any
    share: Annotated[float, AfterValidator(_share), BeforeValidator(_percent)]
    confidence: Annotated[float, AfterValidator(_confidence), BeforeValidator(_percent)] = CONFIDENCE

    @model_validator(mode="after")
    def _limit_is_of_the_metric(self) -> Self:
        try:
            self.claim()
        except ValueError as error:
            raise MisfitError(("limit",), f"{error}, got {spelt(self.limit)}") from None
        return self

    def claim(self) -> Claim:
        metric = METRICS[self.metric]
        limit = limit_of(metric, self.limit)
        text = claim_text(metric, limit=limit, share=self.share, confidence=self.confidence)
        return Claim(metric=self.metric, limit=limit, share=self.share, confidence=self.confidence, text=text)


def limit_of(metric: Metric, value: object) -> float:
    """A limit in the metric's own unit: times as durations, shares in percent. Raises ValueError."""
    if metric.unit in MS:
        return parse_duration(value) * 1000 / MS[metric.unit]
    if is_share(metric):
        return float(_percent(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError("expected a number from 0 up")
    return float(value)


class LookSection(Section):
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)]
    failures: Annotated[int, Field(ge=0)]


class SystemSection(Section):
    """scenario: a name of the catalogue or a file, relative to the plan. set: as after ``--set``. name: for the
    certificate, where one scenario is there twice."""

    scenario: str
    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    set: list[str] = Field(default_factory=list)


def _system(value: Any) -> Any:
    return {"scenario": value} if isinstance(value, str) else value


def _one_of(words: Sequence[str], what: str) -> AfterValidator:
    def known(value: str) -> str:
        if value not in words:
            raise UnknownWordError(not_one_of(value, list(words), what=what))
        return value

    return AfterValidator(known)


class SystemsSection(Section):
    """topologies, meshes: those of the scenario where they are left out."""

    scenarios: Annotated[list[Annotated[SystemSection, BeforeValidator(_system)]], Field(min_length=1)]
    topologies: list[Annotated[str, _one_of(kinds(), "topology")]] = Field(default_factory=list)
    meshes: list[Annotated[str, _one_of(mesh_words(), "mesh")]] = Field(default_factory=list)


class PlanSection(SystemsSection):
    """A whole PLAN.yaml."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
    claims: Annotated[list[ClaimSection], Field(min_length=1, max_length=20)]
    looks: list[LookSection] | None = None
    voids: Annotated[int, Field(ge=0, le=MOST_TRIALS)] | None = None
    seed: int = Field(default=1, ge=0, lt=2**62)

    #: How many looks, where the plan does not name them.
    _number: int = PrivateAttr(default=LOOKS)

    @model_validator(mode="wrap")
    @classmethod
    def _looks_are_a_number_or_a_list(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        number = value.get("looks", LOOKS) if isinstance(value, dict) else LOOKS
        if isinstance(number, list):
            section = handler(value)
        elif isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= LOOKS_MAX:
            section = handler({key: inner for key, inner in value.items() if key != "looks"})
            section._number = number
        else:
            wanted = f"1 to {LOOKS_MAX}, or a list such as [{{trials: 72, failures: 0}}]"
            raise MisfitError(("looks",), f"expected the number of looks, {wanted}; got {spelt(number)}")
        return section

    def resolved_looks(self) -> tuple[Look, ...]:
        """Raises MisfitError where they do not keep the error rate of a claim, or no number of trials is enough."""
        rated = [claim for claim in self.claims if claim.share < 1]
        if self.looks is None:
            return self._default_looks(rated, self._number)
        looks = tuple(Look(trials=look.trials, failures=look.failures) for look in self.looks)
        if (wrong := problem(looks)) is not None:
            raise MisfitError(("looks",), wrong)
        for claim in rated:
            if wrong := too_often(looks, share=claim.share, confidence=claim.confidence):
                fit = self._default_looks(rated, len(looks))
                raise MisfitError(("looks",), f"{wrong}; {spelt_looks(fit)} would keep that")
        if not rated and (len(looks) > 1 or looks[0].failures):
            raise MisfitError(("looks",), "of claims of 100% there is one look, with no failure; name its trials")
        return looks

    def _default_looks(self, rated: Sequence[ClaimSection], number: int) -> tuple[Look, ...]:
        if not rated:
            raise MisfitError(
                ("claims",),
                "those of 100% alone do not say how many trials are enough; give it, as "
                "looks: [{trials: 100, failures: 0}]",
            )
        try:
            return longest(
                [default_looks(share=claim.share, confidence=claim.confidence, number=number) for claim in rated]
            )
        except TooLongError as error:
            raise MisfitError(("claims",), f"{error}; claim a smaller share, or take fewer looks") from None


def spelt_looks(looks: Sequence[Look]) -> str:
    """As PLAN.yaml has them."""
    return f"[{', '.join(f'{{trials: {look.trials}, failures: {look.failures}}}' for look in looks)}]"
