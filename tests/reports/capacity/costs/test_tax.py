"""Taxes from turns of known cost: paired by round, bounded where the rounds carry it, None where not known."""

from __future__ import annotations

import pytest

from reports.capacity.costs.tax import Turn, container_tax, interval, latency_added_ms, mesh_costs, pairs
from tests.reports.capacity.costs.made_turns import silent, turn

#: What the machine gives in each of six rounds: a pair cancels it, medians over all rounds would not.
MACHINE = (1000.0, 500.0, 2000.0, 900.0, 1500.0, 700.0)


def saturated(share: float = 0.8, rounds: int = 6) -> list[Turn]:
    return [
        one
        for number, tps in enumerate(MACHINE[:rounds], start=1)
        for one in (
            turn("envoy", number, tps=tps * share, cpu_us={"primary": 800.0, "proxy": 200.0, "load": 300.0}),
            turn("direct", number, tps=tps),
        )
    ]


def test_the_ratio_is_of_the_same_round_however_the_machine_changes_between_them() -> None:
    costs = mesh_costs(saturated(), [], fixed_tps=None, absent={})
    assert list(costs) == ["direct", "envoy"]
    ratio = costs["envoy"]["throughput_ratio"]
    assert ratio is not None
    assert [ratio["median"], ratio["low"], ratio["high"]] == pytest.approx([0.8] * 3)
    assert costs["envoy"]["rounds"] == 6
    assert costs["direct"]["throughput"] == 950.0
    assert costs["direct"]["throughput_ratio"] is None


def test_bounds_are_those_of_order_statistics_and_need_six_rounds() -> None:
    assert interval([3.0, 1.0, 2.0, 6.0, 5.0, 4.0]) == {"median": 3.5, "low": 1.0, "high": 6.0}
    assert interval([1.0, 2.0, 3.0, 4.0, 5.0]) == {"median": 3.0, "low": None, "high": None}
    assert interval([]) is None


def test_cpu_is_that_of_the_system_without_the_load_generator_and_told_by_kind() -> None:
    cost = mesh_costs(saturated(), [], fixed_tps=None, absent={})["envoy"]
    assert cost["cpu_us_per_txn"] == 1000.0
    assert cost["cpu_us_per_txn_ratio"] == {"median": 1.25, "low": 1.25, "high": 1.25}
    assert {kind: pod["cpu_us_per_txn"] for kind, pod in cost["pods"].items()} == {
        "primary": 800.0,
        "proxy": 200.0,
        "load": 300.0,
    }


def test_cpu_of_which_a_part_is_not_known_is_not_told_as_less() -> None:
    turns = [turn("direct", 1), turn("envoy", 1, cpu_us={"primary": 800.0, "proxy": None, "load": 300.0})]
    cost = mesh_costs(turns, [], fixed_tps=None, absent={})["envoy"]
    assert cost["cpu_us_per_txn"] is None
    assert cost["cpu_us_per_txn_ratio"] is None


def test_memory_is_that_of_the_meshs_own_proxies_not_of_those_that_stand_still_beside_it() -> None:
    turns = [
        turn("direct", 1),
        turn("envoy", 1, cpu_us={"primary": 1.0, "proxy": 1.0}, mib=500.0, proxies_mib=60.0),
    ]
    costs = mesh_costs(turns, [], fixed_tps=None, absent={})
    assert costs["envoy"]["mib"] == 60.0
    assert costs["envoy"]["pods"]["proxy"]["memory_mib"] == 60.0
    assert costs["envoy"]["pods"]["primary"]["memory_mib"] == 500.0
    assert costs["direct"]["mib"] == 0.0


def test_latency_added_is_the_difference_at_the_fixed_load() -> None:
    fixed = [one for number in range(1, 7) for one in (turn("envoy", number, p50_ms=6.5), turn("direct", number))]
    cost = mesh_costs(saturated(), fixed, fixed_tps=400.0, absent={})["envoy"]
    assert cost["fixed_tps"] == 400.0
    assert {name: added and added["median"] for name, added in cost["latency_added_ms"].items()} == {
        "p50": 1.5,
        "p95": 3.0,
        "p99": 4.5,
    }
    assert latency_added_ms([turn("envoy", 1, p50_ms=None), turn("direct", 1)], "envoy", "direct")["p99"] is None


def test_a_turn_that_fell_behind_or_was_not_answered_makes_no_pair() -> None:
    fixed = [turn("direct", 1), turn("envoy", 1, p50_ms=900.0, stable=False), turn("direct", 2), turn("envoy", 2)]
    failing = [
        turn("direct", 1),
        turn("envoy", 1, tps=90_000.0, success_ratio=0.2),
        turn("envoy", 2),
        turn("direct", 2),
    ]
    cost = mesh_costs(failing, fixed, fixed_tps=400.0, absent={})["envoy"]
    assert cost["latency_added_ms"]["p50"] == {"median": 0.0, "low": None, "high": None}
    assert cost["rounds"] == 1
    assert cost["throughput_ratio"] == {"median": 1.0, "low": None, "high": None}


def test_a_mesh_that_answered_nothing_or_does_not_fit_says_why_in_place_of_numbers() -> None:
    turns = [turn("direct", 1), silent(turn("haproxy", 1))]
    costs = mesh_costs(turns, [], fixed_tps=None, absent={"router": "it needs a group"})
    assert costs["router"]["absent"] == "it needs a group"
    assert "were answered" in costs["haproxy"]["absent"]
    for name in ("router", "haproxy"):
        assert costs[name]["throughput"] is None
        assert costs[name]["throughput_ratio"] is None
        assert costs[name]["rounds"] == 0


def test_a_round_without_the_baseline_gives_no_pair() -> None:
    turns = [turn("envoy", 1), turn("envoy", 2), turn("direct", 2)]
    assert [(one.round, other.who) for one, other in pairs(turns, "envoy", "direct")] == [(2, "direct")]


def test_the_container_tax_compares_the_pod_with_the_bare_server() -> None:
    rounds = range(1, 7)
    full = [
        one
        for n in rounds
        for one in (
            turn("bare", n, tps=MACHINE[n - 1], cpu_us={"primary": 1.0, "other": 700.0}),
            turn("container", n, tps=MACHINE[n - 1] * 0.9),
        )
    ]
    half = [one for n in rounds for one in (turn("bare", n, p50_ms=4.0), turn("container", n, p50_ms=4.2))]
    tax = container_tax(full, half, words="alike")
    assert tax["rounds"] == 6
    ratio = tax["throughput_ratio"]
    assert ratio is not None
    assert [ratio["median"], ratio["low"], ratio["high"]] == pytest.approx([0.9] * 3)
    assert tax["bare"]["response_ms"]["p99"] == 12.0
    assert tax["container"]["cpu_us_per_txn"] == 800.0
    assert tax["bare"]["cpu_us_per_txn"] == 700.0
    added = tax["latency_added_ms"]["p50"]
    assert added is not None
    assert added["median"] == pytest.approx(0.2)
