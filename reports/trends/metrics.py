"""The numbers of a trial, or of a capacity run, that are kept, charted and compared, each with what it means and how
much of it matters.

**A new metric goes here**: store, comparison and pages have their columns and words from `METRICS`. A summary may be of
an older version: what it does not have is not known, as is what the trial did not measure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from checks.recovery.waterfall import PRIMARY_STEPS, QUARANTINED, REJOINED
from history.fields import is_number
from reports.summary_types import Summary
from reports.text.units import label


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number of a trial. words: for people. unit: such as ``ms``; empty for a share or a count. better: which way.

    A difference below ``least_effect`` (a share of the median before) or below ``least_absolute`` (in the metric's
    unit) matters to nobody, however certain it is.
    """

    name: str
    words: str
    unit: str
    better: Literal["lower", "higher"]
    least_effect: float
    least_absolute: float
    of: Callable[[Summary], float | None]


def numbers(summary: Summary) -> dict[str, float]:
    """Every number that this trial has, by name; finite. A capacity run has those of capacity.json alone."""
    known = {name: metric.of(summary) for name, metric in METRICS.items()}
    return {name: value for name, value in known.items() if value is not None}


def _at(*path: str) -> Callable[[Summary], float | None]:
    """What stands at a path of keys, where it is there and a number."""
    return partial(_number_at, path)


def _number_at(path: tuple[str, ...], summary: Summary) -> float | None:
    value: Any = summary
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return float(value) if is_number(value) else None


def _step(name: str) -> Callable[[Summary], float | None]:
    return partial(_step_ms, name)


def _step_ms(name: str, summary: Summary) -> float | None:
    """How long a step of the first recovery that was seen took: since the step before it.

    Unknown where that one is: else it would hold the other's time, too. Nobody waits for the pod that was hit, so its
    return counts from the injection; so does the first write after a replica was lost, for which nobody had to be
    elected.
    """
    since_ms = _first_recovery(summary)
    if name in (REJOINED, QUARANTINED) or (name == "first_ack" and "elected" not in since_ms):
        before = PRIMARY_STEPS[0]
    else:
        passed = [step for step in PRIMARY_STEPS[: PRIMARY_STEPS.index(name)] if step in since_ms]
        before = passed[-1] if passed else PRIMARY_STEPS[0]
    begin_ms, end_ms = since_ms.get(before), since_ms.get(name)
    return None if begin_ms is None or end_ms is None or end_ms < begin_ms else end_ms - begin_ms


def _first_recovery(summary: Summary) -> dict[str, float | None]:
    """Step -> milliseconds since the injection, None where unknown; empty where no fault had a step after it."""
    faults: list[Any] = summary.get("faults") or []
    for fault in faults:
        since_ms = {step["step"]: step["since_ms"] for step in fault.get("waterfall") or []}
        if sum(value is not None for value in since_ms.values()) > 1:
            return since_ms
    return {}


def _outage(name: str, words: str) -> Metric:
    """Times of an outage: of some seconds, sampled 25 times a second."""
    return Metric(
        name=name, words=words, unit="ms", better="lower", least_effect=0.1, least_absolute=200.0, of=_at(name)
    )


def _latency(name: str, words: str, *path: str, least_ms: float) -> Metric:
    return Metric(
        name=name, words=words, unit="ms", better="lower", least_effect=0.15, least_absolute=least_ms, of=_at(*path)
    )


def _count(name: str, words: str) -> Metric:
    """Money: one is too many."""
    return Metric(
        name=name, words=words, unit="", better="lower", least_effect=0.0, least_absolute=1.0, of=_at("rpo", name)
    )


def _rate(name: str, words: str, *path: str) -> Metric:
    """Of a capacity: a search stops at a bracket of 2 %, and repeats within 10 %."""
    return Metric(
        name=name, words=words, unit="tps", better="higher", least_effect=0.1, least_absolute=1.0, of=_at(*path)
    )


_ALL = (
    _outage("write_outage_ms", "longest time without an acknowledged write"),
    _outage("read_outage_ms", "longest time without an answered read"),
    _latency("behind_ms", "how late operations were at the end of the load", "load", "behind_ms", least_ms=200.0),
    _outage("brownout_ms", "longest time with fewer than half of the wanted writes"),
    Metric(
        name="success_ratio",
        words="share of operations that succeeded",
        unit="",
        better="higher",
        least_effect=0.0,
        least_absolute=0.005,
        of=_at("success_ratio"),
    ),
    Metric(
        name="achieved_tps",
        words="operations acknowledged a second",
        unit="tps",
        better="higher",
        least_effect=0.05,
        least_absolute=1.0,
        of=_at("load", "achieved_tps"),
    ),
    _latency("response_p50_ms", "response time, median", "load", "response_ms", "p50", least_ms=1.0),
    _latency("response_p99_ms", "response time, 99 %", "load", "response_ms", "p99", least_ms=5.0),
    *(
        _latency(
            f"response_p99_{phase}_ms",
            f"response time, 99 %, {phase} the fault",
            *("phases", phase, "response_ms", "p99"),
            least_ms=5.0,
        )
        for phase in ("before", "during", "after")
    ),
    _latency("service_p99_ms", "service time, 99 %", "load", "service_ms", "p99", least_ms=5.0),
    _count("lost", "acknowledged operations that are gone"),
    _count("duplicated", "operations that took effect twice"),
    _count("torn", "operations that took effect in part"),
    Metric(
        name="boot_s",
        words="time from the first pod to the first statement",
        unit="s",
        better="lower",
        least_effect=0.15,
        least_absolute=1.0,
        of=_at("boot_s"),
    ),
    Metric(
        name="client_cpu_us_per_txn",
        words="CPU of the load generator an operation",
        unit="us",
        better="lower",
        least_effect=0.1,
        least_absolute=10.0,
        of=_at("load", "client_cpu_us_per_txn"),
    ),
    *(
        Metric(
            name=f"step_{step}_ms",
            words=f"step {label(step)} of the recovery",
            unit="ms",
            better="lower",
            least_effect=0.1,
            least_absolute=200.0,
            of=_step(step),
        )
        for step in (*PRIMARY_STEPS[1:], REJOINED, QUARANTINED)
    ),
    _rate("max_tps", "highest rate that holds the objective", "max_tps"),
    _rate("safe_tps", "load at which a node may be lost", "n_minus_1", "safe_tps"),
    Metric(
        name="n_minus_1_ratio",
        words="highest rate with a node dead, of that with all",
        unit="",
        better="higher",
        least_effect=0.0,
        least_absolute=0.05,
        of=_at("n_minus_1", "ratio"),
    ),
    Metric(
        name="mysqld_cpu_us_per_txn",
        words="CPU of the servers an operation, at the highest rate that holds the objective",
        unit="us",
        better="lower",
        least_effect=0.1,
        least_absolute=10.0,
        of=_at("mysqld_cpu_us_per_txn"),
    ),
)
#: By name.
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
