"""What a step's operations say, of operations whose times are known."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from history.vocabulary import WorkloadFacts
from reports.capacity.figures import figures

S = 1_000_000_000
FACTS = WorkloadFacts(
    operations=frozenset({"transfer"}), reads=frozenset(), refusals=frozenset({"insufficient-funds"}), keyed=True
)


def attempt(number: int, *, took_ms: float, waited_ms: float = 0.0, outcome: str = "ok", **more: Any) -> dict[str, Any]:
    """An operation is due every 10 ms."""
    due = number * S // 100
    start = due + round(waited_ms * 1e6)
    return {
        "key": f"k{number}",
        "f": "transfer",
        "outcome": outcome,
        "error": None,
        "intended_ns": due,
        "start_ns": start,
        "end_ns": start + round(took_ms * 1e6),
    } | more


def of(rows: list[dict[str, Any]], *, until_s: int = 10, all_counts: bool = True) -> Any:
    return figures(pd.DataFrame(rows), FACTS, start_ns=0, until_ns=until_s * S, all_counts=all_counts)


def test_rates_times_and_the_number_in_flight_are_those_of_the_operations() -> None:
    found = of([attempt(number, took_ms=20, waited_ms=5) for number in range(1000)])
    assert found.arrived_tps == pytest.approx(100)
    assert found.achieved_tps == pytest.approx(100, rel=0.01)
    assert found.success_ratio == 1
    assert found.response_ms["p99"] == pytest.approx(25)
    assert found.service_ms["p50"] == pytest.approx(20)
    assert found.concurrency == pytest.approx(2, rel=0.01)  # 100 a second, 20 ms each
    assert found.stable


def test_what_was_never_answered_is_slower_than_all_that_was() -> None:
    lost = [attempt(number, took_ms=1, outcome="unknown") for number in range(0, 1000, 50)]
    answered = [attempt(number, took_ms=20) for number in range(1000) if number % 50]
    found = of([*lost, *answered])
    assert found.success_ratio == pytest.approx(0.98)
    assert found.response_ms["p95"] == pytest.approx(20)
    assert found.response_ms["p99"] is None


def test_a_refusal_by_the_business_is_an_answer_and_no_throughput() -> None:
    refused: dict[str, Any] = {"outcome": "fail", "error": "insufficient-funds"}
    found = of([attempt(number, took_ms=10, **(refused if number % 2 else {})) for number in range(1000)])
    assert found.success_ratio == 1
    assert found.achieved_tps == pytest.approx(50, rel=0.01)


def test_an_operation_that_was_tried_again_counts_once_until_its_answer() -> None:
    again = [attempt(number, took_ms=10, waited_ms=50) for number in range(1000)]
    first = [attempt(number, took_ms=10, outcome="fail", error="deadlock") for number in range(1000)]
    found = of([*first, *again])
    assert found.operations == 1000
    assert found.success_ratio == 1
    assert found.response_ms["p50"] == pytest.approx(60)


def test_a_queue_that_only_grows_is_not_stable() -> None:
    growing = [attempt(number, took_ms=10, waited_ms=number * 5) for number in range(1000)]
    found = of(growing)
    assert not found.stable
    assert found.backlog_per_s > 20


def test_a_slow_beginning_is_cut_off_unless_all_is_to_count() -> None:
    rows = [attempt(number, took_ms=300 if number < 200 else 10 + number % 7) for number in range(1000)]
    cut, whole = of(rows, all_counts=False), of(rows)
    assert cut.warm_up_s == pytest.approx(2, abs=0.5)
    assert cut.response_ms["p99"] < 20
    assert whole.warm_up_s == 0
    assert whole.response_ms["p99"] == pytest.approx(300)


def test_a_step_in_which_nothing_was_answered_has_no_times() -> None:
    found = of([attempt(number, took_ms=1, outcome="unknown") for number in range(1000)])
    assert found.success_ratio == 0
    assert set(found.response_ms.values()) == {None}
