"""Gunther's law of a capacity run, as it stands in ``capacity.json``: which steps it is fitted to, and its words."""

from __future__ import annotations

from collections.abc import Sequence

from reports.capacity.content import StepRow, UslRow
from reports.capacity.steps import ALL_NODES, CLOSED
from reports.capacity.usl import Bounds, Usl, fit


def usl_row(steps: Sequence[StepRow]) -> UslRow:
    """The law fitted to the closed loops with all nodes, each of which has a number in flight of its own: where a rate
    comes from outside, that number is what chance and queues make of it."""
    points = sorted(
        (step["concurrency"], step["achieved_tps"])
        for step in steps
        if step["setting"] == ALL_NODES and step["purpose"] == CLOSED and step["concurrency"]
    )
    concurrency, throughput = [at for at, _ in points], [tps for _, tps in points]
    fitted = fit(concurrency, throughput)
    row: UslRow = {
        "fit": "none",
        "why": "",
        "lambda": None,
        "sigma": None,
        "kappa": None,
        "n_star": None,
        "peak": "",
        "r2": None,
        "ci": None,
        "concurrency": concurrency,
        "throughput_tps": throughput,
        "residuals_tps": [],
        "curve": None,
    }
    if not isinstance(fitted, Usl):
        row["why"] = fitted.why
        return row
    row |= {
        "fit": "ok",
        "lambda": fitted.lambda_tps,
        "sigma": fitted.sigma,
        "kappa": fitted.kappa,
        "n_star": fitted.n_star,
        "peak": _peak_words(fitted, highest=concurrency[-1]),
        "r2": fitted.r2,
        "ci": {
            "lambda": _pair(fitted.lambda_bounds),
            "sigma": _pair(fitted.sigma_bounds),
            "kappa": _pair(fitted.kappa_bounds),
            "n_star": _pair(fitted.n_star_bounds),
        },
        "residuals_tps": list(fitted.residuals_tps),
        "curve": {
            "concurrency": list(fitted.curve.concurrency),
            "fitted_tps": list(fitted.curve.fitted_tps),
            "low_tps": list(fitted.curve.low_tps),
            "high_tps": list(fitted.curve.high_tps),
        },
    }
    return row


def _pair(bounds: Bounds) -> list[float | None]:
    return [bounds.low, bounds.high]


def _peak_words(fitted: Usl, *, highest: float) -> str:
    low, high = fitted.n_star_bounds.low, fitted.n_star_bounds.high
    if fitted.n_star is None:
        return f"no fall was measured up to {highest:.3g} in flight"
    if low is None:
        return f"at {fitted.n_star:.3g} in flight (95 %: beyond what was measured, {highest:.3g} in flight at most)"
    bounds = " to ".join("beyond what was measured" if bound is None else f"{bound:.3g}" for bound in (low, high))
    return f"at {fitted.n_star:.3g} in flight (95 %: {bounds})"
