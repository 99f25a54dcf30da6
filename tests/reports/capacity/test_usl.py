"""The scalability law: found again where points follow it, and not claimed where they do not."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from reports.capacity.usl import Bounds, Floats, NoFit, Usl, fit

SEEDS = range(10)
#: How many are in flight in the closed loops of a capacity run.
CLOSED_LOOPS = np.array([1.0, 2, 3, 6, 10, 18, 32])


def law(concurrency: Floats, *, rate: float, sigma: float, kappa: float) -> Floats:
    points: Floats = rate * concurrency / (1 + sigma * (concurrency - 1) + kappa * concurrency * (concurrency - 1))
    return points


def noisy(points: Floats, seed: int) -> Floats:
    varied: Floats = points * (1 + 0.02 * np.random.default_rng(seed).standard_normal(len(points)))
    return varied


def fitted(concurrency: Floats, throughput: Floats) -> Usl:
    found = fit(concurrency.tolist(), throughput.tolist())
    assert isinstance(found, Usl), found
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "sigma", "kappa", "highest"), [(400, 0.05, 0.0005, 100), (1000, 0.02, 0.0002, 150), (250, 0.1, 0.002, 60)]
)
def test_parameters_are_recovered_within_5_percent_from_points_with_2_percent_noise(
    rate: float, sigma: float, kappa: float, highest: float
) -> None:
    concurrency = np.geomspace(1, highest, 400)
    for seed in SEEDS:
        found = fitted(concurrency, noisy(law(concurrency, rate=rate, sigma=sigma, kappa=kappa), seed))
        assert found.lambda_tps == pytest.approx(rate, rel=0.05)
        assert found.sigma == pytest.approx(sigma, rel=0.05)
        assert found.kappa == pytest.approx(kappa, rel=0.05)
        assert found.n_star == pytest.approx(math.sqrt((1 - sigma) / kappa), rel=0.05)


@pytest.mark.slow
def test_of_few_points_the_bands_hold_the_true_parameters() -> None:
    concurrency = np.geomspace(1, 100, 12)
    held = {"sigma": 0, "kappa": 0, "lambda": 0}
    for seed in range(20):
        found = fitted(concurrency, noisy(law(concurrency, rate=400, sigma=0.05, kappa=0.0005), seed))
        held["lambda"] += within(400, found.lambda_bounds.low, found.lambda_bounds.high)
        held["sigma"] += within(0.05, found.sigma_bounds.low, found.sigma_bounds.high)
        held["kappa"] += within(0.0005, found.kappa_bounds.low, found.kappa_bounds.high)
    assert min(held.values()) >= 16  # of 20, nominally 19


def within(value: float, low: float | None, high: float | None) -> bool:
    assert low is not None
    assert high is not None
    return low <= value <= high


def test_exact_points_give_their_parameters_and_nothing_left_over() -> None:
    concurrency = np.array([0.4, 1, 2, 4, 9, 17, 31])
    found = fitted(concurrency, law(concurrency, rate=150, sigma=0.06, kappa=0.002))
    assert (found.lambda_tps, found.sigma, found.kappa) == pytest.approx((150, 0.06, 0.002), rel=1e-6)
    assert found.residuals_tps == pytest.approx([0] * 7, abs=1e-6)
    assert found.r2 == pytest.approx(1)


@pytest.mark.slow
def test_of_a_straight_line_kappas_band_holds_0_and_no_peak_is_claimed() -> None:
    concurrency = np.geomspace(1, 64, 12)
    for seed in SEEDS:
        found = fitted(concurrency, noisy(300 * concurrency, seed))
        assert found.kappa_bounds.low == 0
        assert found.n_star_bounds.high is None
    exact = fitted(concurrency, 300 * concurrency)
    assert (exact.sigma, exact.kappa) == pytest.approx((0, 0), abs=1e-9)
    assert exact.n_star is None


def test_a_peak_beyond_the_last_point_is_not_given() -> None:
    concurrency = np.geomspace(1, 20, 12)
    found = fitted(concurrency, law(concurrency, rate=400, sigma=0.05, kappa=0.0005))  # its peak is at 43.6
    assert found.n_star is None
    assert max(found.curve.concurrency) == pytest.approx(20)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.01, 0.03, 0.05])
@pytest.mark.parametrize(
    "level",
    [lambda n: np.minimum(100 * n, 600), lambda n: 600 * (1 - np.exp(-n / 6))],
    ids=["a plain ceiling", "levels off"],
)
def test_points_that_only_level_off_have_no_peak(level: Callable[[Floats], Floats], noise: float) -> None:
    claimed = 0
    for seed in range(40):
        drawn = np.random.default_rng(seed).standard_normal(len(CLOSED_LOOPS))
        found = fit(CLOSED_LOOPS.tolist(), (level(CLOSED_LOOPS) * (1 + noise * drawn)).tolist())
        claimed += isinstance(found, Usl) and found.n_star is not None
    assert claimed <= 2  # of 40


def test_a_peak_that_is_not_claimed_has_no_bounds() -> None:
    found = fitted(CLOSED_LOOPS, np.array([100.0, 180, 240, 300, 310, 312, 311]))
    assert found.n_star is None
    assert found.n_star_bounds == Bounds(low=None, high=None)


@pytest.mark.slow
def test_a_fall_of_a_few_points_that_noise_does_not_explain_is_a_peak() -> None:
    falling = law(
        CLOSED_LOOPS, rate=150, sigma=0.06, kappa=0.006
    )  # its peak is at 12.5, the last point a quarter lower
    claimed = 0
    for seed in range(40):
        drawn = np.random.default_rng(seed).standard_normal(len(CLOSED_LOOPS))
        found = fitted(CLOSED_LOOPS, falling * (1 + 0.01 * drawn))
        claimed += found.n_star is not None
    assert claimed >= 38  # of 40


@pytest.mark.parametrize(
    ("points", "why"),
    [
        (lambda n, random: random.uniform(100, 1000, len(n)), ""),
        (lambda n, random: noisy(1000 / np.sqrt(n), int(random.integers(100))), "only falls"),
        (lambda n, random: noisy(1000 / n, int(random.integers(100))), "only falls"),
        (lambda n, random: noisy(np.full(len(n), 500.0), int(random.integers(100))), "nearly the same"),
        (lambda n, _: np.where(n < 8, 100.0, 900.0), "explains"),
        (lambda n, _: 90 * n / (1 + 0.05 * n) * (1 + 0.07 * np.sin(np.arange(len(n)))), "rises and falls"),
    ],
    ids=["random", "falls slowly", "falls fast", "constant", "a jump", "a wave"],
)
def test_nonsense_gives_no_fit_and_a_reason(points: Callable[[Floats, np.random.Generator], Floats], why: str) -> None:
    concurrency = np.geomspace(1, 64, 24)
    for seed in SEEDS:
        found = fit(concurrency.tolist(), points(concurrency, np.random.default_rng(seed)).tolist())
        assert isinstance(found, NoFit), found
        assert why in found.why
        assert found.why


@pytest.mark.parametrize(
    ("concurrency", "throughput", "why"),
    [
        ([], [], "0 concurrencies"),
        ([1, 2, 3, 4, 5], [10, 19, 28, 36, 44], "at least 6"),
        ([1, 1, 1, 2, 2, 2], [10, 10, 11, 19, 20, 19], "2 concurrencies"),
        ([1, 2, 3, 4, 5, 0], [10, 19, 28, 36, 44, 5], "not above zero"),
        ([1, 2, 3, 4, 5, 6], [10, 19, 28, 36, 44, -5], "not above zero"),
        ([1, 2, 3, 4, 5, 6], [10, 19, 28, 36, 44, math.nan], "not above zero"),
    ],
)
def test_too_little_or_impossible_points_give_no_fit(
    concurrency: list[float], throughput: list[float], why: str
) -> None:
    found = fit(concurrency, throughput)
    assert isinstance(found, NoFit)
    assert why in found.why


def test_the_same_points_give_the_same_bands_in_any_order() -> None:
    concurrency = np.geomspace(1, 100, 12)
    throughput = noisy(law(concurrency, rate=400, sigma=0.05, kappa=0.0005), 3)
    assert fit(concurrency.tolist(), throughput.tolist()) == fit(concurrency[::-1].tolist(), throughput[::-1].tolist())


def test_points_without_a_partner_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="2 concurrencies, but 1 throughputs"):
        fit([1.0, 2.0], [1.0])
