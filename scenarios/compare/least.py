"""``--least``: the smallest difference of a metric that matters to whoever asks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cluster.errors import ConfigurationError
from reports.text.units import label
from reports.trends.comparison import Least
from reports.trends.metrics import METRICS, Metric

_VALUE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%|us|ms|s|)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def least_of(words: Iterable[str]) -> Mapping[str, Least]:
    """Metric -> least. words: such as ``write_outage=10%``, ``write_outage=500ms``, ``lost=2``; a percentage is of A's
    median. Raises ConfigurationError."""
    return dict(_least(word) for word in words)


def _least(word: str) -> tuple[str, Least]:
    name, _, value = word.partition("=")
    metric = METRICS.get(name.strip()) or _by_label().get(name.strip())
    if metric is None:
        raise ConfigurationError(f"--least {word}: no metric {name!r}; there are {', '.join(sorted(_by_label()))}")
    matched = _VALUE.fullmatch(value.strip())
    if matched is None:
        raise ConfigurationError(
            f"--least {word}: expected a size such as {name}=10% or {name}={_example(metric.unit)}"
        )
    number, unit = float(matched[1]), matched[2]
    if unit == "%":
        return metric.name, Least(relative=number / 100, absolute=0.0)
    if unit and metric.unit not in _SECONDS:
        raise ConfigurationError(f"--least {word}: {name} is no time; write {name}={_example(metric.unit)}")
    factor = _SECONDS[unit] / _SECONDS[metric.unit] if unit else 1.0
    return metric.name, Least(relative=0.0, absolute=number * factor)


def _by_label() -> dict[str, Metric]:
    return {label(name).replace(" ", "_"): metric for name, metric in METRICS.items()}


def _example(unit: str) -> str:
    return f"500{unit}" if unit in _SECONDS else "2"
