"""Sequential plans: after how many trials one may look, and how many bad ones may be among them, so that a claim on
the share of good trials is certified wrongly no more often than promised.

A plan is a list of looks. A claim is certified at the first look at which no more trials were bad than that look
allows, and refused as soon as more were bad than the last look allows. Trials are independent and each is bad with the
same chance; then every outcome has the chance of a binomial path with absorbing looks, which `prospect` computes
exactly, one trial after the other: nothing is approximated or simulated. (Multiple sampling plans by attributes: Dodge
and Romig, Bell System Technical Journal 20, 1941; exact group-sequential tests: Jennison and Turnbull, Group Sequential
Methods with Applications to Clinical Trials, 2000, chapter 12.)

Who looks on after a failure with the numbers of a plan of one look (59 trials and no failure; 93 and one; 124 and two)
certifies a system with 5 % bad trials in 9.3 % of cases. With 72 and none, else 98 and one, it is 5.0 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from history.fields import Count

Decision = Literal["certified", "refused"]
#: A chance may miss its limit by so much of rounding.
_ROUNDING = 1e-12
#: No plan is longer; a trial takes about a minute.
MOST_TRIALS = 10_000


@dataclass(frozen=True, kw_only=True)
class Look:
    """After so many trials a claim is certified if at most so many of them were bad."""

    trials: Count
    failures: Count


class Prospect(NamedTuple):
    """certified: the chance of it. trials: expected number until certified or refused."""

    certified: float
    trials: float


class TooLongError(ValueError):
    """There is no such plan of at most MOST_TRIALS trials."""


def prospect(looks: Sequence[Look], bad_share: float) -> Prospect:
    """What a plan does with a system of which a trial is bad with this chance."""
    most = max(look.failures for look in looks)
    allowed = {look.trials: look.failures for look in looks}
    # the chance to be under way with 0, 1, … bad trials; with more than any look allows the claim is refused
    under_way = np.zeros(most + 1)
    under_way[0] = 1.0
    certified = trials = 0.0
    for number in range(1, looks[-1].trials + 1):
        trials += float(under_way.sum())
        under_way = _after_one_more(under_way, bad_share)
        if number in allowed:
            certified += float(under_way[: allowed[number] + 1].sum())
            under_way[: allowed[number] + 1] = 0.0
    return Prospect(min(certified, 1.0), trials)


def _after_one_more(under_way: NDArray[np.float64], bad_share: float) -> NDArray[np.float64]:
    after = under_way * (1 - bad_share)
    after[1:] += under_way[:-1] * bad_share
    return after


def error_rate(looks: Sequence[Look], share: float) -> float:
    """The chance to certify "at least this share of trials is good" where it is just not so: the largest there is, as
    a worse system is certified less often."""
    return prospect(looks, 1 - share).certified


def keeps(looks: Sequence[Look], *, share: float, confidence: float) -> bool:
    """Whether the plan certifies a system that is just not good enough in at most 1 - confidence of cases."""
    return error_rate(looks, share) <= 1 - confidence + _ROUNDING


def problem(looks: Sequence[Look]) -> str | None:
    """Why these cannot be the looks of a plan, None where they can."""
    if not looks:
        return "there is none"
    for look in looks:
        if look.trials < 1 or look.failures >= look.trials:
            return f"{look.failures} bad of {look.trials} trials: expected fewer bad ones than trials"
        if look.trials > MOST_TRIALS:
            return f"{look.trials} trials: at most {MOST_TRIALS:,} can be"
    for before, after in pairwise(looks):
        if after.trials <= before.trials or after.failures <= before.failures:
            return (
                f"{after.trials} trials with {after.failures} bad after {before.trials} with {before.failures}: each "
                "look must have more trials than the one before, and allow more bad ones"
            )
    return None


def too_often(looks: Sequence[Look], *, share: float, confidence: float) -> str | None:
    """How these looks break the error rate of a claim, None where they keep it."""
    if keeps(looks, share=share, confidence=confidence):
        return None
    return (
        f"they certify a system of which {100 * (1 - share):.3g} % of trials are bad in "
        f"{100 * error_rate(looks, share):.3g} % of cases, and at {100 * confidence:.3g} % confidence that may be at "
        f"most {100 * (1 - confidence):.3g} %"
    )


def default_looks(*, share: float, confidence: float, number: int) -> tuple[Look, ...]:
    """The shortest plan of so many looks, the i-th with i - 1 bad trials allowed, that spends the error rate in equal
    parts: after look i at most i / number of 1 - confidence is spent. (Error spending: Lan and DeMets, Biometrika 70,
    1983; here exact, and what whole trials leave of one part goes to the next look.)

    One look of 95 % at 95 % confidence: 59 trials; two: 72, else 98 with one bad. Raises TooLongError.
    """
    bad_share, error = 1 - share, 1 - confidence
    under_way = np.zeros(number)
    under_way[0] = 1.0
    looks: list[Look] = []
    spent = 0.0
    for trials in range(1, MOST_TRIALS + 1):
        under_way = _after_one_more(under_way, bad_share)
        here = float(under_way[: len(looks) + 1].sum())
        if trials > len(looks) and spent + here <= error * (len(looks) + 1) / number + _ROUNDING:
            looks.append(Look(trials=trials, failures=len(looks)))
            spent += here
            under_way[: len(looks)] = 0.0
            if len(looks) == number:
                return tuple(looks)
    raise TooLongError(f"{number} looks take more than {MOST_TRIALS:,} trials")


def longest(plans: Sequence[Sequence[Look]]) -> tuple[Look, ...]:
    """Of plans with equal numbers of bad trials allowed, one that keeps the error rate of each: with more trials before
    a look fewer systems come through it."""
    return tuple(max(looks, key=lambda look: look.trials) for looks in zip(*plans, strict=True))


class Tally(NamedTuple):
    """failures: bad trials of a claim so far. looks: by which it is judged."""

    failures: int
    looks: Sequence[Look]


def decision(trials: int, claims: Sequence[Tally]) -> Decision | None:
    """What is to be said after exactly so many trials; None: go on. All claims have looks after the same numbers of
    trials, and are certified at the same one."""
    if any(claim.failures > claim.looks[-1].failures for claim in claims):
        return "refused"
    return "certified" if any(at == trials for at in _open_looks(claims)) else None


def next_look(trials: int, claims: Sequence[Tally]) -> int | None:
    """After how many trials all claims are certified if none is bad from now on; None: they cannot be any more."""
    return next((at for at in _open_looks(claims) if at > trials), None)


def _open_looks(claims: Sequence[Tally]) -> list[int]:
    """The looks that allow as many failures as there are."""
    return [
        at[0].trials
        for at in zip(*(claim.looks for claim in claims), strict=True)
        if all(claim.failures <= look.failures for claim, look in zip(claims, at, strict=True))
    ]


def bad_share_at_most(looks: Sequence[Look], *, at: Look, failures: int, confidence: float) -> float:
    """The largest share of bad trials that a claim certified at this look with so many failures does not exclude.

    An exact upper confidence bound: of the outcomes at least as good as this one, an earlier look passed or this one
    with no more failures, the chance at the bound is 1 - confidence. (Stage-wise ordering: Jennison and Turnbull,
    Technometrics 25, 1983.) It also holds where the trials went on beyond the claim's first passed look because of
    another claim: that outcome is in no way better than the ones counted here.
    """
    passed = [look for look in looks if look.trials < at.trials]
    best = [*passed, Look(trials=at.trials, failures=failures)]
    return float(brentq(lambda bad: prospect(best, bad).certified - (1 - confidence), 0.0, 1.0, xtol=1e-9))


def never_seen_bound(trials: int, *, confidence: float) -> float:
    """The largest share of bad trials that so many trials without a bad one do not exclude: ``1 - (1 - c)^(1/n)``
    (Clopper and Pearson, Biometrika 26, 1934), about 3 / n at 95 %.

    It holds whenever one stops: a clean record of n trials begins with a clean record of every smaller number, so a
    bound that is wrong at any stop takes a first clean record whose chance is at most 1 - confidence.
    """
    return float(-np.expm1(np.log(1 - confidence) / trials))
