"""The accounts of several load pods as one: sums where they are sums, the worst where they are not, nothing guessed."""

from __future__ import annotations

from typing import Any

import pytest

from history.load_events import Done, Second
from scenarios.load.accounts import merged
from scenarios.load.load_config import share
from scenarios.load.load_pod import LoadPod


class FakePod:
    def __init__(self, name: str) -> None:
        self.name = name


def pod(name: str, *, seconds: list[Second] | None = None, **done: Any) -> LoadPod:
    made = LoadPod(FakePod(name), None)  # type: ignore[arg-type]
    made.seconds = seconds or []
    made.totals = ended(**done) if seconds is None else None
    return made


def ended(**counts: Any) -> Done:
    zeros = dict.fromkeys(("fail", "unknown", "refused", "overflow", "in_flight"), 0)
    return Done(**zeros | {"offered": 10, "ok": 10, "cpu_s": 0.5, "connections_opened": 4} | counts)


def test_counts_and_cpu_are_summed_and_lateness_is_the_worst() -> None:
    early, late = {"p50": 1.0, "p99": 9.0, "max": 9.5}, {"p50": 2.0, "p99": 3.0, "max": 30.0}
    totals = merged([pod("load1", lateness_ms=early), pod("load2", lateness_ms=late, offered=12, ok=11, overflow=1)])
    assert (totals["offered"], totals["ok"], totals["overflow"]) == (22, 21, 1)
    assert (totals["cpu_s"], totals["connections_opened"]) == (1.0, 8)
    assert totals["lateness_ms"] == {"p50": 2.0, "p99": 9.0, "max": 30.0}
    assert totals["complete"]
    assert totals["dead"] == []
    assert totals["pods"]["load2"]["offered"] == 12


def test_a_dead_pod_counts_with_what_it_told_and_makes_the_rest_unknown() -> None:
    zeros: dict[str, Any] = dict.fromkeys(("at_ns", "fail", "unknown", "refused", "backlog", "in_flight"), 0)
    second = Second(t_s=1.0, offered=3, ok=2, connections_opened=4, **zeros)
    totals = merged([pod("load1"), pod("load2", seconds=[second, second])])
    assert not totals["complete"]
    assert totals["dead"] == ["load2"]
    assert (totals["offered"], totals["ok"], totals["connections_opened"]) == (16, 14, 8)
    assert totals["cpu_s"] is totals["overflow"] is None


def test_a_run_that_was_stopped_is_not_complete_though_nobody_died() -> None:
    totals = merged([pod("load1", complete=False)])
    assert (totals["complete"], totals["dead"]) == (False, [])
    assert "pods" not in totals


@pytest.mark.parametrize(("total", "workers"), [(32, 3), (8, 8), (10_000, 7), (5, 1)])
def test_shares_are_even_and_lose_nothing(total: int, workers: int) -> None:
    shares = [share(total, worker, workers) for worker in range(workers)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
