"""Stale endpoints: what still went to the old primary after another had been made primary is counted, and what it took
there fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.checks.failovers import failover, judged, primary

if TYPE_CHECKING:
    from tests.checks.conftest import Run

READ_ONLY: dict[str, Any] = {"outcome": "fail", "errno": 1290, "error": "OperationalError"}
LOST: dict[str, Any] = {"outcome": "unknown", "errno": 2013, "error": "OperationalError"}


def moved(run: Run) -> None:
    """node1 leads until the control plane promotes node2 at 5.9 s."""
    failover(run)
    run.decide(4500, "primary_gone", "node1")
    run.decide(5900, "promoted", "node2")


def test_refused_writes_at_the_old_primary_are_counted_and_pass(run: Run) -> None:
    moved(run)
    run.traffic(7000, 8000, **READ_ONLY)
    verdict = judged(run)
    assert verdict.verdict == "pass"
    assert verdict.measured["writes_at_old_primary"] == 50
    assert verdict.measured["acknowledged_at_old_primary"] == 0


def test_writes_that_the_old_primary_took_fail_although_the_new_one_took_none(run: Run) -> None:
    for at_ms in range(0, 10_000, 40):
        primary(run, at_ms, "node1")
        run.pod(at_ms + 1, "node2")
        run.proxy(at_ms + 2, write={"node1": True, "node2": False})
    run.decide(5000, "primary_gone", "node1")
    run.decide(5900, "promoted", "node2")
    run.traffic(0, 4000)
    run.traffic(7000, 8000)
    run.fault(injected_ms=4000, healed_ms=9000, clean_ms=9500)
    verdict = judged(run)
    assert verdict.verdict == "fail"
    assert verdict.measured["acknowledged_at_old_primary"] == 50
    assert verdict.measured["writes_out_of_turn"] == 0, "nobody else took a write that would show it"
    assert verdict.witness[0]["what"] == "a write acknowledged by the old primary after another had been made primary"


def test_what_no_server_answered_reached_nobody(run: Run) -> None:
    moved(run)
    run.traffic(7000, 8000, **LOST)
    assert judged(run).measured["writes_at_old_primary"] == 0


def test_a_primary_to_which_the_writes_were_given_back_is_not_the_old_one(run: Run) -> None:
    for at_ms in range(0, 10_000, 40):
        leads = "node2" if 6000 <= at_ms < 7000 else "node1"
        for pod in ("node1", "node2"):
            run.pod(at_ms, pod, **({"role": "primary", "read_only": False} if pod == leads else {}))
        run.proxy(at_ms + 2, write={"node1": leads == "node1", "node2": leads == "node2"})
    run.decide(5500, "switchover_started", "node2")
    run.decide(5900, "promoted", "node2")
    run.decide(6900, "switchover_started", "node1")
    run.decide(7200, "promoted", "node1")
    run.traffic(6200, 6900, server="node2")
    run.traffic(7300, 9000)
    verdict = judged(run)
    assert verdict.measured["writes_at_old_primary"] == 0
    assert verdict.verdict == "pass"


def test_a_write_acknowledged_just_as_the_handover_was_noted_is_counted_and_does_not_fail(run: Run) -> None:
    failover(run, believes_until_ms=6200)
    run.decide(5900, "promoted", "node2")
    run.traffic(5900, 6000, every_ms=50)
    verdict = judged(run)
    assert verdict.verdict == "pass"
    assert (verdict.measured["writes_at_old_primary"], verdict.measured["acknowledged_at_old_primary"]) == (2, 0)
