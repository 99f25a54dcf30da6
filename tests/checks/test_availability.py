"""Availability: what is an outage and what is only a quiet moment, and the runs that never recover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.availability import availability

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Clock = Callable[[float], int]


def test_a_steady_run_passes_and_is_measured(run: Run) -> None:
    run.traffic(0, 2000)
    verdict = availability(run.history(manifest={"gates": {"write_outage_ms": 1000, "min_acked": 100}}))
    assert verdict.verdict == "pass"
    # One write wanted every 20 ms, acknowledged 5 ms later: the wait of a single write is the longest gap.
    assert verdict.measured["write_outage_ms"] == 5.0
    assert (verdict.measured["ok"], verdict.measured["success_ratio"], verdict.measured["outages"]) == (100, 1.0, [])


def test_a_stall_is_an_outage_from_the_first_write_wanted_in_it(run: Run, ns: Clock) -> None:
    run.traffic(0, 1000)
    run.transfer("stalled", at_ms=1100, took_ms=2900)
    run.transfer("during", at_ms=2000, outcome="fail", errno=1290, error="read only")
    run.traffic(4000, 5000)
    history = run.history(manifest={"gates": {"write_outage_ms": 2500}})
    verdict = availability(history)
    assert verdict.verdict == "fail"
    assert verdict.measured["write_outage_ms"] == 2900.0
    outage = {"start_ns": ns(1100), "end_ns": ns(4000), "outage_ms": 2900.0}
    assert verdict.measured["outages"] == [outage]
    assert verdict.witness == [{"what": "write outage", **outage}]
    assert availability(replace(history, manifest={"gates": {"write_outage_ms": 2900}})).verdict == "pass"


def test_a_pause_nobody_wanted_to_write_in_is_no_outage(run: Run) -> None:
    run.traffic(0, 1000)
    run.op("look", "read", {"account": 1, "balance": None}, at_ms=1500, outcome="fail")
    run.traffic(9000, 10000)
    assert availability(run.history()).measured["write_outage_ms"] == 5.0


def test_a_write_the_business_refused_is_an_answer(run: Run) -> None:
    run.traffic(0, 1000)
    run.transfer("poor", at_ms=2000, outcome="fail", error="insufficient-funds")
    run.traffic(9000, 10000)
    assert availability(run.history()).measured["write_outage_ms"] == 5.0


def test_the_leading_edge_counts(run: Run) -> None:
    run.transfer("early", at_ms=0, outcome="unknown", took_ms=10)
    run.traffic(3000, 4000)
    verdict = availability(run.history())
    assert (verdict.measured["write_outage_ms"], verdict.measured["unknown"]) == (3005.0, 1)


def test_writes_that_never_come_back_fail_without_any_gate(run: Run, ns: Clock) -> None:
    run.traffic(0, 1000)
    run.traffic(1000, 8000, outcome="fail", errno=2003, error="refused")
    verdict = availability(run.history())
    assert verdict.verdict == "fail"
    assert verdict.witness == [{"what": "writes never recovered before the load ended", "outage_ms": 6980.0}]
    assert verdict.measured["outages"] == [{"start_ns": ns(1000), "end_ns": ns(7980), "outage_ms": 6980.0}]
    assert verdict.measured["errors"] == [{"f": "transfer", "errno": 2003, "error": "refused", "count": 350}]


def test_a_straggler_after_the_load_is_no_outage(run: Run) -> None:
    run.traffic(0, 2000)
    run.transfer("hung", at_ms=1000, took_ms=30_000, outcome="unknown")
    verdict = availability(run.history())
    assert verdict.verdict == "pass"
    assert verdict.measured["trailing_outage_ms"] == 0.0
    assert verdict.measured["write_outage_ms"] < 30


def test_a_straggler_does_not_prolong_the_outage_at_the_end(run: Run) -> None:
    run.traffic(0, 2000)
    run.transfer("hung", at_ms=1000, took_ms=30_000, outcome="unknown")
    run.transfer("last", at_ms=2000, took_ms=100, outcome="unknown")
    verdict = availability(run.history())
    # From the last acknowledgement to the moment the last write was wanted; what it then waited for was no load.
    assert (verdict.verdict, verdict.measured["trailing_outage_ms"]) == ("pass", 15.0)


def test_no_acknowledged_write_at_all_fails(run: Run) -> None:
    run.traffic(0, 1000, outcome="fail", error="overflow")
    verdict = availability(run.history())
    assert verdict.verdict == "fail"
    assert verdict.witness[0] == {"what": "no write was acknowledged", "wanted": 50}
    assert verdict.measured["write_outage_ms"] == 980.0


def test_no_write_acknowledged_since_the_last_injection_fails(run: Run) -> None:
    run.traffic(0, 1000)
    run.fault(injected_ms=1000)
    run.traffic(1010, 2000, outcome="unknown")
    verdict = availability(run.history())
    assert verdict.verdict == "fail"
    assert "after the last injection" in verdict.witness[0]["what"]
    run.traffic(2000, 3000)
    assert availability(run.history()).verdict == "pass"


def test_fewer_acknowledged_than_the_gate_wants_fails(run: Run) -> None:
    run.traffic(0, 1000)
    verdict = availability(run.history(manifest={"gates": {"min_acked": 51}}))
    assert (verdict.verdict, verdict.witness) == ("fail", [{"what": "too few writes acknowledged", "acked": 50}])


def test_rows_in_any_order_give_the_same_verdict(run: Run) -> None:
    run.traffic(0, 1000)
    run.transfer("stalled", at_ms=1100, took_ms=2900)
    history = run.history()
    shuffled = replace(history, ops=history.ops.sample(frac=1, random_state=7))
    assert availability(shuffled) == availability(history)


def test_writes_of_another_tool_count_and_reads_alone_are_unknown(run: Run) -> None:
    run.op("look", "read", {"account": 1, "balance": 5}, at_ms=0)
    assert availability(run.history()).verdict == "unknown"
    run.op("elle", "append", [["append", "x", 1]], at_ms=10)
    assert availability(run.history()).verdict == "pass"
    assert availability(run.history(ops=run.history().ops[:0])).verdict == "unknown"
