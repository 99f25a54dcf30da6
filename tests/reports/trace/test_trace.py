"""One operation followed by its key: the story that its rows tell, and whether it is where it must be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.durability import durability
from history.history import History
from reports.trace.of_folder import trace_in
from reports.trace.trace import NoSuchKeyError, Trace, failovers, trace
from reports.trace.words import headline, lines, what
from scenarios.cli.cli import main
from tests.checks.conftest import Run, write

SOURCE = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def story(traced: Trace) -> list[str]:
    return [f"{line.when} {line.words}" for line in lines(traced)]


def less(history: History, key: str, *nodes: str) -> History:
    """The history with the key's transfer gone from these nodes."""
    rows = history.final["transfers"]
    gone = (rows["id"] == key) & rows["node"].isin(nodes)
    return replace(history, final={**history.final, "transfers": rows[~gone]})


@pytest.fixture
def failed_over() -> Run:
    """A kill of node1 at 1 s, a failover to node2 that ends at 3 s; a transfer long before and one right before."""
    run = Run()
    run.transfer("early", at_ms=100, gtid=f"{SOURCE}:7")
    run.transfer("late", 3, 4, 1250, at_ms=950, took_ms=40, start_ms=960, gtid=f"{SOURCE}:8")
    run.transfer("again", at_ms=1100, took_ms=100, outcome="unknown", errno=2013, error="connection lost")
    run.transfer("again", at_ms=1100, start_ms=3200, took_ms=2200, attempt=2, server="node2", gtid=f"{SOURCE}:9")
    run.op("look", "read", {"account": 1, "balance": 3}, at_ms=4000)
    run.transfer("vanished", at_ms=1150, outcome="unknown", server=None)
    run.transfer("refused", at_ms=4100, outcome="fail", error="insufficient-funds")
    run.fault(injected_ms=1000, healed_ms=9000)
    for at_ms, pods in ((940, {"node1": True, "node2": False}), (3100, {"node1": False, "node2": True})):
        run.proxy(at_ms, write=pods)
        run.proxy(at_ms, "server-node1", write={"node3": True})
    run.decide(2000, "primary_suspected", "node1")
    run.decide(2100, "primary_gone", "node1")
    run.decide(3000, "promoted", "node2")
    run.decide(3001, "reopened", "node2")
    run.manifest = {"load": {"zero_ns": 5_000_000_000_000}}
    return run


def test_an_acknowledged_transfer_that_is_everywhere_is_stored(failed_over: Run) -> None:
    traced = trace(failed_over.history(), "late", load_pod="load1")
    assert traced.ending == "stored"
    assert what(traced) == "transfer of 12.50 from account 3 to 4, by load1"
    assert story(traced) == [
        "0.950 s it was due",
        "0.960 s attempt 1 sent, 10 ms late, through gateway, whose write pool led to node1 (20 ms before)",
        f"0.990 s acknowledged by node1, 40 ms after it was due, GTID {SOURCE}:8",
        "2.000 s failover from node1 to node2, which took writes from 3.000 s on; the next after it",
        "at the end node1 (primary, ONLINE) has it and has executed its GTID",
        "at the end node2 (replica, ONLINE) has it and has executed its GTID",
        "at the end node3 (replica, ONLINE) has it and has executed its GTID",
    ]


def test_an_acknowledged_transfer_that_is_missing_is_lost_and_its_nodes_are_named(failed_over: Run) -> None:
    traced = trace(less(failed_over.history(), "late", "node2", "node3"), "late")
    assert traced.ending == "lost"
    assert headline(traced) == "LOST: acknowledged, and missing at the end on node2 and node3"
    assert "at the end node2 (replica, ONLINE) does not have it, but has executed its GTID" in story(traced)


def test_a_transfer_whose_gtid_a_node_has_not_executed_is_lost_there(failed_over: Run) -> None:
    history = failed_over.history()
    nodes: Any = {**(history.nodes or {})}
    nodes["node3"] = {**nodes["node3"], "gtid_executed": f"{SOURCE}:1-7"}
    traced = trace(replace(history, nodes=nodes), "late")
    assert headline(traced) == "LOST: acknowledged, and missing at the end on node3"
    assert "at the end node3 (replica, ONLINE) has it, but has not executed its GTID" in story(traced)


def test_what_only_a_quarantined_node_has_is_lost(failed_over: Run) -> None:
    history = less(failed_over.history(), "late", "node2", "node3")
    nodes: Any = {**(history.nodes or {})}
    nodes["node1"] = {**nodes["node1"], "state": "QUARANTINED"}
    traced = trace(replace(history, nodes=nodes), "late")
    assert headline(traced) == (
        "LOST: acknowledged, and missing at the end on node2 and node3; only node1, out of service, has it"
    )


def test_every_attempt_is_told_with_the_fault_and_the_failover_it_met(failed_over: Run) -> None:
    traced = trace(failed_over.history(), "again")
    assert traced.ending == "stored"
    assert story(traced)[:7] == [
        "1.000 s kill of node1, in force until 9.000 s",
        "1.100 s it was due",
        "1.100 s attempt 1 sent, 0 ms late, through gateway, whose write pool led to node1 (160 ms before)",
        "1.200 s not answered, connected to node1, so it may have happened: MySQL error 2013 connection lost",
        "2.000 s failover from node1 to node2, which took writes from 3.000 s on",
        "3.200 s attempt 2 sent, 2.1 s late, through gateway, whose write pool led to node2 (100 ms before)",
        f"3.300 s acknowledged by node2, 2.2 s after it was due, GTID {SOURCE}:9",
    ]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("vanished", "its outcome was unknown to the client; it took no effect"),
        ("refused", "it failed, and is on no node in service, as the client was told"),
        ("look", "a read: it leaves nothing behind"),
    ],
)
def test_an_operation_that_was_not_acknowledged_says_what_it_came_to(failed_over: Run, key: str, says: str) -> None:
    assert headline(trace(failed_over.history(), key)) == says


@pytest.mark.parametrize(("outcome", "says"), [("unknown", "it took effect"), ("fail", "NOT AS TOLD")])
def test_an_operation_that_is_there_although_nobody_was_told_so(outcome: str, says: str) -> None:
    run = Run()
    run.transfer("mine")
    held = run.history()
    ops = held.ops.assign(outcome=outcome)
    assert says in headline(trace(replace(held, ops=ops), "mine"))


def test_without_the_end_state_nothing_is_claimed(failed_over: Run) -> None:
    traced = trace(failed_over.history(final={}, nodes=None), "late")
    assert traced.ending == "not known"
    assert headline(traced).startswith("where it is at the end is not known: neither final/transfers.parquet")


def test_a_node_that_could_not_be_asked_holds_nothing_against_anybody(failed_over: Run) -> None:
    history = less(failed_over.history(), "late", "node3")
    nodes: Any = {**(history.nodes or {})}
    nodes["node3"] = {**nodes["node3"], "unread": [{"table": None, "errno": 2003, "error": "gone"}]}
    traced = trace(replace(history, nodes=nodes), "late")
    assert traced.ending == "stored"
    assert any("node3 (replica, ONLINE) could not be asked" in line for line in story(traced))


def test_it_agrees_with_the_check_on_which_transfers_are_lost(failed_over: Run) -> None:
    failed_over.traffic(5000, 6000)
    history = less(less(failed_over.history(), "late", "node1", "node2", "node3"), "k9", "node3")
    judged = durability(history).measured
    lost = [key for key in history.ops["key"].unique() if trace(history, key).ending == "lost"]
    assert judged is not None
    assert len(lost) == judged["lost"] == 2


def test_a_switchover_is_planned_and_one_that_was_refused_is_none() -> None:
    run = Run()
    run.transfer("mine")
    run.decide(100, "switchover_started", "node2", old="node1")
    run.decide(150, "switchover_refused", "node2")
    run.decide(200, "switchover_started", "node3", old="node1")
    run.decide(250, "promoted", "node3")
    run.decide(300, "primary_suspected", "node3")
    found = [(one.planned, one.old, one.new, one.ended_ns is None) for one in failovers(run.history())]
    assert found == [(True, "node1", "node3", False), (False, "node3", None, True)]


@pytest.fixture
def folder(failed_over: Run, tmp_path: Path) -> Path:
    return write(tmp_path / "run", less(failed_over.history(), "late", "node1", "node2", "node3"))


def test_a_folder_s_trace_knows_which_load_pod_made_it(folder: Path) -> None:
    assert trace_in(folder, "late").load_pod == "worker-0"


def test_the_command_prints_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "late", str(folder)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "late: LOST: acknowledged, and missing at the end on node1, node2 and node3"
    assert "   0.950 s  it was due" in told


@pytest.mark.parametrize("key", ["none", "", "late "])
def test_a_key_that_is_not_there_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], key: str) -> None:
    with pytest.raises(NoSuchKeyError):
        trace_in(folder, key)
    assert main(["trace", "--", key, str(folder)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"no operation has the key {key!r}" in said


def test_a_folder_that_is_none_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "late", str(tmp_path / "none")]) == 2
    assert "no such run folder" in capsys.readouterr().err
