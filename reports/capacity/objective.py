"""A service level objective as a user writes it: ``response_p99<=250ms``, ``success_ratio>=0.999``.

A capacity is the highest rate at which all objectives hold, so an objective always bounds from the side that hurts: a
latency from above, the share of operations that succeeded from below.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from reports.capacity.step import Step

Comparison = Literal["<=", ">="]

SUCCESS_RATIO = "success_ratio"
#: Metric of a latency -> the quantile of it, as a share.
QUANTILE_OF: Mapping[str, float] = {
    "response_p50": 0.5,
    "response_p95": 0.95,
    "response_p99": 0.99,
    "response_p999": 0.999,
    "service_p50": 0.5,
    "service_p95": 0.95,
    "service_p99": 0.99,
}
METRICS = (*QUANTILE_OF, SUCCESS_RATIO)
_MS: Mapping[str, float] = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
#: Less than that, like more than the other, is a slip of the pen.
_SHORTEST_MS = 0.001
_LONGEST_MS = 3_600_000.0
_FORM = "write it as METRIC<=TIME or success_ratio>=SHARE, such as 'response_p99<=250ms'"
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?(?:nan|inf(?:inity)?)"
#: Without ASCII, IGNORECASE takes the dotless i for an i, which float() does not.
_LATIN = re.IGNORECASE | re.ASCII


class Told(Protocol):
    """What an objective is held against: a step, or a part of a run."""

    @property
    def success_ratio(self) -> float: ...
    @property
    def response_ms(self) -> Mapping[str, float | None]: ...
    @property
    def service_ms(self) -> Mapping[str, float | None]: ...


@dataclass(frozen=True, kw_only=True)
class Objective:
    """limit: milliseconds where unit is ``ms``, a share above 0 and at most 1 where unit is empty. text: as given."""

    metric: str
    comparison: Comparison
    limit: float
    unit: Literal["ms", ""]
    text: str

    def value_of(self, step: Told) -> float | None:
        """What a step measured of it, in ``unit``; None where it has no such number."""
        if self.metric == SUCCESS_RATIO:
            return step.success_ratio
        kind, _, name = self.metric.partition("_")
        return (step.response_ms if kind == "response" else step.service_ms).get(name)

    def met(self, step: Told) -> bool:
        """Of a step without the number it is not: what was not measured was not shown to hold."""
        value = self.value_of(step)
        if value is None or math.isnan(value):
            return False
        return value <= self.limit if self.comparison == "<=" else value >= self.limit

    def measured(self, step: Told) -> str:
        """Such as ``response_p99 452 ms``; "not known" in place of a number that a step has not."""
        value = self.value_of(step)
        said = "not known" if value is None else f"{value:.4g}{self.unit and ' ' + self.unit}"
        return f"{self.metric} {said}"

    def excess(self, step: Step) -> float | None:
        """How many times as much as allowed a step measured: at most 1 where it is met. Of a ratio, the share of
        failures to that which is allowed. None where it was not measured."""
        value = self.value_of(step)
        if value is None or math.isnan(value):
            return None
        measured, allowed = (1 - value, 1 - self.limit) if self.metric == SUCCESS_RATIO else (value, self.limit)
        return measured / allowed if allowed else math.inf * measured if measured else 0.0

    @property
    def quantile(self) -> float | None:
        """Of a latency, such as 0.99; None of a ratio."""
        return QUANTILE_OF.get(self.metric)


def holds(step: Step, objectives: Iterable[Objective]) -> bool:
    """Whether a step shows that its rate is carried: every objective is met, and the backlog did not grow."""
    return step.stable and all(objective.met(step) for objective in objectives)


def parse(text: str) -> Objective:
    """One ``--slo``. Raises ValueError with one line: what is wrong, and what may stand there."""
    if not text.isprintable():
        raise _mistake(text, f"there is a line break or another character in it that cannot be shown; {_FORM}")
    parts = re.fullmatch(r"\s*([^<>=!\s]*)\s*([<>=!~]+)\s*(.*?)\s*", text)
    if parts is None:
        raise _mistake(text, f"there is no <= or >= in it; {_FORM}")
    metric, comparison, value = parts.groups()
    if metric not in METRICS:
        raise _mistake(text, _unknown(metric))
    expected: Comparison = ">=" if metric == SUCCESS_RATIO else "<="
    if comparison != expected:
        raise _mistake(text, f"{metric} is bounded with {expected}, not with {comparison}")
    limit = _ratio(value, text) if metric == SUCCESS_RATIO else _milliseconds(metric, value, text)
    return Objective(
        metric=metric,
        comparison=expected,
        limit=limit,
        unit="" if metric == SUCCESS_RATIO else "ms",
        text=text.strip(),
    )


def _unknown(metric: str) -> str:
    if not metric:
        return f"there is no metric before the comparison; known: {', '.join(METRICS)}"
    near = difflib.get_close_matches(metric, METRICS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(METRICS)}"
    return f"unknown metric {metric[:80]!r}; {hint}"


def _milliseconds(metric: str, value: str, text: str) -> float:
    parts = re.fullmatch(rf"({_NUMBER})\s*([^\s\d.]*)", value, _LATIN)
    if parts is None or parts[2] not in _MS:
        raise _mistake(text, f"{metric} takes a time with one of the units us, ms, s or m, such as 250ms")
    limit = float(parts[1]) * _MS[parts[2]]
    if not _SHORTEST_MS <= limit <= _LONGEST_MS:  # NaN among them
        raise _mistake(text, f"{metric} takes a time of at least 1us and of at most 60m")
    return limit


def _ratio(value: str, text: str) -> float:
    if re.fullmatch(_NUMBER, value, _LATIN) is None:
        raise _mistake(text, f"{SUCCESS_RATIO} takes a share without a unit, such as 0.999")
    limit = float(value)
    if not 0 < limit <= 1:
        raise _mistake(text, f"{SUCCESS_RATIO} takes a share above 0 and of at most 1, such as 0.999")
    return limit


def _mistake(text: str, what: str) -> ValueError:
    return ValueError(f"--slo {' '.join(text.split())[:120]!r}: {what}")
