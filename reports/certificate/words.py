"""Claims, shares and limits as people read them."""

from __future__ import annotations

from reports.text.units import count, duration
from reports.trends.metrics import Metric

#: Milliseconds in the units of metrics that are times.
MS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def percent(share: float) -> str:
    """``95 %``, ``4.08 %``."""
    return f"{share * 100:.3g} %"


def amount(metric: Metric, value: float | None) -> str:
    """``30 s``, ``99.9 %``, ``0``, ``150 tps``."""
    if value is None:
        return "not known"
    if metric.unit in MS:
        return duration(value * MS[metric.unit]) if value else f"0 {metric.unit}"
    if is_share(metric):
        return f"{value * 100:.6g} %"
    return f"{count(value)} {metric.unit}".strip()


def is_share(metric: Metric) -> bool:
    """Whether its values are from 0 to 1."""
    return metric.name.endswith("_ratio")


def claim_text(metric: Metric, *, limit: float, share: float, confidence: float) -> str:
    """All of a claim in one line."""
    shown, sure = amount(metric, limit), f"at {percent(confidence)} confidence"
    if share == 1:
        word = "above" if metric.better == "lower" else "below"
        return f"{metric.words}: never {word} {shown}, as far as the trials show; bound {sure}"
    word = "at most" if metric.better == "lower" else "at least"
    return f"{metric.words}: {word} {shown} in at least {percent(share)} of trials, {sure}"
