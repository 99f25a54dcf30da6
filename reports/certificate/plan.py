"""The plan of a certificate as it is frozen before the first trial: what is claimed, of what, and by which numbers.

``plan.json`` holds it with its digest. Everything that could be chosen after a look at the trials is in here: limits,
looks, which scenario each trial runs and with which seed. A plan that differs in anything is another plan.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from history.fields import Count, Flag, Kind, Object, Text, Whole, Words, is_number, is_whole, read, spelt
from history.json_files import HistoryError
from reports.certificate.sequential import Look

PLAN_ID = "meshbench/certificate-plan/1"
#: Members of ``plan.json`` beside the plan itself.
_BESIDE = ("schema", "digest", "frozen_at", "earlier_attempts")
#: What two plans may differ in and still be the same attempt at the same claims: a new commit changes no claim.
_OF_THE_CHECKOUT = ("commit", "dirty")

Limit = Annotated[float, Kind("a number", is_number)]
Share = Annotated[float, Kind("a number above 0 and up to 1", lambda value: is_number(value) and 0 < value <= 1)]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One number of a trial keeps a limit in so many of the trials.

    metric: a name of `reports.trends.metrics.METRICS`. limit: in its unit; the most it may be where lower is better,
    else the least. share: of good trials, 1.0: a bad one is never to be seen. confidence: 1 less the error rate. text:
    all of it in plain words.
    """

    metric: Text
    limit: Limit
    share: Share
    confidence: Share
    text: Text

    @property
    def never(self) -> bool:
        """Whether one bad trial refuses it. No number of trials shows a share of 100 %, so it is told as a bound."""
        return self.share == 1


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One of the systems that trials are drawn from.

    scenario: a name of the catalogue or a file, as in the plan. settings: what was set in it, ``key=value``. resolved:
    the scenario as `comparable` makes it of a run's manifest.
    """

    name: Text
    scenario: Text
    settings: Words
    resolved: Object


@dataclass(frozen=True, kw_only=True)
class Plan:
    """voids_at_most: with more trials that show nothing there is no certificate. commit, dirty: of the checkout that
    froze it, None outside of one."""

    name: Text
    claims: tuple[Claim, ...]
    cells: tuple[Cell, ...]
    looks: tuple[Look, ...]
    voids_at_most: Count
    seed: Whole
    commit: Text | None = None
    dirty: Flag | None = None

    def cell_of(self, number: int) -> Cell:
        """The system of a trial, numbered from 1: each has the same chance in every trial, whatever came before."""
        return random.Random(f"{self.seed}:{number}").choice(self.cells)

    def seed_of(self, number: int) -> int:
        """The seed of a trial's scenario, which draws the moment and the target of its faults. Every attempt has the
        same, so that an attempt that showed nothing does not choose another."""
        return self.seed + number - 1

    def looks_for(self, claim: Claim) -> tuple[Look, ...]:
        """The looks by which this claim is judged: where nothing bad is ever to be seen none of them allows any."""
        return tuple(Look(trials=look.trials, failures=0) for look in self.looks) if claim.never else self.looks

    @property
    def trials_at_most(self) -> int:
        return self.looks[-1].trials

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(_canonical(asdict(self)).encode()).hexdigest()

    def as_json(self, *, frozen_at: str, earlier_attempts: int) -> dict[str, Any]:
        """The content of ``plan.json``. frozen_at: UTC, ISO 8601. earlier_attempts: how many certificates of the same
        plan had been begun before in the same runs folder."""
        beside = {"digest": self.digest, "frozen_at": frozen_at, "earlier_attempts": earlier_attempts}
        return {"schema": PLAN_ID, **beside, **asdict(self)}

    def is_again(self, other: Plan) -> bool:
        """Whether both try to certify the same, at whatever commit."""
        return set(differences(self, other)) <= {*_OF_THE_CHECKOUT}


def plan_of(content: Mapping[str, Any], *, place: str) -> Plan:
    """The plan in a ``plan.json``. Raises HistoryError where it is none, or not as it was frozen.

    place: file and what is wrong with it, for messages.
    """
    if content.get("schema") != PLAN_ID:
        raise HistoryError(f"{place}: 'schema' must be {PLAN_ID!r}")
    members = {key: value for key, value in content.items() if key not in _BESIDE}
    plan = read(Plan, members, place=place)
    if not (plan.claims and plan.cells and plan.looks):
        raise HistoryError(f"{place}: it claims nothing, of nothing, or after no trials")
    if _canonical(asdict(plan)) != _canonical(members) or plan.digest != content.get("digest"):
        raise HistoryError(f"{place}: it was changed after it was frozen: it does not have the digest that it names")
    return plan


def earlier_attempts_of(content: Mapping[str, Any], *, place: str) -> int | None:
    """What a ``plan.json`` says of them; None in one from before it was counted. Raises HistoryError."""
    value = content.get("earlier_attempts")
    if value is not None and not (is_whole(value) and value >= 0):
        raise HistoryError(f"{place}: 'earlier_attempts' must be a whole number from 0 up, not {spelt(value)}")
    return value


def earlier_words(attempts: int | None) -> str:
    """For people: how many certificates of the same plan were begun before."""
    if attempts is None:
        return "how many of the same plan were begun before is not told"
    if not attempts:
        return "the first of this plan in its runs folder"
    return f"{attempts} of the same plan {'was' if attempts == 1 else 'were'} begun before in its runs folder"


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True)


def comparable(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The scenario that a run was made of, by its manifest, without the seed: what a plan freezes of each system.

    Where the timeline has compositions the steps that the seed drew give way to the composition itself.
    """
    scenario = {key: value for key, value in manifest["scenario"].items() if key != "seed"}
    return scenario | ({"faults": manifest["composed"]} if manifest.get("composed") else {})


def differences(one: Plan, other: Plan) -> Iterator[str]:
    """The members in which two plans differ, by name."""
    left, right = asdict(one), asdict(other)
    yield from (key for key in left if left[key] != right[key])
