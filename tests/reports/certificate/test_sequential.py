"""Plans keep their error rate: against numbers worked out elsewhere, by counting every path, and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import beta, binom

from reports.certificate.sequential import (
    Look,
    Tally,
    TooLongError,
    bad_share_at_most,
    decision,
    default_looks,
    error_rate,
    keeps,
    longest,
    never_seen_bound,
    next_look,
    prospect,
)


def plan(*looks: tuple[int, int]) -> tuple[Look, ...]:
    return tuple(Look(trials=trials, failures=failures) for trials, failures in looks)


TWO = plan((72, 0), (98, 1))
THREE = plan((76, 0), (104, 1), (141, 2))


def test_fifty_nine_trials_without_a_bad_one_are_a_plan_of_one_look() -> None:
    assert error_rate(plan((59, 0)), 0.95) == pytest.approx(0.95**59)
    assert keeps(plan((59, 0)), share=0.95, confidence=0.95)
    assert not keeps(plan((58, 0)), share=0.95, confidence=0.95)


def test_looking_on_after_a_failure_certifies_a_bad_system_too_often() -> None:
    onwards = plan((59, 0), (93, 1), (124, 2))
    assert error_rate(onwards, 0.95) == pytest.approx(0.093, abs=0.0005)
    assert not keeps(onwards, share=0.95, confidence=0.95)


@pytest.mark.parametrize("looks", [TWO, THREE])
def test_more_trials_before_each_look_keep_the_error_rate(looks: tuple[Look, ...]) -> None:
    assert 0.049 < error_rate(looks, 0.95) <= 0.05
    assert keeps(looks, share=0.95, confidence=0.95)


def test_a_plan_of_one_look_is_a_binomial_test() -> None:
    for trials, failures, bad in itertools.product((5, 93, 124), (0, 1, 2), (0.01, 0.05, 0.3)):
        assert prospect(plan((trials, failures)), bad).certified == pytest.approx(binom.cdf(failures, trials, bad))


@pytest.mark.parametrize("looks", [plan((4, 0), (6, 1), (9, 3)), plan((2, 0)), plan((3, 1), (8, 2))])
def test_every_path_counted_one_by_one_gives_the_same_chances_and_length(looks: tuple[Look, ...]) -> None:
    bad = 0.3
    certified = length = 0.0
    for path in itertools.product((0, 1), repeat=looks[-1].trials):
        chance = math.prod(bad if trial else 1 - bad for trial in path)
        for trials in range(1, len(path) + 1):
            said = decision(trials, [Tally(sum(path[:trials]), looks)])
            if said is not None:
                length += chance * trials
                certified += chance * (said == "certified")
                break
        else:
            pytest.fail("a plan ends with its last look")
    assert prospect(looks, bad) == pytest.approx((certified, length))


def test_the_default_of_one_two_and_three_looks() -> None:
    assert default_looks(share=0.95, confidence=0.95, number=1) == plan((59, 0))
    assert default_looks(share=0.95, confidence=0.95, number=2) == TWO
    assert default_looks(share=0.9, confidence=0.9, number=1) == plan((22, 0))
    assert default_looks(share=0.9, confidence=0.9, number=2) == plan((29, 0), (40, 1))


@pytest.mark.parametrize("share", [0.5, 0.6, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_any_default_keeps_its_error_rate_and_with_one_trial_less_does_not(
    share: float, confidence: float, number: int
) -> None:
    looks = default_looks(share=share, confidence=confidence, number=number)
    assert [look.failures for look in looks] == list(range(number))
    assert all(before.trials < after.trials for before, after in itertools.pairwise(looks))
    assert keeps(looks, share=share, confidence=confidence)
    shorter = (*looks[:-1], Look(trials=looks[-1].trials - 1, failures=number - 1))
    if shorter[-1].trials > (looks[-2].trials if number > 1 else 0):
        assert not keeps(shorter, share=share, confidence=confidence)


def test_a_share_that_no_plan_of_ten_thousand_trials_can_show_is_refused() -> None:
    with pytest.raises(TooLongError, match="2 looks take more than 10,000 trials"):
        default_looks(share=0.9999, confidence=0.95, number=2)


def test_of_several_claims_the_longest_looks_keep_the_error_rate_of_each() -> None:
    strict = default_looks(share=0.95, confidence=0.8, number=3)
    sure = default_looks(share=0.8, confidence=0.99999, number=3)
    looks = longest([strict, sure])
    assert looks not in (strict, sure), "neither alone would do"
    assert keeps(looks, share=0.95, confidence=0.8)
    assert keeps(looks, share=0.8, confidence=0.99999)


@pytest.mark.slow
def test_ten_thousand_plans_at_exactly_five_percent_bad_certify_at_most_five_and_a_half_percent() -> None:
    random = np.random.default_rng(13)
    certified = 0
    for _ in range(10_000):
        bad = random.random(98) < 0.05
        for trials, failures in enumerate(np.cumsum(bad), start=1):
            said = decision(trials, [Tally(int(failures), TWO)])
            if said is not None:
                certified += said == "certified"
                break
    assert 400 <= certified <= 550, "5 % of 10,000"


def test_a_good_system_is_certified_and_a_bad_one_is_refused_early() -> None:
    assert prospect(TWO, 0.0) == pytest.approx((1.0, 72))
    assert prospect(TWO, 0.001).certified > 0.99
    refused = prospect(TWO, 0.5)
    assert refused.certified < 1e-12
    assert refused.trials == pytest.approx(4), "two bad ones at a half each"


def test_the_plan_says_when_it_can_be_certified_and_when_no_more() -> None:
    assert next_look(0, [Tally(0, TWO)]) == 72
    assert next_look(10, [Tally(1, TWO)]) == 98
    assert next_look(72, [Tally(0, TWO)]) == 98, "that look is over"
    assert next_look(10, [Tally(2, TWO)]) is None
    assert decision(10, [Tally(1, TWO)]) is None
    assert decision(10, [Tally(2, TWO)]) == "refused"
    assert decision(72, [Tally(0, TWO)]) == "certified"
    assert decision(72, [Tally(1, TWO)]) is None
    assert decision(98, [Tally(1, TWO)]) == "certified"


def test_claims_on_the_same_trials_are_certified_together_at_one_look() -> None:
    never = plan((72, 0), (98, 0))
    assert decision(72, [Tally(1, TWO), Tally(0, never)]) is None
    assert decision(98, [Tally(1, TWO), Tally(0, never)]) == "certified"
    assert decision(3, [Tally(0, TWO), Tally(1, never)]) == "refused"
    assert next_look(3, [Tally(1, TWO), Tally(0, never)]) == 98


def test_a_bound_after_one_look_is_clopper_and_pearson_s() -> None:
    for trials, failures in ((59, 0), (93, 1), (30, 3)):
        looks = plan((trials, failures))
        bound = bad_share_at_most(looks, at=looks[0], failures=failures, confidence=0.95)
        assert bound == pytest.approx(beta.ppf(0.95, failures + 1, trials - failures))


@pytest.mark.parametrize("looks", [TWO, THREE])
def test_whatever_is_certified_has_a_bound_within_the_claim(looks: tuple[Look, ...]) -> None:
    bounds = [
        bad_share_at_most(looks, at=look, failures=failures, confidence=0.95)
        for look in looks
        for failures in range(look.failures + 1)
    ]
    assert all(0 < bound <= 0.05 for bound in bounds)
    assert max(bounds) == bounds[-1], "the last look with all it allows is the worst of them"


@pytest.mark.slow
@pytest.mark.parametrize("bad", [0.02, 0.035, 0.045, 0.05, 0.06])
def test_bounds_are_wrong_no_more_often_than_promised_also_where_another_claim_went_on(bad: float) -> None:
    """The chance that a bound is below the true share, by simulation with a second claim in the way."""
    random = np.random.default_rng(7)
    looks = plan((29, 0), (40, 1))
    of = {
        (look.trials, failures): bad_share_at_most(looks, at=look, failures=failures, confidence=0.9)
        for look in looks
        for failures in range(look.failures + 1)
    }
    wrong = runs = 0
    for _ in range(20_000):
        runs += 1
        first = np.cumsum(random.random(40) < bad)
        second = np.cumsum(random.random(40) < 0.02)
        for look in looks:
            if max(first[look.trials - 1], second[look.trials - 1]) <= look.failures:
                wrong += of[look.trials, int(first[look.trials - 1])] < bad
                break
    assert wrong / runs <= 0.1 + 0.007, "three standard deviations"


def test_never_seen_is_told_as_a_bound_that_shrinks_with_the_trials() -> None:
    assert never_seen_bound(59, confidence=0.95) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert never_seen_bound(300, confidence=0.95) == pytest.approx(3 / 300, rel=0.01), "the rule of three"
    assert never_seen_bound(10, confidence=0.9) > never_seen_bound(11, confidence=0.9) > 0
