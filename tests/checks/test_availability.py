"""Availability: what is an outage and what is only a quiet moment, and the runs that never recover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.availability import availability
from history.history import History

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


@pytest.mark.parametrize(("limit_ms", "verdict"), [(4000, "pass"), (3999, "fail")])
def test_a_brown_out_is_time_with_less_than_half_of_the_writes(
    run: Run, ns: Clock, limit_ms: float, verdict: str
) -> None:
    """50 writes/s are wanted; for four seconds only 16 of them are acknowledged, so no gap is as long as 100 ms."""
    run.traffic(0, 3000)
    for i in range(200):
        kept = i % 3 == 0
        run.transfer(f"dim{i}", at_ms=3000 + 20 * i, outcome="ok" if kept else "fail", error=None if kept else "busy")
    run.traffic(7000, 10_000)
    run.fault(injected_ms=1000, healed_ms=2900, clean_ms=7100)
    judged = availability(run.history(manifest={"gates": {"brownout_ms": limit_ms}}))
    assert judged.verdict == verdict
    assert judged.measured["write_outage_ms"] < 100
    assert judged.measured["brownout_ms"] == 4000.0
    told = {
        "start_ns": ns(3000),
        "end_ns": ns(7000),
        "brownout_ms": 4000.0,
        "wanted": 200,
        "acked": 67,
        "cause": "node1 came back",
    }
    assert judged.measured["brownouts"] == judged.measured["slow"] == [told]
    assert judged.witness == ([{"what": "brown-out", **told}] if verdict == "fail" else [])


def dim(run: Run, start_ms: int, end_ms: int) -> None:
    """One of three writes is acknowledged."""
    for i in range((end_ms - start_ms) // 20):
        kept = i % 3 == 0
        said: dict[str, Any] = {"outcome": "ok"} if kept else {"outcome": "fail", "error": "busy"}
        run.transfer(f"dim{start_ms}-{i}", at_ms=start_ms + 20 * i, **said)


@pytest.mark.parametrize(("limit_ms", "told_ms"), [(3500, [6000.0, 4000.0]), (4000, [6000.0])])
def test_brown_outs_longer_than_the_gate_are_told_the_longest_first(
    run: Run, limit_ms: float, told_ms: list[float]
) -> None:
    run.traffic(0, 3000)
    dim(run, 3000, 7000)
    run.traffic(7000, 10_000)
    dim(run, 10_000, 16_000)
    run.traffic(16_000, 19_000)
    judged = availability(run.history(manifest={"gates": {"brownout_ms": limit_ms}}))
    assert [(row["what"], row["brownout_ms"]) for row in judged.witness] == [("brown-out", ms) for ms in told_ms]


@pytest.mark.parametrize(("end_ms", "listed"), [(5000, 0), (6000, 1)])
def test_a_brown_out_of_less_than_three_seconds_is_not_listed_but_told_by_its_length(
    run: Run, end_ms: int, listed: int
) -> None:
    run.traffic(0, 3000)
    dim(run, 3000, end_ms)
    run.traffic(end_ms, 10_000)
    judged = availability(run.history(manifest={"gates": {"brownout_ms": 1500}}))
    assert len(judged.measured["brownouts"]) == listed
    length = {"what": "brown-out", "brownout_ms": end_ms - 3000.0}
    assert judged.witness == ([{**length, **judged.measured["brownouts"][0]}] if listed else [length])


@pytest.mark.parametrize(("limit_ms", "told_ms"), [(1500, [3005.0, 2005.0]), (2005, [3005.0])])
def test_outages_longer_than_the_gate_are_told_the_longest_first(
    run: Run, limit_ms: float, told_ms: list[float]
) -> None:
    run.traffic(0, 1000)
    run.transfer("first", at_ms=1000, took_ms=2005)
    run.traffic(3010, 4000)
    run.transfer("second", at_ms=4000, took_ms=3005)
    run.traffic(7010, 8000)
    judged = availability(run.history(manifest={"gates": {"write_outage_ms": limit_ms}}))
    assert [(row["what"], row["outage_ms"]) for row in judged.witness] == [("write outage", ms) for ms in told_ms]


def test_half_of_the_writes_is_no_brown_out(run: Run) -> None:
    for i in range(400):
        run.transfer(f"k{i}", at_ms=20.0 * i, outcome="ok" if i % 2 else "fail", error=None if i % 2 else "busy")
    assert availability(run.history()).measured["brownout_ms"] == 0.0


def test_an_outage_is_a_brown_out_too_but_not_told_twice(run: Run) -> None:
    run.traffic(0, 3000)
    run.traffic(3000, 8000, outcome="fail", error="refused")
    run.traffic(8000, 11_000)
    measured = availability(run.history()).measured
    assert measured["brownout_ms"] == 5000.0
    assert len(measured["outages"]) == len(measured["brownouts"]) == 1
    assert measured["slow"] == []


def test_an_outage_broken_by_single_writes_is_a_brown_out(run: Run) -> None:
    """One write gets through every 900 ms: no outage is longer than that, and nobody would call it service."""
    run.traffic(0, 3000)
    for i in range(500):
        kept = i % 45 == 0
        run.transfer(f"dim{i}", at_ms=3000 + 20 * i, outcome="ok" if kept else "fail", error=None if kept else "busy")
    run.traffic(13_000, 16_000)
    gates = {"write_outage_ms": 1000, "brownout_ms": 5000}
    verdict = availability(run.history(manifest={"gates": gates}))
    assert verdict.verdict == "fail"
    assert [row["what"] for row in verdict.witness] == ["brown-out"]


def test_where_few_writes_are_wanted_longer_than_a_second_is_looked_at(run: Run) -> None:
    """Two writes a second: five seconds hold ten. Of 20 s two such stretches go without."""
    run.traffic(0, 20_000, every_ms=500)
    run.traffic(20_000, 30_000, every_ms=500, outcome="fail", error="refused")
    run.traffic(30_000, 50_500, every_ms=500)
    assert availability(run.history()).measured["brownout_ms"] == 10_000.0


def test_too_few_writes_tell_of_no_brown_out(busy: Run) -> None:
    assert availability(busy.history()).measured["brownout_ms"] is None


@pytest.mark.parametrize(("limit_ms", "verdict"), [(3000, "pass"), (2500, "fail")])
def test_reads_have_outages_of_their_own(run: Run, limit_ms: float, verdict: str) -> None:
    run.traffic(0, 6000)
    for i in range(60):
        away = 20 <= i < 49
        look: dict[str, Any] = {
            "at_ms": 100.0 * i,
            "outcome": "unknown" if away else "ok",
            "error": "lost" if away else None,
        }
        run.op(f"look{i}", "read", {"account": 1, "balance": 5}, **look)
    judged = availability(run.history(manifest={"gates": {"read_outage_ms": limit_ms, "write_outage_ms": 1000}}))
    assert judged.verdict == verdict
    # Wanted from 2000 ms on, answered again at 4905.
    assert judged.measured["read_outage_ms"] == 2905.0
    assert judged.measured["write_outage_ms"] < 100
    assert [row["what"] for row in judged.witness] == ([] if verdict == "pass" else ["read outage"])


@pytest.mark.parametrize(("limit_ms", "verdict"), [(3000, "pass"), (1000, "fail")])
def test_reads_alone_can_decide_their_gate(run: Run, ns: Clock, limit_ms: float, verdict: str) -> None:
    for at_ms in (0, 2000, 2100):
        run.op(f"look{at_ms}", "read", {"account": 1, "balance": 5}, at_ms=at_ms, took_ms=1 if at_ms else 2001)
    judged = availability(run.history(manifest={"gates": {"read_outage_ms": limit_ms}}))
    assert judged.verdict == verdict
    outage = {"what": "read outage", "start_ns": ns(0), "end_ns": ns(2001), "outage_ms": 2001.0}
    assert judged.witness == ([outage] if verdict == "fail" else [])
    measured = {"reason": "the ops hold no write that was wanted", "read_outage_ms": 2001.0}
    assert judged.measured == measured
    ungated = availability(run.history())
    assert (ungated.verdict, ungated.measured) == ("unknown", measured)
    assert ungated.expected == "writes acknowledged, also after the last fault"


@pytest.mark.parametrize(("least", "verdict"), [(0.98, "pass"), (0.981, "fail")])
def test_success_counts_operations_not_attempts_and_no_refusals(run: Run, least: float, verdict: str) -> None:
    """Of 50 wanted writes one never succeeds; one needs two attempts, and two are refused by the business."""
    run.traffic(0, 980)
    run.transfer("k0", attempt=0, at_ms=500, outcome="fail", error="deadlock")
    run.transfer("in-vain", at_ms=500, outcome="unknown", error="lost")
    for key in ("poor", "poorer"):
        run.transfer(key, at_ms=500, outcome="fail", error="insufficient-funds")
    judged = availability(run.history(manifest={"gates": {"success_ratio": least}}))
    assert (judged.verdict, judged.measured["success_ratio"]) == (verdict, 0.98)
    breach = {"what": "too few of the wanted writes succeeded", "success_ratio": 0.98}
    assert judged.witness == ([breach] if verdict == "fail" else [])


def test_writes_that_are_answered_after_the_load_are_no_longer_outage(run: Run) -> None:
    """The last write was wanted at 2980 ms; that it hangs for a minute is its response time, not an outage."""
    run.traffic(0, 2000)
    run.traffic(2000, 3000, took_ms=60_000)
    measured = availability(run.history()).measured
    assert measured["write_outage_ms"] == 980.0
    assert measured["outages"] == []


def test_a_brown_out_names_what_was_under_way(run: Run) -> None:
    """Of most of the stretch: the states of a returning pod, and the settings that let it hold all up."""
    run.traffic(0, 3000)
    run.traffic(3000, 7000, outcome="fail", error="busy")
    run.traffic(7000, 9000)
    options = {"group_replication_paxos_single_leader": "OFF", "group_replication_flow_control_mode": "QUOTA"}
    run.manifest = {"topology": {"kind": "group"}, "variables": {"node2": options}}
    assert causes(run.history()) == ["nothing recorded was in progress"]
    run.fault(injected_ms=500, healed_ms=2900, clean_ms=6500)
    for at_ms, state in ((2950, "OFFLINE"), (5000, "RECOVERING"), (6490, "ONLINE"), (7000, "ERROR")):
        run.pod(at_ms, "node1", state=state)
    (told,) = causes(run.history())
    assert told.startswith("node1 came back, OFFLINE then RECOVERING; group_replication_paxos_single_leader=OFF, ")
    assert "; group_replication_flow_control_mode=QUOTA, " in told
    run.manifest = {"topology": {"kind": "async"}, "variables": {"node2": options}}
    assert causes(run.history()) == ["node1 came back, OFFLINE then RECOVERING"]
    run.faults = []
    run.fault(fault="scale-out", target="new_replica", pod="node4", injected_ms=2000, clean_ms=5100)
    run.fault(fault="partition", target="one_replica", pod="node3", injected_ms=2000, healed_ms=4000, clean_ms=4500)
    assert causes(run.history()) == ["scale-out of node4 was under way"]


def causes(history: History) -> list[str]:
    return [one["cause"] for one in availability(history).measured["brownouts"]]
