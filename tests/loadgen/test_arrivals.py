"""Arrivals: the right distribution, the seed's alone, and another for every worker."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from loadgen.arrivals import NS, intended_offsets_ns


def offsets(*, model: str = "poisson", rate: float = 200, duration_s: float = 60, seed: int = 7, worker: int = 0):  # type: ignore[no-untyped-def]
    return list(intended_offsets_ns(model=model, rate=rate, duration_s=duration_s, seed=seed, worker=worker))


@pytest.mark.parametrize("seed", range(5))
def test_poisson_gaps_are_exponential(seed: int) -> None:
    """Kolmogorov-Smirnov against 1 - exp(-rate t), alpha 0.1 % (Massey 1951: D = 1.95 / sqrt n)."""
    gaps = sorted((later - earlier) / NS for earlier, later in pairwise([0, *offsets(seed=seed)]))
    n = len(gaps)
    distances = (
        max(rank / n - cdf, cdf - (rank - 1) / n)
        for rank, cdf in enumerate((1 - math.exp(-200 * gap) for gap in gaps), start=1)
    )
    assert max(distances) < 1.95 / math.sqrt(n)


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
    times = offsets(model="constant", rate=300, duration_s=10)
    assert len(times) == 3000
    assert times[:2] == [0, NS // 300]
    assert times[-1] == pytest.approx(10 * NS - NS / 300, abs=1)


@pytest.mark.parametrize("model", ["poisson", "constant"])
def test_offsets_ascend_within_the_duration(model: str) -> None:
    times = offsets(model=model, duration_s=2)
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] < 2 * NS


def test_the_seed_decides_and_workers_differ() -> None:
    assert offsets() == offsets()
    assert offsets() != offsets(seed=8)
    assert not set(offsets()) & set(offsets(worker=1))


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no arrival model 'closed'"):
        offsets(model="closed")
