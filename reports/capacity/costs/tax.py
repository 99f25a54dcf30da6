"""The tax of a mesh, and of containers: turns of two systems that were measured one after the other, compared in pairs.

A pair is of one round, so that what the machine did meanwhile is in both. Told are the median over the pairs and its
95 % bounds by order statistics (`reports.trials.quantiles`), which six pairs carry and fewer do not: then there are no
bounds. A turn counts at saturation when nearly all of its operations were answered, and at a fixed load when the system
also kept up, because response times of one that falls behind tell how long it was asked. The same is asked of trials in
a matrix (`reports.matrix.mesh_tax`), where the load is fixed and throughput alike by construction.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.capacity.content import ContainerTax, Interval, MeshCost, PodUsage, Server, Times
from reports.capacity.step import Step
from reports.capacity.usage import POD_KINDS, PodKind
from reports.trials.quantiles import quantile

BASELINE = "direct"
#: Of a turn's operations; below that what was counted is another load.
ANSWERED = 0.99
PERCENTILES = ("p50", "p95", "p99")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """who: the mesh, or where the server ran. round: from 1. proxies_mib: working set of this mesh's own proxies at its
    end, without those of others that stood still; None where it is not known."""

    who: str
    round: int
    step: Step
    proxies_mib: float | None = None

    @property
    def cpu_us_per_txn(self) -> float | None:
        """Of the whole system without the load generator; None where that of a part is not known."""
        parts = [pod.cpu_us_per_txn for kind, pod in self.step.usage.pods.items() if kind != "load"]
        return None if None in parts or not parts else sum(part for part in parts if part is not None)


def interval(values: Iterable[float]) -> Interval | None:
    """Median and bounds; None of nothing."""
    found = quantile(list(values), 0.5)
    return None if found.value is None else {"median": found.value, "low": found.low, "high": found.high}


def answered(turns: Iterable[Turn]) -> list[Turn]:
    """Those that count at saturation."""
    return [turn for turn in turns if turn.step.operations and turn.step.success_ratio >= ANSWERED]


def kept_up(turns: Iterable[Turn]) -> list[Turn]:
    """Those that count at a fixed load."""
    return [turn for turn in answered(turns) if turn.step.stable]


def pairs(turns: Sequence[Turn], who: str, baseline: str) -> list[tuple[Turn, Turn]]:
    """(one's turn, the baseline's) of every round that has both."""
    of_baseline = {turn.round: turn for turn in turns if turn.who == baseline}
    return [(turn, of_baseline[turn.round]) for turn in turns if turn.who == who and turn.round in of_baseline]


def mesh_costs(
    saturated: Sequence[Turn], fixed: Sequence[Turn], *, fixed_tps: float | None, absent: Mapping[str, str]
) -> dict[str, MeshCost]:
    """By mesh, the baseline first. fixed_tps: what every turn of ``fixed`` was offered. absent: meshes that were not
    measured -> why."""
    names = dict.fromkeys([BASELINE, *(turn.who for turn in saturated), *absent])
    return {
        name: _absent(absent[name])
        if name in absent
        else _mesh_cost(name, answered(saturated), kept_up(fixed), fixed_tps)
        for name in names
    }


def _mesh_cost(name: str, saturated: Sequence[Turn], fixed: Sequence[Turn], fixed_tps: float | None) -> MeshCost:
    turns = [turn for turn in saturated if turn.who == name]
    if not turns:
        return _absent(f"no turn counts: fewer than {ANSWERED:.0%} of the operations of each were answered")
    beside = [] if name == BASELINE else pairs(saturated, name, BASELINE)
    return {
        "rounds": len(turns),
        "throughput": _median(turn.step.achieved_tps for turn in turns),
        "throughput_ratio": interval(one.step.achieved_tps / other.step.achieved_tps for one, other in beside),
        "fixed_tps": fixed_tps,
        "latency_added_ms": {} if name == BASELINE else latency_added_ms(fixed, name, BASELINE),
        "cpu_us_per_txn": _median(turn.cpu_us_per_txn for turn in turns),
        "cpu_us_per_txn_ratio": interval(
            mine / theirs for one, other in beside if (mine := one.cpu_us_per_txn) and (theirs := other.cpu_us_per_txn)
        ),
        "mib": 0.0 if name == BASELINE else _median(turn.proxies_mib for turn in turns),
        "pods": _pods(turns),
        "absent": "",
    }


def _absent(why: str) -> MeshCost:
    return {
        "rounds": 0,
        "throughput": None,
        "throughput_ratio": None,
        "fixed_tps": None,
        "latency_added_ms": {},
        "cpu_us_per_txn": None,
        "cpu_us_per_txn_ratio": None,
        "mib": None,
        "pods": {},
        "absent": why,
    }


def latency_added_ms(turns: Sequence[Turn], who: str, baseline: str) -> dict[str, Interval | None]:
    """Response time less the baseline's, by percentile."""

    def added(percentile: str) -> Interval | None:
        both = [(one.step.response_ms[percentile], other.step.response_ms[percentile]) for one, other in beside]
        return interval(mine - theirs for mine, theirs in both if mine is not None and theirs is not None)

    beside = pairs(turns, who, baseline)
    return {percentile: added(percentile) for percentile in PERCENTILES}


def container_tax(saturated: Sequence[Turn], fixed: Sequence[Turn], *, words: str) -> ContainerTax:
    """Turns of ``container`` and of ``bare``. words: how they are alike and what differs."""
    counted, steady = answered(saturated), kept_up(fixed)
    beside = pairs(counted, "container", "bare")
    return {
        "rounds": len(beside),
        "container": _server("container", counted, steady),
        "bare": _server("bare", counted, steady),
        "throughput_ratio": interval(one.step.achieved_tps / other.step.achieved_tps for one, other in beside),
        "latency_added_ms": latency_added_ms(steady, "container", "bare"),
        "words": words,
    }


#: What the server that takes the load counts as: one outside of containers is of no kind.
_SERVER: Mapping[str, PodKind] = {"container": "primary", "bare": "other"}


def _server(who: str, saturated: Sequence[Turn], fixed: Sequence[Turn]) -> Server:
    """response_ms is that at the fixed load; CPU is that of mysqld, at saturation."""
    turns, steady = ([turn for turn in all_ if turn.who == who] for all_ in (saturated, fixed))
    response_ms: Times = {
        "p50": _median(turn.step.response_ms["p50"] for turn in steady),
        "p95": _median(turn.step.response_ms["p95"] for turn in steady),
        "p99": _median(turn.step.response_ms["p99"] for turn in steady),
        "p999": _median(turn.step.response_ms["p999"] for turn in steady),
    }
    return {
        "throughput": _median(turn.step.achieved_tps for turn in turns),
        "response_ms": response_ms,
        "cpu_us_per_txn": _median(turn.step.usage.pods[_SERVER[who]].cpu_us_per_txn for turn in turns),
    }


def _pods(turns: Sequence[Turn]) -> dict[str, PodUsage]:
    """By kind, the load generator's too."""

    def of(kind: str, value: Callable[[Turn], float | None]) -> float | None:
        return _median(value(turn) for turn in turns if kind in turn.step.usage.pods)

    present = [kind for kind in POD_KINDS if any(kind in turn.step.usage.pods for turn in turns)]
    return {
        kind: {
            "cpu_us_per_txn": of(kind, lambda turn, kind=kind: turn.step.usage.pods[kind].cpu_us_per_txn),  # type: ignore[misc]
            "memory_mib": of(
                kind,
                lambda turn, kind=kind: turn.proxies_mib if kind == "proxy" else turn.step.usage.pods[kind].memory_mib,  # type: ignore[misc]
            ),
        }
        for kind in present
    }


def _median(values: Iterable[float | None]) -> float | None:
    """None where one is not known, and of nothing."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    return statistics.median(known) if known and len(known) == len(listed) else None
