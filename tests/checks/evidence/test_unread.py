"""What a pod could not answer at the end: a table that is gone fails; a pod that could not be asked leaves it open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from checks.convergence import convergence
from checks.durability import durability
from checks.judge import judge
from history.history import History
from history.json_files import HistoryError
from history.nodes import assert_nodes_readable
from reports.text.findings import finding
from tests.checks.conftest import Run

Edit = Callable[..., History]
NO_TABLE = (1146, "Table 'meshbench.entries' doesn't exist")
NO_DATABASE = (1049, "Unknown database 'meshbench'")
LOST = (2013, "Lost connection to MySQL server during query")


def told(history: History, node: str, table: str | None, why: tuple[int | None, str], **changes: Any) -> History:
    """The same, but a pod did not give a table (None: nothing at all)."""
    assert history.nodes is not None
    entry = {"table": table, "errno": why[0], "error": why[1]}
    record: Any = {**history.nodes[node], "unread": [entry], **changes}
    return replace(history, nodes={**history.nodes, node: record})


@pytest.mark.parametrize(("errno", "words"), [NO_TABLE, (1054, "Unknown column 'amount' in 'field list'")])
def test_a_table_that_a_pod_in_service_has_lost_fails_naming_pod_and_table(
    busy: Run, without: Edit, errno: int, words: str
) -> None:
    history = without(busy.history(), "entries", node="node2")
    history = told(history, "node2", "entries", (errno, words))
    for verdict in (durability(history), convergence(history)):
        assert verdict.verdict == "fail"
        witness = next(one for one in verdict.witness if one["what"] == "table")
        assert (witness["node"], witness["table"], witness["found"]) == ("node2", "entries", f"{errno} {words}")
        assert "node2" in finding(verdict)
        assert "entries" in finding(verdict)
    judgement = judge(history)
    assert (judgement.verdict, judgement.void_reasons) == ("fail", [])


def test_the_option_that_keeps_changes_from_a_pod_is_named(busy: Run, without: Edit) -> None:
    busy.manifest = {
        "options": [
            {"option": "max_connections", "from": "mysql.config", "asked": "9"},
            {"option": "loose-replicate-wild-ignore-table", "from": "my.cnf", "asked": "meshbench.entries"},
        ]
    }
    history = told(without(busy.history(), "entries", node="node2"), "node2", "entries", NO_TABLE)
    for verdict in (durability(history), convergence(history)):
        because = next(one for one in verdict.witness if one["what"] == "table")["because"]
        assert because == "loose-replicate-wild-ignore-table=meshbench.entries (my.cnf)"


def test_a_database_that_two_pods_never_had_is_everything_lost_on_them(busy: Run, without: Edit) -> None:
    history = busy.history()
    for node in ("node2", "node3"):
        for table in history.final:
            history = without(history, table, node=node)
        history = told(history, node, None, NO_DATABASE, checksums={})
    verdict = durability(history)
    assert (verdict.verdict, verdict.measured["lost"]) == ("fail", verdict.measured["acked"])
    assert verdict.measured["missing_on"].keys() == {"node2", "node3"}
    assert convergence(history).verdict == "fail"
    assert judge(history).verdict == "fail"


def test_a_table_that_no_pod_has_any_more_has_lost_everything(busy: Run) -> None:
    history = busy.history()
    history = replace(history, final={name: one for name, one in history.final.items() if name != "transfers"})
    for node in busy.nodes:
        history = told(history, node, "transfers", (1146, "Table 'meshbench.transfers' doesn't exist"))
    verdict = durability(history)
    assert (verdict.verdict, verdict.measured["lost"]) == ("fail", verdict.measured["acked"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "why",
    [LOST, (1142, "SELECT command denied"), (3024, "Query execution was interrupted"), (None, "it did not answer")],
)
def test_a_pod_in_service_that_could_not_be_asked_has_lost_nothing_and_proves_nothing(
    busy: Run, without: Edit, why: tuple[int | None, str]
) -> None:
    history = busy.history()
    for table in history.final:
        history = without(history, table, node="node2")
    history = told(history, "node2", None, why, checksums={})
    assert durability(history).verdict == "pass", "the others hold everything"
    verdict = convergence(history)
    assert (verdict.verdict, verdict.witness) == ("unknown", [])
    judgement = judge(history)
    assert judgement.verdict == "void"
    assert any("node2 was in service" in reason and why[1] in reason for reason in judgement.void_reasons)
    assert not judgement.failed


def test_a_loss_is_a_loss_although_another_pod_could_not_be_asked(busy: Run, without: Edit) -> None:
    history = busy.history()
    for table in history.final:
        history = without(history, table, node="node2")
    history = without(told(history, "node2", None, LOST), "transfers", node="node3")
    assert judge(history).verdict == "fail"
    assert "durability" in judge(history).failed


def test_what_the_run_could_not_record_makes_it_void_in_its_own_words(busy: Run) -> None:
    missing = [{"what": "the samples of the observer", "why": "the container was gone"}]
    assert judge(busy.history()).verdict == "pass"
    judgement = judge(busy.history(manifest={"missing": missing}))
    assert judgement.verdict == "void"
    assert "the samples of the observer could not be recorded: the container was gone" in judgement.void_reasons


def nobody_serves(history: History, **states: str) -> History:
    assert history.nodes is not None
    nodes = {
        name: node | {"state": states.get(name, "CONNECTING"), "role": "replica"}
        for name, node in history.nodes.items()
    }
    return replace(history, nodes=nodes)


def test_with_nobody_in_service_what_every_pod_holds_is_not_lost(busy: Run) -> None:
    verdict = durability(nobody_serves(busy.history()))
    assert verdict.verdict == "pass"
    assert verdict.measured["held"] == dict.fromkeys(busy.nodes, verdict.measured["acked"])
    assert "no node is in service" in finding(verdict)
    assert judge(nobody_serves(busy.history())).verdict == "fail", "for convergence asks whether anybody serves"


def test_with_nobody_in_service_what_no_pod_holds_is_lost(busy: Run, without: Edit) -> None:
    key = busy.rows[0]["key"]
    verdict = durability(nobody_serves(without(busy.history(), "transfers", id=key)))
    assert (verdict.verdict, verdict.measured["lost"]) == ("fail", 1)
    assert verdict.witness[0]["key"] == key


def test_with_nobody_in_service_what_only_some_pods_hold_is_not_decided(busy: Run, without: Edit) -> None:
    key = busy.rows[0]["key"]
    verdict = durability(nobody_serves(without(busy.history(), "transfers", id=key, node="node3")))
    acked = verdict.measured["acked"]
    assert (verdict.verdict, verdict.measured["scattered"]) == ("unknown", 1)
    assert f"node2 holds {acked}, node3 holds {acked - 1}" in verdict.measured["reason"]


def test_with_nobody_in_service_and_a_pod_unread_nothing_is_called_lost_or_safe(busy: Run, without: Edit) -> None:
    history = nobody_serves(busy.history(), node1="UNREACHABLE")
    assert history.nodes is not None
    for table in history.final:
        history = without(history, table, node="node1")
    history = told(history, "node1", None, (None, "it did not answer"), gtid_executed=None)
    for one in (history, without(history, "transfers", id=busy.rows[0]["key"])):
        verdict = durability(one)
        assert (verdict.verdict, verdict.measured["lost"]) == ("unknown", 0)
        assert "not read: node1 (it did not answer)" in verdict.measured["reason"]
        assert "node2 holds" in verdict.measured["reason"]


@pytest.mark.parametrize("entries", ["none", ["none"], [{"table": 7}], [{"errno": "1146"}], [{"error": 1}]])
def test_entries_that_are_none_are_refused(entries: Any) -> None:
    with pytest.raises(HistoryError, match="node1"):
        assert_nodes_readable({"node1": {"unread": entries}})


def test_where_no_pod_was_left_at_the_end_that_is_said(busy: Run) -> None:
    history = busy.history(final={}, nodes={})
    for verdict in (durability(history), convergence(history)):
        assert (verdict.verdict, "no node was left at the end" in verdict.measured["reason"]) == ("unknown", True)
