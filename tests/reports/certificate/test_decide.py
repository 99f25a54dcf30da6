"""What a plan and its trials come to."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from history.json_files import HistoryError
from reports.certificate.decide import decide, operating
from reports.certificate.outcome import ClaimOutcome
from reports.certificate.plan import Plan
from reports.certificate.standing import standing
from reports.schema import validate
from tests.reports.certificate.made import (
    BAD,
    GOOD,
    NEVER_LOST,
    OUTAGE,
    VOID,
    cell,
    claim,
    looks,
    outcomes,
    plan,
    summary,
)


def decided(of: Plan, *summaries: Any) -> Any:
    content = decide(of, outcomes(of, summaries))
    validate(content, "certificate")
    return content


def test_seventy_two_clean_trials_are_certified() -> None:
    content = decided(plan(), *[GOOD] * 72)
    assert (content["verdict"], content["decided_at"]) == ("certified", 72)
    (row,) = content["claims"]
    assert (row["verdict"], row["n"], row["failures"], row["void"]) == ("certified", 72, 0, 0)
    assert row["bound"] == pytest.approx(1 - 0.05 ** (1 / 72))
    assert row["bound_words"] == (
        "never seen in 72 trials, which does not prove never: at 95 % confidence, at most 4.08 % of such trials fail"
    )
    assert 0.049 < row["error_rate"] <= 0.05
    assert (row["worst"], row["median"]) == (1400.0, 1400.0)


def test_seventy_one_are_not_enough() -> None:
    content = decided(plan(), *[GOOD] * 71)
    assert (content["verdict"], content["decided_at"]) == ("incomplete", None)
    assert content["why"] == "not ended: 71 of at most 98 trials were run"
    assert content["claims"][0]["bound"] is None
    assert content["claims"][0]["bound_words"] == "0 of 71 trials failed; nothing is certified"


def test_one_bad_trial_at_ten_goes_on_to_ninety_eight_and_is_certified() -> None:
    trials = [GOOD] * 9 + [BAD] + [GOOD] * 62
    assert standing(plan(), outcomes(plan(), trials)).ended is None, "at 72"
    content = decided(plan(), *trials, *[GOOD] * 26)
    assert (content["verdict"], content["decided_at"]) == ("certified", 98)
    (row,) = content["claims"]
    assert (row["n"], row["failures"]) == (98, 1)
    assert 0.0408 < row["bound"] <= 0.05
    assert row["failed"] == [
        {"number": 10, "folder": "../../primary-kill/run-10.1", "measured": 31_000.0, "why": "31 s: it was a pass"}
    ]
    assert row["worst"] == 31_000.0


def test_two_bad_trials_are_refused_at_the_second() -> None:
    content = decided(plan(), GOOD, BAD, GOOD, BAD)
    assert (content["verdict"], content["decided_at"]) == ("refused", 4)
    assert content["claims"][0]["verdict"] == "refused"
    assert content["why"].startswith("refused after 4 trials, by trial 4: longest time without an acknowledged write")
    with pytest.raises(HistoryError, match="trial 5, attempt 1: the plan had ended before it: refused after 4 trials"):
        decided(plan(), GOOD, BAD, GOOD, BAD, GOOD)


def test_lost_money_refuses_a_claim_of_never_at_once_and_is_named() -> None:
    gone = summary(lost=57, verdict="fail") | {"why": "57 acknowledged transfers (1,234.00) are lost"}
    content = decided(plan(OUTAGE, NEVER_LOST), GOOD, gone)
    assert (content["verdict"], content["decided_at"]) == ("refused", 2)
    assert [row["verdict"] for row in content["claims"]] == ["incomplete", "refused"]
    assert content["why"].endswith("57 acknowledged transfers (1,234.00) are lost")
    assert content["claims"][1]["failed"][0]["measured"] == 57
    assert content["claims"][1]["failed"][0]["why"] == "57: 57 acknowledged transfers (1,234.00) are lost"


def test_claims_on_the_same_trials_are_certified_together_or_not_at_all() -> None:
    claims = plan(OUTAGE, claim("lost", 0.0))
    content = decided(claims, BAD, summary(lost=1), *[GOOD] * 96)
    assert (content["verdict"], content["decided_at"]) == ("certified", 98), "one failure each is allowed there"
    assert [row["failures"] for row in content["claims"]] == [1, 1]
    refused = decided(claims, BAD, summary(lost=1), summary(lost=1))
    assert [row["verdict"] for row in refused["claims"]] == ["incomplete", "refused"]


def test_never_seen_is_told_as_a_bound_over_all_trials() -> None:
    content = decided(plan(OUTAGE, NEVER_LOST), BAD, *[GOOD] * 97)
    outage, never = content["claims"]
    assert never["bound"] == pytest.approx(1 - 0.05 ** (1 / 98))
    assert never["bound_words"].startswith("never seen in 98 trials, which does not prove never: at 95 % confidence")
    assert never["error_rate"] is None
    assert outage["bound"] > never["bound"]


def test_void_trials_are_counted_and_do_not_count() -> None:
    content = decided(plan(), VOID, GOOD, None, *[GOOD] * 71)
    assert (content["verdict"], content["decided_at"]) == ("certified", 72)
    assert content["trials"] == {
        "counted": 72, "attempts": 74, "void": 1, "broken": 0, "cut": 1, "voids_at_most": 3, "at_most": 98
    }  # fmt: skip
    assert content["claims"][0]["void"] == 2
    assert content["cells"][0]["void"] == 2


def test_more_void_trials_than_the_plan_allows_are_incomplete_however_good_the_others_are() -> None:
    content = decided(plan(), *[GOOD] * 71, VOID, VOID, None, VOID)
    assert (content["verdict"], content["decided_at"]) == ("incomplete", None)
    assert content["why"].startswith("4 trials showed nothing (void, broken or cut off), and at most 3 may")
    with pytest.raises(HistoryError, match="the plan had ended before it: incomplete"):
        decided(plan(), VOID, VOID, None, VOID, *[GOOD] * 72)


def test_a_number_that_a_trial_does_not_show_is_a_failure() -> None:
    content = decided(plan(), summary(None), summary(None))
    assert content["verdict"] == "refused"
    assert content["claims"][0]["unknown"] == 2
    assert content["claims"][0]["failed"][0]["why"] == "not known: it was a pass"


def test_each_system_is_shown_with_its_own_trials() -> None:
    made = plan(cells=(cell("one"), cell("other")))
    content = decided(made, BAD, *[GOOD] * 97)
    assert sum(row["n"] for row in content["cells"]) == 98
    assert {row["name"]: row["failures"] for row in content["cells"]}[made.cell_of(1).name] == [1]
    assert all(row["n"] > 30 for row in content["cells"])


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda of: replace(of, seed=99), "trial 3, attempt 1: its seed is 99; the plan's is 9"),
        (lambda of: replace(of, cell="another"), "it ran another; the plan wants primary-kill: semisync / envoy"),
        (lambda of: replace(of, number=4), "trial 4, attempt 1: the plan wants trial 3, attempt 1 here"),
        (lambda of: replace(of, attempt=2), "trial 3, attempt 2: the plan wants trial 3, attempt 1 here"),
        (lambda of: replace(of, claims=of.claims[:1]), "it says something of 1 claims, not of 2"),
        (
            lambda of: replace(of, claims=(ClaimOutcome(outcome="void"), of.claims[1])),
            "it counts for some claims and not for others",
        ),
    ],
)
def test_trials_that_are_not_those_of_the_plan_are_refused(edit: Any, says: str) -> None:
    made = plan(OUTAGE, NEVER_LOST)
    done = outcomes(made, [GOOD] * 5)
    with pytest.raises(HistoryError) as refused:
        decide(made, [*done[:2], edit(done[2]), *done[3:]])
    assert says in str(refused.value)


def test_a_dropped_trial_is_noticed() -> None:
    done = outcomes(plan(), [GOOD] * 72)
    with pytest.raises(HistoryError, match="trial 31, attempt 1: the plan wants trial 30, attempt 1 here"):
        decide(plan(), [*done[:29], *done[30:]])


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (looks((59, 0), (93, 1), (124, 2)), "5 % of trials are bad in 9.26 % of cases"),
        (looks((72, 0), (98, 0)), "each look must have more trials than the one before, and allow more bad ones"),
        ((), "there is none"),
    ],
)
def test_a_plan_that_does_not_keep_its_error_rate_decides_nothing(of: Any, says: str) -> None:
    with pytest.raises(HistoryError) as refused:
        decide(plan(looks=of), [])
    assert says in str(refused.value)


@pytest.mark.slow
def test_ten_thousand_certificates_of_a_system_that_is_just_too_bad() -> None:
    """With two claims that both fail in 5 % of trials, each by itself: certified in fewer cases than 5 %."""
    made = plan(OUTAGE, claim("lost", 0.0))
    drawn = random.Random(5)
    certified = 0
    for _ in range(300):
        trials = [
            summary(31_000.0 if drawn.random() < 0.05 else 1000.0, lost=int(drawn.random() < 0.05)) for _ in range(98)
        ]
        done = outcomes(made, trials)
        at = next(end for end in range(1, 99) if standing(made, done[:end]).ended is not None)
        certified += standing(made, done[:at]).ended == "certified"
    assert certified <= 8


def test_the_operating_characteristic_says_what_the_plan_does_with_good_and_bad_systems() -> None:
    points = operating(plan())
    assert (points[0]["bad_share"], points[0]["certified"], points[0]["trials"]) == (0.0, 1.0, 72.0)
    at = {round(point["bad_share"], 4): point for point in points}
    assert at[0.05]["certified"] == pytest.approx(0.04975, abs=1e-4)
    assert all(one["certified"] > after["certified"] for one, after in pairwise(points))
    assert at[0.2]["trials"] == pytest.approx(10, abs=0.1), "two bad ones at a fifth each"


def test_of_claims_of_never_alone_the_characteristic_is_shown_around_their_bound() -> None:
    made = plan(NEVER_LOST, looks=looks((22, 0)))
    points = operating(made)
    assert points[5]["bad_share"] == pytest.approx(1 - 0.05 ** (1 / 22))
    assert points[5]["certified"] == pytest.approx(0.05)
