"""A knee is where the steps show a peak of power, and nowhere in noise."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from reports.capacity.content import StepRow
from reports.capacity.knee import knee
from tests.reports.capacity.contents import step_row

#: Of a server with 16 slots that takes 4 ms each: flat for long, steep at its end.
RATES = (800, 1500, 2200, 2600, 3000, 3300, 3500, 3700, 3800, 3900)


def steps(points: Iterable[tuple[float, float]]) -> list[StepRow]:
    """points: (operations a second, p50 in ms)."""
    return [
        step_row(4.0, achieved_tps=tps, response_ms={"p50": p50_ms, "p95": None, "p99": None, "p999": None})
        for tps, p50_ms in points
    ]


def flat_then_steep_ms(tps: float) -> float:
    return 4 + 0.1 / (1 - tps / 4000)


def noisy(
    curve: Callable[[float], float], *, seed: int, spread: float, rates: Iterable[float] = RATES
) -> list[StepRow]:
    chance = random.Random(seed)
    return steps((rate, curve(rate) * chance.lognormvariate(0, spread)) for rate in rates)


@pytest.mark.parametrize("seed", range(20))
def test_where_latency_is_flat_and_then_steep_the_knee_is_before_the_steep_part(seed: int) -> None:
    found = knee(noisy(flat_then_steep_ms, seed=seed, spread=0.03))
    assert found is not None
    assert 3000 <= found["achieved_tps"] <= 3800


def test_the_middle_of_three_steps_that_differ_by_noise_is_none() -> None:
    assert knee(steps([(299, 5.0), (300, 4.9), (301, 5.0)])) is None


@pytest.mark.parametrize(
    "curve", [lambda _: 5.0, lambda tps: tps / 800], ids=["latency that stays", "latency that grows with the rate"]
)
def test_noise_on_a_curve_without_a_peak_is_hardly_ever_one(curve: Callable[[float], float]) -> None:
    found = [knee(noisy(curve, seed=seed, spread=0.1)) for seed in range(200)]
    assert sum(step is not None for step in found) <= 0.03 * len(found)


def test_steps_of_nearly_one_rate_have_none_however_they_differ() -> None:
    near = [(500, 5.0), (700, 5.0), (750, 5.0), (800, 5.2), (900, 30.0)]
    assert knee(steps(near)) is None
    assert knee(steps([*near, (1000, 90.0)])) is not None


def test_a_single_fast_step_among_slow_ones_is_none() -> None:
    points = [(rate, 20.0) for rate in RATES]
    points[5] = (points[5][0], 4.0)
    points[-1] = (points[-1][0], 300.0)
    assert knee(steps([(points[0][0], 5.0), *points[1:]])) is None


def test_where_less_load_was_slower_the_machine_varied_and_there_is_none() -> None:
    """Measured on two cores: the first steps of a search were slow for another reason."""
    points = [(155, 15.2), (173, 12.2), (186, 6.9), (191, 7.2), (198, 8.4), (207, 13.0), (309, 21.5), (438, 45.1)]
    assert knee(steps(points)) is None


def test_a_curve_that_rises_to_its_end_has_none() -> None:
    assert knee(steps((rate, flat_then_steep_ms(rate)) for rate in RATES[:6])) is None


def test_steps_that_were_unstable_do_not_count() -> None:
    sound = steps((rate, flat_then_steep_ms(rate)) for rate in RATES)
    at = knee(sound)
    assert at is not None
    for step in sound[1:]:
        step["stable"] = False
    assert knee(sound) is None
