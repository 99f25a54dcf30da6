"""The search for a maximum, on servers whose maximum is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.capacity.objective import parse
from reports.capacity.step import Limit, Purpose, Step
from scenarios.capacity.search import Found, search
from tests.reports.capacity.made import step
from tests.scenarios.capacity.fake_server import FakeServer, carries_tps

P99_20MS = [parse("response_p99<=20ms")]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("capacity_tps", "slots", "limit_ms"),
    [(2000, 1, 20), (2000, 4, 25), pytest.param(3000, 16, 35, marks=pytest.mark.slow)],
)
def test_the_maximum_of_a_known_queue_is_found_within_three_percent(
    capacity_tps: float, slots: int, limit_ms: float, seed: int
) -> None:
    known_tps = carries_tps(capacity_tps=capacity_tps, slots=slots, quantile=0.99, limit_s=limit_ms / 1000)
    server = FakeServer(capacity_tps=capacity_tps, slots=slots, seed=seed, lasts_s=20.0)
    found = search(server, [parse(f"response_p99<={limit_ms}ms")], start_tps=capacity_tps / 2)
    assert found.outcome == "found", found.words
    assert found.max_tps == pytest.approx(known_tps, rel=0.03)
    verified(found)


@pytest.mark.slow
@pytest.mark.parametrize("fixed_times", [False, True])
@pytest.mark.parametrize("slots", [2, 8])
def test_with_a_loose_objective_the_maximum_is_what_all_slots_can_do(slots: int, fixed_times: bool) -> None:
    server = FakeServer(capacity_tps=2000, slots=slots, seed=3, fixed_times=fixed_times)
    found = search(server, [parse("response_p99<=1m")], start_tps=700)
    assert found.max_tps == pytest.approx(2000, rel=0.03)
    verified(found)


@pytest.mark.slow
@pytest.mark.parametrize("start_tps", [40, 20_000])
def test_a_first_guess_that_is_far_off_costs_steps_and_no_accuracy(start_tps: float) -> None:
    known_tps = carries_tps(capacity_tps=2000, slots=1, quantile=0.99, limit_s=0.02)
    found = search(FakeServer(capacity_tps=2000, slots=1, seed=5, lasts_s=20.0), P99_20MS, start_tps=start_tps)
    assert found.max_tps == pytest.approx(known_tps, rel=0.03)


def test_a_machine_that_differs_from_step_to_step_and_starts_cold_is_searched_all_the_same() -> None:
    known_tps = carries_tps(capacity_tps=2000, slots=4, quantile=0.99, limit_s=0.025)
    server = FakeServer(capacity_tps=2000, slots=4, seed=7, noise=0.02, cold_s=1.0)
    found = search(server, [parse("response_p99<=25ms")], start_tps=1000)
    assert found.max_tps == pytest.approx(known_tps, rel=0.1), "its slow steps weigh more, so 0.92 to 0.97 of it"
    assert {one.purpose for one in found.steps} == {"ramp", "bisect", "verify_below", "verify_above"}


@pytest.mark.slow
def test_one_search_twice_is_the_same_search() -> None:
    def once() -> list[tuple[float, Purpose]]:
        server = FakeServer(capacity_tps=1000, slots=2, seed=11)
        search(server, P99_20MS, start_tps=300)
        return server.asked

    assert once() == once()


def test_every_objective_has_to_hold() -> None:
    server = knee(holds_up_to=1000, response_p99_ms=lambda rate: 300.0 if rate > 600 else 20.0)
    found = search(server, [parse("response_p99<=250ms"), parse("success_ratio>=0.999")], start_tps=100)
    assert found.bracket is not None
    assert found.bracket.low_tps <= 600 <= found.bracket.high_tps
    verified(found)


def test_an_objective_that_no_rate_meets_has_no_maximum() -> None:
    found = search(FakeServer(capacity_tps=1000, slots=1), [parse("response_p99<=1ms")], start_tps=500)
    assert (found.outcome, found.max_tps, found.bracket, found.verify_below) == ("never", None, None, None)
    assert "no rate holds the objectives: response_p99" in found.words
    assert "at 5/s" in found.words
    assert len(found.steps) < 20


def test_where_too_many_fail_at_any_rate_there_is_no_maximum() -> None:
    server = FakeServer(capacity_tps=1000, slots=1, drops=0.05)
    found = search(server, [parse("success_ratio>=0.99")], start_tps=500)
    assert found.outcome == "never"
    assert "success_ratio 0." in found.words


def test_a_generator_that_saturates_first_is_no_maximum_and_is_said() -> None:
    server = FakeServer(capacity_tps=5000, slots=4, generator_tps=1000)
    found = search(server, P99_20MS, start_tps=400)
    assert (found.outcome, found.max_tps, found.verify_below) == ("generator", None, None)
    assert found.words.startswith("the load generator was the limit at 10")
    assert "/s, not the system: " in found.words
    assert "the system holds 9" in found.words
    assert "Raise load.workers" in found.words
    assert found.bracket is not None
    assert found.bracket.low_tps < 1000 < found.bracket.high_tps


def test_a_generator_that_can_offer_nothing_is_said() -> None:
    server = FakeServer(capacity_tps=5000, slots=4, generator_tps=2)
    found = search(server, P99_20MS, start_tps=40)
    assert found.outcome == "generator"
    assert "at least" not in found.words


@pytest.mark.slow
def test_a_generator_that_is_full_only_far_above_the_maximum_is_no_obstacle() -> None:
    server = FakeServer(capacity_tps=1000, slots=4, generator_tps=1250)
    found = search(server, [parse("response_p99<=40ms")], start_tps=2000)
    assert found.outcome == "found"
    assert any(limit.what == "generator" for one in found.steps for limit in one.limits)


def test_a_generator_that_is_named_where_the_rate_holds_is_no_obstacle() -> None:
    late = Limit(what="generator", evidence="late")
    plain = knee(holds_up_to=500)

    def measure(rate_tps: float, purpose: Purpose) -> Step:
        measured = plain(rate_tps, purpose)
        return replace(measured, limits=(late,)) if rate_tps < 300 else measured

    assert search(measure, P99_20MS, start_tps=100).outcome == "found"


def test_the_limit_is_that_of_the_rate_that_broke_closest_to_the_maximum() -> None:
    plain = knee(holds_up_to=500)

    def measure(rate_tps: float, purpose: Purpose) -> Step:
        what = Limit(what="mysqld_cpu", evidence="close") if rate_tps < 520 else Limit(what="fsync", evidence="far")
        return replace(plain(rate_tps, purpose), limits=(what,))

    limit = search(measure, P99_20MS, start_tps=400).limit
    assert limit is not None
    assert limit.what == "mysqld_cpu"


def test_a_single_stall_near_the_limit_is_outvoted() -> None:
    """One of three steps is above the limit, by a little: chance."""
    times = iter(range(100))

    def p99_ms(rate_tps: float) -> float:
        if rate_tps > 500:
            return 400.0
        return 21.0 if next(times) % 3 == 0 else 16.0

    found = search(knee(holds_up_to=math.inf, response_p99_ms=p99_ms), P99_20MS, start_tps=300)
    assert found.bracket is not None
    assert found.bracket.low_tps <= 500 <= found.bracket.high_tps


def test_a_stall_in_the_verification_is_measured_again_and_throws_nothing_away() -> None:
    """Of the two steps that verify, each is spoiled once: far too slow below, and far too fast above."""
    plain, spoiled = knee(holds_up_to=500), {"verify_below": knee(holds_up_to=0), "verify_above": knee(holds_up_to=9e9)}

    def measure(rate_tps: float, purpose: Purpose) -> Step:
        return spoiled.pop(purpose, plain)(rate_tps, purpose)

    found = search(measure, P99_20MS, start_tps=300)
    assert found.max_tps == pytest.approx(500, rel=0.02)
    assert not spoiled
    purposes = [one.purpose for one in found.steps]
    assert purposes.index("verify_below") > max(at for at, one in enumerate(purposes) if one in ("ramp", "bisect"))
    verified(found)


def test_where_the_rate_below_does_not_hold_the_search_goes_on_below() -> None:
    """The machine gets slower after the bracket was found."""
    server = slows_down(after=8, before_tps=800, after_tps=500)
    found = search(server, P99_20MS, start_tps=300)
    assert found.max_tps == pytest.approx(500, rel=0.035)
    assert [one.purpose for one in found.steps].count("verify_below") > 1
    verified(found)


def test_where_the_rate_above_holds_the_search_goes_on_above() -> None:
    server = slows_down(after=8, before_tps=500, after_tps=800)
    found = search(server, P99_20MS, start_tps=300)
    assert found.max_tps == pytest.approx(800, rel=0.035)
    verified(found)


def test_a_machine_that_never_says_the_same_has_no_maximum() -> None:
    """All that is verified breaks, all that is searched holds up to 500/s."""
    steady_one, slow = knee(holds_up_to=500), knee(holds_up_to=0)

    def measure(rate_tps: float, purpose: Purpose) -> Step:
        return (slow if purpose == "verify_below" else steady_one)(rate_tps, purpose)

    found = search(measure, P99_20MS, start_tps=300, steps_max=60)
    assert (found.outcome, found.max_tps, found.verify_below) == ("unsettled", None, None)
    assert "contradict each other" in found.words


@pytest.mark.parametrize("holds_up_to", [0.0, 333.3, math.inf])
def test_no_more_steps_are_measured_than_allowed(holds_up_to: float) -> None:
    found = search(knee(holds_up_to=holds_up_to), P99_20MS, start_tps=100, steps_max=5)
    assert len(found.steps) <= 5
    assert found.max_tps is None


def test_too_few_operations_for_the_percentile_are_told() -> None:
    found = search(knee(holds_up_to=30), P99_20MS, start_tps=20)
    assert "the objectives need 1,000 to be sure" in found.words


def knee(*, holds_up_to: float, response_p99_ms: Callable[[float], float] | None = None) -> Callable[..., Step]:
    """Fast up to a rate, and beyond it so slow that there is no doubt."""

    def measure(rate_tps: float, purpose: Purpose) -> Step:
        fast = rate_tps <= holds_up_to
        p99_ms = response_p99_ms(rate_tps) if response_p99_ms else (5.0 if fast else 900.0)
        return step(purpose=purpose, offered_tps=rate_tps, response_p99_ms=p99_ms)

    return measure


def slows_down(*, after: int, before_tps: float, after_tps: float) -> Callable[..., Step]:
    """after: so many steps."""
    measured = 0

    def measure(rate_tps: float, purpose: Purpose) -> Step:
        nonlocal measured
        measured += 1
        return knee(holds_up_to=before_tps if measured <= after else after_tps)(rate_tps, purpose)

    return measure


def verified(found: Found) -> None:
    assert found.max_tps is not None
    assert found.bracket is not None
    assert found.bracket.low_tps == found.max_tps
    assert found.bracket.width <= 0.05
    assert found.verify_below is not None
    assert found.verify_above is not None
    assert found.verify_below.offered_tps == pytest.approx(0.95 * found.max_tps)
    assert found.verify_above.offered_tps == pytest.approx(1.15 * found.max_tps)
    assert "verified" in found.words
