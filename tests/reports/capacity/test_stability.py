"""Which part of a step counts, and whether its backlog grew."""

from __future__ import annotations

import numpy as np
import pytest

from reports.capacity.objective import parse
from reports.capacity.stability import backlog, doubt, duration_s, mser, operations_needed, steady
from tests.scenarios.capacity.fake_server import FakeServer

NS = 1_000_000_000


@pytest.mark.parametrize(
    ("capacity_tps", "slots"), [(300, 4), *(pytest.param(1000, slots, marks=pytest.mark.slow) for slots in (1, 16))]
)
def test_a_queue_at_80_percent_is_stable_and_one_at_115_percent_is_not(capacity_tps: float, slots: int) -> None:
    server = FakeServer(capacity_tps=capacity_tps, slots=slots, seed=1)
    assert all(server(0.8 * capacity_tps, "ramp").stable for _ in range(40))
    assert not any(server(1.15 * capacity_tps, "ramp").stable for _ in range(10))


@pytest.mark.slow
def test_a_queue_at_105_percent_is_seen_in_nearly_every_step() -> None:
    server = FakeServer(capacity_tps=2000, slots=4, seed=2)
    steps = [server(1.05 * 2000, "ramp") for _ in range(20)]
    assert sum(not step.stable for step in steps) >= 19
    assert np.mean([step.backlog_per_s for step in steps]) == pytest.approx(100, rel=0.2)


def test_a_backlog_that_is_high_and_does_not_grow_is_stable() -> None:
    """Every answer takes two seconds: 400 are always waiting."""
    due = np.arange(0, 13 * NS, NS // 200)
    assert not steady(due_ns=due, end_ns=due + 2 * NS, start_ns=0, until_ns=13 * NS).backlog.grows


def test_growth_that_does_not_matter_is_told_and_no_reason_to_call_it_unstable() -> None:
    """Of 200 that arrive a second, one is left over, as exactly as a clock: certain, and nothing."""
    due = np.arange(0, 20 * NS, NS // 200)
    answered = due + (due - due[0]) // 200
    found = backlog(due_ns=due, end_ns=answered, start_ns=0, until_ns=20 * NS)
    assert found.per_s == pytest.approx(1, abs=0.2)
    assert not found.grows


def test_a_backlog_that_shrinks_has_a_negative_slope() -> None:
    due = np.arange(0, 10 * NS, NS // 100)
    found = backlog(due_ns=due, end_ns=due + (10 * NS - due) // 5, start_ns=NS, until_ns=10 * NS)
    assert found.per_s < -5
    assert not found.grows


def test_what_was_never_answered_stays_in_the_backlog() -> None:
    due = np.arange(0, 10 * NS, NS // 100)
    half = np.where(np.arange(len(due)) % 2, due + NS // 100, 10 * NS)
    found = backlog(due_ns=due, end_ns=half, start_ns=0, until_ns=10 * NS)
    assert found.grows
    assert found.per_s == pytest.approx(50, rel=0.05)


def test_the_slow_start_of_a_step_is_cut_off_and_little_more() -> None:
    server = FakeServer(capacity_tps=1000, slots=4, seed=3, cold_s=2.0)
    cold = [server(400, "ramp") for _ in range(10)]
    assert all(1.8 <= step.warm_up_s <= 4 for step in cold)
    assert all(step.stable for step in cold)


def test_of_a_step_without_a_slow_start_most_counts() -> None:
    server = FakeServer(capacity_tps=1000, slots=4, seed=4)
    assert np.median([server(600, "ramp").warm_up_s for _ in range(20)]) < 1


def test_a_stall_is_no_warm_up() -> None:
    """Half a second without answers, after four: it stays in what counts, where a percentile can see it."""
    due = np.arange(0, 11 * NS, NS // 200)
    stalled = (due >= 4 * NS) & (due < 9 * NS // 2)
    end = np.where(stalled, 9 * NS // 2, due) + 3 * NS // 1000
    found = steady(due_ns=due, end_ns=end, start_ns=0, until_ns=11 * NS)
    assert found.warm_up_s == 0
    assert found.counted.all()


def test_a_stall_after_a_calm_start_is_no_warm_up_though_most_before_it_was_slow() -> None:
    """One calm second, then two and a half that stall again and again: the median of all before the end of it is slow,
    and MSER would drop it all."""
    due = np.arange(0, 11 * NS, NS // 200)
    slow = (due >= NS) & (due < 7 * NS // 2)
    end = due + np.where(slow, 200, 3) * NS // 1000
    found = steady(due_ns=due, end_ns=end, start_ns=0, until_ns=11 * NS)
    assert found.warm_up_s == 0
    assert found.counted.all()


def test_no_more_than_half_of_a_step_is_warm_up() -> None:
    """Response times that fall all the time never settle."""
    due = np.arange(0, 10 * NS, NS // 100)
    found = steady(due_ns=due, end_ns=due + (10 * NS - due) // 10, start_ns=0, until_ns=10 * NS)
    assert found.warm_up_s == pytest.approx(5.0, abs=0.1)
    assert found.counted.sum() == pytest.approx(500, abs=10)


def test_the_order_of_the_operations_does_not_matter() -> None:
    random = np.random.default_rng(5)
    due = np.sort(random.integers(0, 10 * NS, 2000))
    end = due + random.exponential(NS / 50, 2000).astype(np.int64)
    mixed = random.permutation(2000)
    in_order = steady(due_ns=due, end_ns=end, start_ns=0, until_ns=10 * NS)
    out_of_order = steady(due_ns=due[mixed], end_ns=end[mixed], start_ns=0, until_ns=10 * NS)
    assert (in_order.warm_up_s, in_order.backlog) == (out_of_order.warm_up_s, out_of_order.backlog)
    assert (in_order.counted[mixed] == out_of_order.counted).all()


@pytest.mark.parametrize("operations", [0, 1, 3, 19])
def test_a_step_with_hardly_any_operations_is_no_crash(operations: int) -> None:
    due = np.arange(operations, dtype=np.int64) * NS // 10
    found = steady(due_ns=due, end_ns=due + 1000, start_ns=0, until_ns=10 * NS)
    assert found.counted.sum() == operations
    assert not found.backlog.grows


def test_mser_drops_what_comes_before_the_level_and_nothing_of_the_level() -> None:
    values = np.concatenate([np.full(7, 50.0), np.tile([1.0, 2.0], 40)])
    assert mser(values) == 7
    assert mser(np.ones(30)) == 0


@pytest.mark.parametrize(
    ("slo", "needed"),
    [
        ("response_p50<=1ms", 20),
        ("response_p95<=1ms", 200),
        ("response_p99<=1ms", 1000),
        ("response_p999<=1ms", 10_000),
        ("success_ratio>=0.999", 3000),
        ("success_ratio>=0.99999", 300_000),
        ("success_ratio>=1", 3000),
    ],
)
def test_a_rarer_quantile_needs_more_operations(slo: str, needed: int) -> None:
    objectives = [parse("response_p50<=1s"), parse(slo)]
    assert operations_needed(objectives[1:]) == needed
    assert f"the objectives need {needed:,} to be sure" in doubt(needed - 1, objectives[1:])
    assert "to be sure" not in doubt(max(needed, 20), objectives)


def test_as_many_operations_as_are_needed_leave_no_doubt_but_of_a_ratio_of_1() -> None:
    assert doubt(300_000, [parse("success_ratio>=0.99999"), parse("response_p99<=1s")]) == ""
    never = doubt(4000, [parse("response_p99<=1s"), parse("success_ratio>=1")])
    assert never == "no number of operations shows a success ratio of 1, the 4,000 of its step show 0.99925"


def test_a_step_is_as_long_as_its_percentile_needs_within_bounds() -> None:
    p99 = [parse("response_p99<=250ms")]
    assert duration_s(1000, p99) == 8
    assert duration_s(100, p99) == 10
    assert duration_s(10, p99) == 30
