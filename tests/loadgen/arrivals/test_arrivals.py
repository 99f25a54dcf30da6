"""Arrivals: the right distribution under any curve, the seed's alone, and another for every worker."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from itertools import pairwise

import pytest

from loadgen.arrivals.arrivals import NS, intended_offsets_ns
from loadgen.arrivals.curve import Curve, Piece

FLAT = Curve([(60.0, 200.0, 200.0)])
#: Curves of each kind that a scenario may ask for, about 6,000 arrivals each.
CURVES: dict[str, list[Piece]] = {
    "flat": [(30, 200, 200)],
    "steps": [(10, 50, 50), (10, 300, 300), (10, 250, 250)],
    "ramp": [(30, 0, 400)],
    "falling": [(30, 400, 0)],
    "burst": [(4, 100, 100), (1, 900, 900)] * 5,
    "with a pause": [(10, 300, 300), (5, 0, 0), (10, 300, 300)],
    "day": [(6, 20, 200), (6, 200, 500), (6, 500, 300), (6, 300, 20)],
}


def offsets(
    curve: Curve = FLAT, *, model: str = "poisson", seed: int = 7, worker: int = 0, workers: int = 1
) -> list[int]:
    return list(intended_offsets_ns(model=model, curve=curve, seed=seed, worker=worker, workers=workers))


def of_all(curve: Curve, *, workers: int, model: str = "poisson", seed: int = 7) -> list[int]:
    """The arrivals of all workers together, which share the rate."""
    share = curve.scaled(1 / workers)
    shares = (offsets(share, model=model, seed=seed, worker=worker, workers=workers) for worker in range(workers))
    return sorted(itertools.chain.from_iterable(shares))


def cumulative(pieces: Sequence[Piece], at_s: float) -> float:
    """The integral of the rate up to at_s, by the trapezoid rule on its own terms."""
    passed = begin_s = 0.0
    for duration_s, first, last in pieces:
        inside_s = min(max(at_s - begin_s, 0.0), duration_s)
        passed += inside_s * (first + (first + (last - first) * inside_s / duration_s)) / 2
        begin_s += duration_s
    return passed


def distance(sample: Sequence[float]) -> float:
    """Kolmogorov-Smirnov distance of a sample of [0, 1] from the uniform distribution."""
    n = len(sample)
    return max(max(rank / n - x, x - (rank - 1) / n) for rank, x in enumerate(sorted(sample), start=1))


def limit(n: int) -> float:
    """Of that distance at alpha 0.1 % (Massey 1951). The seeds are fixed, so a test that passes always does."""
    return 1.95 / math.sqrt(n)


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("seed", range(3))
def test_rescaled_gaps_are_exponential_whatever_the_curve(kind: str, seed: int) -> None:
    """Time rescaling: measured in expected arrivals, the gaps are those of a Poisson process of rate 1."""
    marks = [0.0, *(cumulative(CURVES[kind], at_ns / NS) for at_ns in offsets(Curve(CURVES[kind]), seed=seed))]
    gaps = [1 - math.exp(earlier - later) for earlier, later in pairwise(marks)]
    assert distance(gaps) < limit(len(gaps))


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("seed", range(3))
def test_arrivals_lie_where_the_rate_is(kind: str, seed: int) -> None:
    """Given their number, rescaled arrivals are uniform; and that number varies as a Poisson's does."""
    total = cumulative(CURVES[kind], math.inf)
    places = [cumulative(CURVES[kind], at_ns / NS) / total for at_ns in offsets(Curve(CURVES[kind]), seed=seed)]
    assert distance(places) < limit(len(places))
    assert len(places) == pytest.approx(total, abs=4 * math.sqrt(total))


def test_the_test_would_notice_the_wrong_curve() -> None:
    times = offsets(Curve(CURVES["flat"]))
    for kind in ("steps", "ramp", "burst"):
        total = cumulative(CURVES[kind], math.inf)
        places = [cumulative(CURVES[kind], at_ns / NS) / total for at_ns in times]
        assert distance(places) > limit(len(places))


@pytest.mark.parametrize("seed", range(5))
def test_poisson_counts_vary_as_much_as_their_mean(seed: int) -> None:
    counts = [0] * 600
    for at_ns in offsets(seed=seed):
        counts[at_ns * 10 // NS] += 1
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    # Four standard errors: of the mean, sqrt(20 / 600); of the index of dispersion, sqrt(2 / 599).
    assert mean == pytest.approx(20, abs=4 * math.sqrt(20 / 600))
    assert variance / mean == pytest.approx(1, abs=4 * math.sqrt(2 / 599))


def test_constant_is_evenly_spaced_without_drift() -> None:
    times = offsets(Curve([(10, 300, 300)]), model="constant")
    assert len(times) == 3000
    assert times[:2] == [0, NS // 300]
    assert times[-1] == pytest.approx(10 * NS - NS / 300, abs=1)


@pytest.mark.parametrize("kind", CURVES)
def test_constant_comes_once_for_each_expected_arrival(kind: str) -> None:
    times = offsets(Curve(CURVES[kind]), model="constant")
    assert len(times) == math.ceil(cumulative(CURVES[kind], math.inf))
    for number, at_ns in enumerate(times):
        assert cumulative(CURVES[kind], at_ns / NS) == pytest.approx(number, abs=1e-5)


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("model", ["poisson", "constant"])
def test_offsets_ascend_within_the_duration(kind: str, model: str) -> None:
    curve = Curve(CURVES[kind])
    times = offsets(curve, model=model)
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] < curve.duration_s * NS


def test_a_curve_says_when_marks_are_reached() -> None:
    curve = Curve([(10, 0, 2), (5, 0, 0), (10, 1, 1)])
    assert (curve.total, curve.duration_s) == (20, 25)
    assert list(curve.reached([0, 2.5, 10, 15, 19, 20, 21])) == pytest.approx([0, 5, 15, 20, 24])
    assert curve.scaled(2).total == 40
    assert list(curve.scaled(0.5).reached(itertools.count())) == pytest.approx(
        [math.sqrt(10 * mark * 2) for mark in range(5)] + [15 + 2 * mark for mark in range(5)]
    )


def test_the_seed_decides_and_workers_differ() -> None:
    assert offsets() == offsets()
    assert offsets() != offsets(seed=8)
    assert not set(offsets()) & set(offsets(worker=1))


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no arrival model 'closed'"):
        offsets(model="closed")


def rescaled(kind: str, times: Sequence[int]) -> list[float]:
    """Gaps in expected arrivals, brought to [0, 1] by the exponential distribution they should have."""
    marks = [0.0, *(cumulative(CURVES[kind], at_ns / NS) for at_ns in times)]
    return [1 - math.exp(earlier - later) for earlier, later in pairwise(marks)]


@pytest.mark.parametrize("workers", [2, 3, 8])
@pytest.mark.parametrize("kind", ["flat", "ramp", "burst"])
def test_the_poisson_streams_of_several_workers_add_up_to_one(kind: str, workers: int) -> None:
    gaps = rescaled(kind, of_all(Curve(CURVES[kind]), workers=workers))
    assert distance(gaps) < limit(len(gaps))


def test_streams_of_one_seed_would_not_pass_for_one() -> None:
    """What the test above guards against: workers that draw the same arrivals come in pairs."""
    gaps = rescaled("flat", sorted(2 * offsets(Curve(CURVES["flat"]).scaled(0.5))))
    assert distance(gaps) > limit(len(gaps))


@pytest.mark.parametrize("workers", [2, 3, 8])
@pytest.mark.parametrize("kind", ["flat", "ramp"])
def test_the_constant_shares_of_several_workers_interleave(kind: str, workers: int) -> None:
    curve = Curve(CURVES[kind])
    assert of_all(curve, model="constant", workers=workers) == pytest.approx(offsets(curve, model="constant"), abs=10)
