"""Replication: golden, two primaries within reach, two that took writes, and what is only measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.judge import judge
from tests.checks.conftest import at_ns as ns_of
from tests.checks.failovers import failover, judged, primary

if TYPE_CHECKING:
    from tests.checks.conftest import Run


def test_a_failover_passes_and_is_counted(run: Run) -> None:
    failover(run)
    verdict = judged(run)
    assert verdict.verdict == "pass"
    assert verdict.measured == {
        "two_primaries_claimed_ms": 0.0,
        "two_primaries_reachable_ms": 0.0,
        "writes_out_of_turn": 0,
        "two_writers_ms": 0.0,
        "writes_outside": 0,
        "writes_at_old_primary": 0,
        "acknowledged_at_old_primary": 0,
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


def test_two_primaries_fail_even_a_trial_that_is_void(run: Run) -> None:
    failover(run, believes_until_ms=8000, in_pool_until_ms=7000)
    run.manifest = {"host": {"steal_percent": 99}}
    judgement = judge(run.history())
    assert judgement.void_reasons
    assert (judgement.verdict, judgement.failed) == ("fail", ["replication"])


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


def several(run: Run, *, left: dict[str, Any] | None = None, in_pool: bool = True) -> None:
    """Three primaries by design for 10 s; node1 is the last to show what it is ``left`` as, from 4 s on."""
    run.manifest = {"topology": {"kind": "group-multi", "primaries": 3}}
    for at_ms in range(0, 10_000, 40):
        for name in run.nodes:
            gone = left is not None and name == "node1" and at_ms >= 4000
            run.pod(at_ms, name, **({"role": "primary", "read_only": False} | ((left or {}) if gone else {})))
        run.proxy(at_ms + 2, write=dict.fromkeys(run.nodes, True) | {"node1": in_pool or at_ms < 4000})
    for name in run.nodes:
        run.traffic(0, 3900, server=name)


LEFT_OPEN = {"role": "replica", "state": "OFFLINE", "read_only": False}


def test_several_primaries_by_design_pass(run: Run) -> None:
    several(run)
    verdict = judged(run)
    assert verdict.verdict == "pass"
    assert "no node outside the group" in verdict.expected
    assert "replica_lag_during_ms" in verdict.measured


def test_one_of_several_primaries_that_left_and_stands_open_fails_within_reach_alone(run: Run) -> None:
    several(run, left=LEFT_OPEN)
    verdict = judged(run)
    assert verdict.verdict == "fail"
    assert verdict.witness[0]["pods"] == ["node1", "node2"]


def test_one_of_several_primaries_that_left_and_is_out_of_the_pool_is_a_number(run: Run) -> None:
    several(run, left=LEFT_OPEN, in_pool=False)
    verdict = judged(run)
    assert (verdict.verdict, verdict.measured["two_primaries_reachable_ms"]) == ("pass", 0)
    assert verdict.measured["two_primaries_claimed_ms"] > 5000


def test_writes_acknowledged_by_one_of_several_primaries_that_left_fail(run: Run) -> None:
    several(run, left=LEFT_OPEN, in_pool=False)
    run.traffic(5000, 6000, server="node1")
    verdict = judged(run)
    assert (verdict.verdict, verdict.measured["writes_outside"]) == ("fail", 50)
    assert verdict.witness[0]["server"] == "node1"


def outside(run: Run, *, read_only: bool, acks: bool = False) -> None:
    """node1, without a proxy, is killed at 4 s, comes back at 5 s outside its group, where node2 leads from 6 s on."""
    run.manifest = {"mesh": {"mode": "direct"}, "topology": {"kind": "group"}}
    run.fault(injected_ms=4000, healed_ms=4800, clean_ms=9000)
    for at_ms in range(0, 10_000, 40):
        if at_ms < 4000:
            primary(run, at_ms, "node1")
        elif at_ms < 5000:
            run.pod(at_ms, "node1", up=False, role=None, state=None, read_only=None)
        else:
            run.pod(at_ms, "node1", state="OFFLINE", read_only=read_only)
        run.pod(at_ms + 1, "node2", **({"role": "primary", "read_only": False} if at_ms >= 6000 else {}))
        run.pod(at_ms + 1, "node3")
    run.traffic(0, 3900)
    run.traffic(5100, 9900, server="node1" if acks else "node2", every_ms=40)


def test_a_member_that_came_back_outside_its_group_and_takes_writes_fails(run: Run) -> None:
    """MySQL's persisted settings were switched off, say: it neither rejoins nor is it read-only."""
    outside(run, read_only=False, acks=True)
    verdict = judged(run)
    assert verdict.verdict == "fail"
    assert verdict.measured["writes_outside"] > 90
    assert verdict.measured["two_primaries_reachable_ms"] > 3500
    assert {row["what"] for row in verdict.witness} == {
        "two writable pods could be reached",
        "a write acknowledged by a pod that was no primary in service",
        "a write acknowledged by the old primary after another had been made primary",
    }


def test_a_member_outside_its_group_that_stands_open_fails_though_nobody_wrote_to_it(run: Run) -> None:
    outside(run, read_only=False)
    assert judged(run).verdict == "fail"


def test_a_member_outside_its_group_that_is_read_only_passes(run: Run) -> None:
    outside(run, read_only=True)
    run.rows = [row for row in run.rows if row["start_ns"] > ns_of(6000) or row["server"] == "node1"]
    assert judged(run).verdict == "pass"


def fourth(run: Run, start_ms: int, end_ms: int, **shows: Any) -> None:
    """node4 is not there but for a while, in which it is writable."""
    for at_ms in range(0, 10_000, 40):
        down: dict[str, Any] = {"up": False, "role": None, "state": None, "read_only": None}
        run.pod(at_ms, "node4", **({"read_only": False} | shows if start_ms <= at_ms < end_ms else down))


def test_a_replica_that_was_left_writable_fails_within_reach(run: Run) -> None:
    failover(run)
    fourth(run, 7000, 9000)
    assert judged(run).verdict == "pass", "it is in no write pool"
    run.manifest = {"mesh": {"mode": "direct"}}
    assert judged(run).verdict == "fail"


def test_a_pod_that_is_set_up_while_it_is_added_is_unknown_to_clients_without_a_proxy(run: Run) -> None:
    failover(run)
    run.manifest = {"mesh": {"mode": "direct"}}
    run.fault(fault="scale-out", target="new_replica", pod="node4", injected_ms=6500)
    fourth(run, 7000, 9000, state="OFFLINE")
    assert judged(run).verdict == "pass"


def test_a_pod_open_for_less_than_three_samples_is_nothing(run: Run) -> None:
    failover(run)
    run.manifest = {"mesh": {"mode": "direct"}}
    fourth(run, 7000, 7080, state="OFFLINE")
    assert judged(run).verdict == "pass"


OLD_VIEW = dict.fromkeys(("node1", "node2", "node3"), "ONLINE/-")
NEW_VIEW = dict.fromkeys(("node2", "node3"), "ONLINE/-")
CUT_VIEW = OLD_VIEW | dict.fromkeys(("node2", "node3"), "UNREACHABLE/-")


@pytest.mark.parametrize(
    ("own_view", "others_view", "verdict"),
    [
        (OLD_VIEW, NEW_VIEW, "pass"),  # it was frozen, and does not know yet that it was expelled
        (CUT_VIEW, OLD_VIEW, "pass"),  # it is cut off from most, which have not noticed
        ({"node1": "ONLINE/-"}, NEW_VIEW, "fail"),  # somebody made it a group of its own
        (OLD_VIEW, OLD_VIEW, "fail"),
    ],
)
def test_a_member_that_most_of_its_group_has_left_behind_can_acknowledge_nothing(
    run: Run, own_view: dict[str, str], others_view: dict[str, str], verdict: str
) -> None:
    run.manifest = {"mesh": {"mode": "direct"}, "topology": {"kind": "group"}}
    run.traffic(0, 900, server="node2")
    for at_ms in range(0, 1000, 40):
        run.pod(at_ms, "node2", role="primary", read_only=False, view=others_view)
        run.pod(at_ms, "node3", view=others_view)
        run.pod(at_ms + 1, "node1", role="primary", read_only=False, view=own_view)
    assert judged(run).verdict == verdict
