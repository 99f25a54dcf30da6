"""Replication: golden, two primaries within reach, two that took writes, and what is only measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checks.replication import replication
from checks.verdict import Verdict

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Clock = Callable[[float], int]


def primary(run: Run, at_ms: float, name: str) -> None:
    run.pod(at_ms, name, role="primary", read_only=False)


def failover(run: Run, *, believes_until_ms: float = 4000, in_pool_until_ms: float = 4000) -> None:
    """node1 leads until 4 s, node2 from 6 s on, routed so, with writes; node1 may believe, and be routed to, longer."""
    for at_ms in range(0, 10_000, 40):
        if at_ms < believes_until_ms:
            primary(run, at_ms, "node1")
        else:
            run.pod(at_ms, "node1", lag_ms=float(at_ms))
        if at_ms < 6000:
            run.pod(at_ms + 1, "node2")
        else:
            primary(run, at_ms + 1, "node2")
        run.proxy(at_ms + 2, write={"node1": at_ms < in_pool_until_ms, "node2": at_ms >= 6000})
    run.traffic(0, 4000)
    run.traffic(6100, 9900, server="node2")
    run.fault(injected_ms=4000, healed_ms=7000, clean_ms=8000)


def judged(run: Run) -> Verdict:
    return replication(run.history())


def test_a_failover_passes_and_is_counted(run: Run) -> None:
    failover(run)
    verdict = judged(run)
    assert verdict.verdict == "pass"
    assert verdict.measured == {
        "two_primaries_claimed_ms": 0.0,
        "two_primaries_reachable_ms": 0.0,
        "writes_out_of_turn": 0,
        "two_writers_ms": 0.0,
        "failovers": 1,
        "switchovers": 0,
        "errant_transactions": 0,
        "errant": {},
        "replica_lag_during_ms": 7960.0,
        "replica_lag_after_ms": 9960.0,
    }


def test_a_pod_that_only_believes_in_itself_is_a_number(run: Run) -> None:
    failover(run, believes_until_ms=8000)
    verdict = judged(run)
    assert verdict.verdict == "pass"
    assert verdict.measured["two_primaries_claimed_ms"] == pytest.approx(1919, abs=1)
    assert verdict.measured["two_primaries_reachable_ms"] == 0


def test_two_in_the_write_pool_fail(run: Run) -> None:
    failover(run, believes_until_ms=8000, in_pool_until_ms=7000)
    verdict = judged(run)
    assert verdict.verdict == "fail"
    assert verdict.witness[0]["pods"] == ["node1", "node2"]
    assert verdict.measured["two_primaries_reachable_ms"] == pytest.approx(920, abs=1)


def test_two_proxies_that_each_lead_to_another_primary_fail(run: Run) -> None:
    failover(run, believes_until_ms=8000)
    for at_ms in range(0, 10_000, 40):
        run.proxy(at_ms + 3, "load2", write={"node1": True, "node2": False})
    assert judged(run).verdict == "fail"


def test_what_lasts_a_sample_period_is_nothing(run: Run) -> None:
    failover(run, believes_until_ms=6040, in_pool_until_ms=9000)
    assert judged(run).verdict == "pass"


def test_without_a_proxy_every_pod_that_is_not_cut_off_can_be_reached(run: Run) -> None:
    failover(run, believes_until_ms=8000)
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    assert judged(run).verdict == "unknown"
    run.manifest = {"mesh": {"mode": "direct"}}
    assert judged(run).verdict == "fail"
    run.faults = [replace(run.faults[0], fault="partition", healed_ns=run.faults[0].clean_ns)]
    assert judged(run).verdict == "pass"


def test_writes_by_the_old_primary_after_the_new_one_began_fail(run: Run) -> None:
    failover(run)
    run.transfer("late", at_ms=3999, start_ms=3999, took_ms=4000, server="node1")
    assert judged(run).verdict == "pass", "it may have committed before"
    run.transfer("split", at_ms=6500, server="node1")
    verdict = judged(run)
    assert (verdict.verdict, verdict.measured["writes_out_of_turn"]) == ("fail", 1)
    assert verdict.witness[0]["key"] == "split"


def test_reads_and_refused_writes_take_nothing(run: Run) -> None:
    failover(run)
    run.op("look", "read", {"account": 1, "balance": None}, at_ms=6500, server="node1")
    run.transfer("no", at_ms=6600, server="node1", outcome="fail", errno=1290)
    assert judged(run).verdict == "pass"


def test_both_writing_for_long_fails_though_one_was_elected(run: Run) -> None:
    failover(run)
    run.traffic(7000, 9900, every_ms=300, server="node1")
    run.decide(5900, "promoted", "node2")
    verdict = judged(run)
    assert verdict.measured["writes_out_of_turn"] >= 8
    assert verdict.measured["two_writers_ms"] > 2000


def test_a_switchover_there_and_back_passes(run: Run) -> None:
    """What pods said comes late here: the control plane's word is enough."""
    failover(run)
    run.decide(3900, "switchover_started", "node2")
    run.decide(5950, "switchover_done", "node2")
    run.decide(6000, "promoted", "node2")  # a group's election may be noted a moment after
    run.decide(9950, "switchover_started", "node1")
    run.decide(9980, "promoted", "node1")
    run.decide(9990, "switchover_done", "node1")
    run.traffic(10_000, 11_000)
    verdict = judged(run)
    assert (verdict.verdict, verdict.measured["switchovers"], verdict.measured["failovers"]) == ("pass", 2, 0)


def test_a_frozen_primary_that_goes_on_was_not_elected_anew(run: Run) -> None:
    failover(run)
    run.seen = [row for row in run.seen if row["name"] != "node1" or row["at_ns"] < (run.faults[0].injected_ns or 0)]
    for at_ms in range(4000, 7000, 40):
        run.pod(at_ms, "node1", up=False, role=None, state=None, read_only=None)
    primary(run, 7000, "node1")
    run.transfer("split", at_ms=7000, server="node1")
    assert judged(run).verdict == "fail"


def test_errant_transactions_are_counted(run: Run) -> None:
    failover(run)
    run.decide(8000, "quarantined", "node1", errant="uuid:101-103", count=3)
    measured = judged(run).measured
    assert (measured["errant_transactions"], measured["errant"]) == (3, {"node1": "uuid:101-103"})


def test_several_primaries_by_design_are_measured_only(run: Run) -> None:
    failover(run, believes_until_ms=9000, in_pool_until_ms=9000)
    run.manifest = {"topology": {"kind": "group-multi", "primaries": 3}}
    verdict = judged(run)
    assert verdict.verdict == "unknown"
    assert "replica_lag_during_ms" in verdict.measured


def test_without_observations_it_is_unknown(run: Run) -> None:
    run.traffic(0, 1000)
    assert judged(run).verdict == "unknown"
