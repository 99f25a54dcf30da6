"""GTIDs: acknowledged ones are on every pod in service, no two keys have one, and unreadable ones are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.convergence import convergence
from checks.duplicates import duplicates
from checks.durability import durability
from checks.judge import judge
from history.committed import committed, contained
from history.gtid import read as gtid_set
from history.history import History
from history.json_files import HistoryError

if TYPE_CHECKING:
    from tests.checks.conftest import Run, Tables

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
OTHER = UUID[:-1] + "3"


def with_sets(history: History, **sets: Any) -> History:
    assert history.nodes is not None
    nodes = {
        name: node | {"gtid_executed": sets.get(name, node["gtid_executed"])} for name, node in history.nodes.items()
    }
    return replace(history, nodes=nodes)


@pytest.fixture
def numbered(run: Run) -> Run:
    """Keys k1 to k5, each with its own GTID; one in capitals, one with a tag, one operation with two transactions."""
    gtids = [f"{UUID}:1", f"{UUID.upper()}:2", f"{UUID}:tag:7", f"{UUID}:3,{UUID}:5", None]
    for number, gtid in enumerate(gtids, start=1):
        run.transfer(f"k{number}", gtid=gtid)
    return run


SETS = dict.fromkeys(("node1", "node2", "node3"), f"{UUID}:1-9:tag:1-7")


def test_acknowledged_transactions_that_every_pod_has_pass(numbered: Run) -> None:
    history = with_sets(numbered.history(), **SETS)
    assert (durability(history).verdict, durability(history).measured["gtids_missing"]) == ("pass", 0)
    assert duplicates(history).verdict == "pass"
    assert convergence(history).verdict == "pass"


@pytest.mark.parametrize(
    ("executed", "keys"),
    [
        (f"{UUID}:2-9:tag:1-7", ["k1"]),
        (f"{UUID}:1:3-9:tag:1-7", ["k2"]),
        (f"{UUID}:1-9", ["k3"]),
        (f"{UUID}:1-4:6-9:tag:7", ["k4"]),
        (f"{OTHER}:1-9", ["k1", "k2", "k3", "k4"]),
        ("", ["k1", "k2", "k3", "k4"]),
    ],
)
def test_an_acknowledged_gtid_that_one_pod_lacks_is_a_lost_write(numbered: Run, executed: str, keys: list[str]) -> None:
    verdict = durability(with_sets(numbered.history(), **SETS | {"node2": executed}))
    assert (verdict.verdict, verdict.measured["lost"], verdict.measured["gtids_missing"]) == (
        "fail",
        len(keys),
        len(keys),
    )
    assert [row["key"] for row in verdict.witness] == keys
    assert verdict.witness[0]["gtid_missing"] == ["node2"]


def test_a_gtid_of_an_outcome_that_is_unknown_may_be_anywhere(numbered: Run) -> None:
    numbered.transfer("doubt", outcome="unknown", gtid=f"{OTHER}:1")
    assert durability(with_sets(numbered.history(), **SETS)).verdict == "pass"


def test_a_pod_out_of_service_need_not_have_it(numbered: Run) -> None:
    history = with_sets(numbered.history(), **SETS | {"node3": ""})
    assert history.nodes is not None
    away: dict[str, Any] = {**history.nodes, "node3": {**history.nodes["node3"], "state": "QUARANTINED"}}
    assert durability(replace(history, nodes=away)).verdict == "pass"


def test_the_gate_allows_writes_without_their_gtid_too(numbered: Run) -> None:
    history = with_sets(numbered.history(manifest={"gates": {"lost": 1}}), **SETS | {"node2": f"{UUID}:2-9:tag:1-7"})
    assert durability(history).verdict == "pass"


def test_other_workloads_are_held_to_their_gtids(tables: type[Tables]) -> None:
    asked = tables.ops(("a", "deposit", "ok", {}), gtid=f"{UUID}:1")
    nodes = {name: node | {"gtid_executed": f"{UUID}:1"} for name, node in tables.nodes().items()}
    history = History(ops=asked, final={"keys": tables.frame("key", ("a",))}, nodes=nodes)
    assert durability(history).verdict == "pass"
    verdict = durability(with_sets(history, node2=f"{UUID}:2"))
    assert (verdict.verdict, verdict.measured["lost"]) == ("fail", 1)


@pytest.mark.parametrize("gtid", [f"{UUID}:1", f" {UUID.upper()}:1", f"{OTHER}:4,{UUID}:1"])
def test_one_gtid_for_two_keys_fails(numbered: Run, gtid: str) -> None:
    numbered.transfer("copy", gtid=gtid)
    verdict = duplicates(numbered.history())
    assert (verdict.verdict, verdict.measured["one_gtid"]) == ("fail", 2)
    assert {row["key"] for row in verdict.witness} == {"k1", "copy"}


def test_a_lost_write_s_number_may_be_given_again(numbered: Run) -> None:
    """A pod that is rebuilt after a failover counts on from what the others have; durability tells of the lost one."""
    numbered.transfer("again", gtid=f"{UUID}:1")
    history = numbered.history()
    transfers = history.final["transfers"]
    history = replace(history, final={**history.final, "transfers": transfers[transfers["id"] != "k1"]})
    assert duplicates(history).verdict == "pass"
    assert durability(history).verdict == "fail"


@pytest.mark.parametrize(
    "gtid",
    ["", "nonsense", UUID, f"{UUID}:", f"{UUID}:0", f"{UUID}:x", f"{UUID}:3-1", f"{UUID}:1-99999999", f"{UUID}:-1"],
)
def test_a_gtid_that_is_none_is_refused_with_its_key(numbered: Run, gtid: str) -> None:
    numbered.transfer("odd", gtid=gtid)
    with pytest.raises(HistoryError, match="the gtid of key 'odd' is no GTID"):
        judge(numbered.history())


@pytest.mark.parametrize("text", ["one", f"{UUID}", f"{UUID}:1-", f"{UUID}:5-3", f"{UUID}:tag", 7, None, ["x"]])
def test_a_set_that_cannot_be_read_is_no_set_and_no_convergence(numbered: Run, text: Any) -> None:
    assert gtid_set(text) is None
    everywhere = dict.fromkeys(SETS, text)
    assert convergence(with_sets(numbered.history(), **everywhere)).verdict == "fail"


def test_many_operations_are_read_a_piece_at_a_time(numbered: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = committed(numbered.history().ops)
    monkeypatch.setattr("history.committed._AT_ONCE", 2)
    pieces = committed(numbered.history().ops)
    by = {"source": "str"}
    order = ["at", "number"]
    assert (
        pieces.astype(by)
        .sort_values(order, ignore_index=True)
        .equals(whole.astype(by).sort_values(order, ignore_index=True))
    )
    executed = gtid_set(f"{UUID}:1-2:5")
    assert executed is not None
    assert contained(whole, executed).tolist() == [True, True, False, False, True], "k4 has two, which are read last"
