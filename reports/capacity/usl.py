"""The Universal Scalability Law fitted to measured points, with bands, or the reason why it is not. Pure.

Gunther (Guerrilla Capacity Planning, 2007, chapters 4 and 5): throughput at a concurrency N is

    X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))

lambda is the throughput at N = 1, sigma the share of work that waits its turn (contention), kappa the cost of keeping
each with each other in step (coherency). Where kappa is above 0, X has a peak at N* = sqrt((1 - sigma) / kappa).

The fit is linear in disguise: N / X = 1/lambda + sigma/lambda (N - 1) + kappa/lambda N (N - 1). With every point
weighted by X / N, so that relative errors count, that is a least-squares problem with non-negative unknowns, which has
one solution and needs no start values (Lawson and Hanson's NNLS). sigma of 1 or more is no law of this kind: see below.
Bands are a residual bootstrap: the law plus relative residuals drawn anew, scaled by sqrt(n / (n - 3)) for the three
parameters they were freed of, fitted again; percentiles of these (Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, chapters 9 and 13). The drawing is seeded: the same points give the same bands.

Nothing is said of a concurrency that was not measured, and the law bends down after points that only level off, too: so
a peak is claimed only where the points beyond it fell below the best one, see `_fell`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]

#: Fewer concurrencies than that leave three parameters nearly free to pass through every point.
LEAST_POINTS = 6
#: A law that explains less of the variance explains too little.
LEAST_R2 = 0.9
#: Throughput that varies less than that from its lowest to its highest says nothing of scaling.
LEAST_SPREAD = 1.1
CONFIDENCE = 0.95
_RESAMPLES = 1000
_PERMUTATIONS = 2000
#: Of residuals in order. Smaller ones (root mean square, of the throughput) are within what any step varies.
_STRUCTURED_P = 0.01
_SMALL_RESIDUAL = 0.03
#: Probability of taking chance for a fall of throughput.
_FALL_ERROR = 0.05
_GRID = 60


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """95 %. None (only of n_star): beyond the highest concurrency measured, or both where no peak is claimed."""

    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The law and its 95 % band at concurrencies from the lowest to the highest measured; throughput a second."""

    concurrency: tuple[float, ...]
    fitted_tps: tuple[float, ...]
    low_tps: tuple[float, ...]
    high_tps: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Usl:
    """lambda_tps: operations a second at a concurrency of one. n_star: None, and its bounds both, where no fall of
    throughput was measured beyond a peak. residuals_tps: measured less fitted, by concurrency ascending. r2: share of
    variance."""

    lambda_tps: float
    sigma: float
    kappa: float
    n_star: float | None
    lambda_bounds: Bounds
    sigma_bounds: Bounds
    kappa_bounds: Bounds
    n_star_bounds: Bounds
    r2: float
    residuals_tps: tuple[float, ...]
    curve: Curve


@dataclass(frozen=True, kw_only=True)
class NoFit:
    """why: one sentence."""

    why: str


def fit(concurrency: Sequence[float], throughput: Sequence[float], *, seed: int = 0) -> Usl | NoFit:
    """The law through these points. concurrency: mean operations in flight; throughput: a second; of equal length.

    Of open-loop steps the concurrency is throughput times mean time in the system (Little's law, L = lambda W), which
    holds where a step was stationary: what came and what went must be alike over it. Raises ValueError where lengths
    differ.
    """
    if len(concurrency) != len(throughput):
        raise ValueError(f"{len(concurrency)} concurrencies, but {len(throughput)} throughputs")
    order = np.argsort(np.asarray(concurrency, dtype=np.float64), kind="stable")
    n, x = (np.asarray(values, dtype=np.float64)[order] for values in (concurrency, throughput))
    why = _unfit_points(n, x)
    if why:
        return NoFit(why=why)
    parameters = _fitted(n, x)
    modelled = _law(parameters, n)
    random = np.random.default_rng(seed)
    why = _unfit_law(parameters, n, x, modelled, random)
    if why:
        return NoFit(why=why)
    return _with_bands(parameters, n, x, modelled, random)


def _unfit_points(n: Floats, x: Floats) -> str:
    if not (np.isfinite(n).all() and np.isfinite(x).all() and (n > 0).all() and (x > 0).all()):
        return "a concurrency or a throughput is not above zero"
    distinct = len(np.unique(n))
    if distinct < LEAST_POINTS:
        return f"{distinct} concurrencies were measured; three parameters need at least {LEAST_POINTS}"
    if x.max() / x.min() < LEAST_SPREAD:
        return f"throughput is nearly the same at every concurrency, {x.min():.4g}/s to {x.max():.4g}/s"
    return ""


def _unfit_law(parameters: Floats, n: Floats, x: Floats, modelled: Floats, random: np.random.Generator) -> str:
    _, sigma, kappa = parameters
    peak = _peak(parameters)
    if sigma >= 1 or (peak is not None and peak <= n[0]):
        return f"throughput only falls from the first point on (sigma {sigma:.3g}, kappa {kappa:.3g})"
    r2 = _r2(x, modelled)
    if r2 < LEAST_R2:
        return f"the law explains {max(r2, 0):.0%} of how throughput varies; at least {LEAST_R2:.0%} is asked for"
    relative = x / modelled - 1
    size = float(np.sqrt(np.mean(relative**2)))
    if size > _SMALL_RESIDUAL and _structured(relative, random):
        return (
            f"what the law leaves over ({size:.0%} of throughput) rises and falls with concurrency: it is another law"
        )
    return ""


def _fitted(n: Floats, x: Floats) -> Floats:
    """lambda, sigma, kappa."""
    weighted = np.column_stack((np.ones_like(n), n - 1, n * (n - 1))) * (x / n)[:, np.newaxis]
    scale = np.linalg.norm(weighted, axis=0)
    scale[scale == 0] = 1.0
    inverse, contention, coherency = nnls(weighted / scale, np.ones_like(n))[0] / scale
    if inverse == 0:  # the law starts at no finite throughput: it only falls
        return np.array([math.inf, math.inf, math.inf])
    return np.array([1 / inverse, contention / inverse, coherency / inverse])


def _law(parameters: Floats, n: Floats) -> Floats:
    rate, sigma, kappa = parameters
    if math.isinf(rate):
        return np.zeros_like(n)
    modelled: Floats = rate * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))
    return modelled


def _peak(parameters: Floats) -> float | None:
    """Where the law is highest; infinite where it rises for ever, None where it only falls."""
    _, sigma, kappa = parameters
    if sigma >= 1:
        return None
    return math.inf if kappa == 0 else math.sqrt((1 - sigma) / kappa)


def _r2(x: Floats, modelled: Floats) -> float:
    return float(1 - np.sum((x - modelled) ** 2) / np.sum((x - x.mean()) ** 2))


def _structured(residuals: Floats, random: np.random.Generator) -> bool:
    """Whether neighbours are more alike than chance makes them: von Neumann's ratio (Annals of Mathematical Statistics
    12, 1941) against random orders of the same residuals."""
    seen = np.sum(np.diff(residuals) ** 2)
    drawn = random.permuted(np.tile(residuals, (_PERMUTATIONS, 1)), axis=1)
    chance = np.sum(np.diff(drawn, axis=1) ** 2, axis=1)
    return float((1 + np.sum(chance <= seen)) / (1 + _PERMUTATIONS)) < _STRUCTURED_P


def _with_bands(parameters: Floats, n: Floats, x: Floats, modelled: Floats, random: np.random.Generator) -> Usl:
    relative = x / modelled - 1
    relative = (relative - relative.mean()) * math.sqrt(len(n) / (len(n) - len(parameters)))
    grid = np.geomspace(n[0], n[-1], _GRID)
    resampled = [
        _fitted(n, modelled * np.maximum(1 + random.choice(relative, len(n)), 0.01)) for _ in range(_RESAMPLES)
    ]
    drawn = np.array([one for one in resampled if np.isfinite(one).all()])
    tails = [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)]
    low, high = np.percentile(drawn, tails, axis=0)
    band_low, band_high = np.percentile([_law(one, grid) for one in drawn], tails, axis=0)
    # A law that only falls has its peak at or before the first point.
    peaks = np.sort([float(n[0]) if (at := _peak(one)) is None else at for one in drawn])
    first, last = (float(np.percentile(peaks, share, method="nearest")) for share in tails)
    peak = _measured(_peak(parameters), n)
    if peak is not None and not _fell(peak, n, x, modelled):
        peak = None
    bounds = [Bounds(low=float(low[at]), high=float(high[at])) for at in range(len(parameters))]
    return Usl(
        lambda_tps=float(parameters[0]),
        sigma=float(parameters[1]),
        kappa=float(parameters[2]),
        n_star=peak,
        lambda_bounds=bounds[0],
        sigma_bounds=bounds[1],
        kappa_bounds=bounds[2],
        n_star_bounds=(
            Bounds(low=None, high=None) if peak is None else Bounds(low=_measured(first, n), high=_measured(last, n))
        ),
        r2=_r2(x, modelled),
        residuals_tps=tuple((x - modelled).tolist()),
        curve=Curve(
            concurrency=tuple(grid.tolist()),
            fitted_tps=tuple(_law(parameters, grid).tolist()),
            low_tps=tuple(band_low.tolist()),
            high_tps=tuple(band_high.tolist()),
        ),
    )


def _measured(peak: float | None, n: Floats) -> float | None:
    """A peak, where it is at a concurrency that was measured."""
    return peak if peak is not None and peak <= n[-1] else None


def _fell(peak: float, n: Floats, x: Floats, modelled: Floats) -> bool:
    """Whether the points beyond the peak and beyond the best point are, on average, below the best point by more than a
    step varies anyway, and by more than the residuals explain: Student's t of the difference, with Bonferroni's share
    for each point that could have been the best."""
    best = int(np.argmax(x))
    beyond = x[n > max(peak, n[best])]
    if not len(beyond):
        return False
    freedom = len(n) - 3
    spread = math.sqrt(float(np.sum((x / modelled - 1) ** 2)) / freedom)
    chance = float(student.ppf(1 - _FALL_ERROR / len(n), freedom)) * spread * math.sqrt(1 + 1 / len(beyond))
    return float(1 - beyond.mean() / x[best]) > max(chance, _SMALL_RESIDUAL)
