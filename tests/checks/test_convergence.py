"""Convergence: golden, pods apart in each way there is, a single pod, and unknown without any evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from checks.convergence import convergence
from history.gtid import read as gtid_set
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Edit = Callable[..., History]
UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def with_node(history: History, node: str, **changes: Any) -> History:
    assert history.nodes is not None
    nodes = dict[str, Any](history.nodes)
    return replace(history, nodes={**nodes, node: nodes[node] | changes})


def test_equal_pods_pass_in_whatever_order_the_rows_come(busy: Run) -> None:
    history = busy.history()
    shuffled = {name: frame.sample(frac=1, random_state=7) for name, frame in history.final.items()}
    verdict = convergence(replace(history, final=shuffled))
    assert verdict.verdict == "pass"
    assert verdict.measured["nodes"] == ["node1", "node2", "node3"]
    assert verdict.measured["tables"]["transfers"] == {"node1": 5, "node2": 5, "node3": 5}


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("state", {"state": "RECOVERING"}),
        ("gtid_executed", {"gtid_executed": f"{UUID}:1-98"}),
        ("gtid_executed", {"gtid_executed": None}),
        ("checksum", {"checksums": {"transfers": 9, "accounts": 8}}),
        ("checksum", {"checksums": {"transfers": 7}}),
        ("primaries", {"role": "primary"}),
    ],
)
def test_a_pod_that_is_apart_in_nodes_json_fails(busy: Run, what: str, changes: dict[str, Any]) -> None:
    verdict = convergence(with_node(busy.history(), "node2", **changes))
    assert verdict.verdict == "fail"
    assert [row["what"] for row in verdict.witness] == [what]


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("checksum", {"checksums": None}),
        ("checksum", {"checksums": {}}),
        ("checksum", {"checksums": {"transfers": None, "accounts": None}}),
        ("checksum", {"checksums": {"transfers": 7, "accounts": None}}),
        ("checksum", {"checksums": [7, 8]}),
        ("gtid_executed", {"gtid_executed": None}),
        ("gtid_executed", {"gtid_executed": "one"}),
        ("role", {"role": None}),
        ("role", {"role": "leader"}),
    ],
)
@pytest.mark.parametrize("everywhere", [False, True])
def test_what_a_pod_does_not_say_is_not_taken_for_equal(
    busy: Run, what: str, changes: dict[str, Any], everywhere: bool
) -> None:
    history = busy.history()
    for node in busy.nodes if everywhere else ("node2",):
        history = with_node(history, node, **changes)
    verdict = convergence(history)
    assert verdict.verdict == "fail"
    assert what in {row["what"] for row in verdict.witness}


def test_a_pod_that_has_rows_and_is_not_in_nodes_json_fails(busy: Run) -> None:
    history = busy.history()
    assert history.nodes is not None
    nodes = {name: node for name, node in history.nodes.items() if name != "node3"}
    verdict = convergence(replace(history, nodes=nodes))
    assert [(row["what"], row["node"]) for row in verdict.witness] == [("pod", "node3")]
    assert convergence(replace(history, nodes={})).verdict == "fail"


def test_a_tool_that_records_neither_checksums_nor_roles_is_judged_by_the_rows(busy: Run) -> None:
    nodes = {node: {"state": "ONLINE"} for node in busy.nodes}
    assert convergence(busy.history(nodes=nodes)).verdict == "pass"


@pytest.mark.parametrize("kind", ["single", "async", "semisync", "group"])
def test_a_kind_with_one_primary_has_one_whatever_the_manifest_counts(busy: Run, kind: str) -> None:
    history = with_node(busy.history(), "node2", role="primary")
    manifest = {"topology": {"kind": kind, "primaries": 2}}
    assert convergence(replace(history, manifest=manifest)).verdict == "fail"
    assert (
        convergence(replace(history, manifest={"topology": {"kind": "group-multi", "primaries": 2}})).verdict == "pass"
    )


@pytest.mark.parametrize("cells", [([1], [2]), ({"a": 1}, {"a": 2}), (b"a", b"b"), (2**53, 2**53 + 1), (None, "None")])
def test_cells_of_any_kind_are_compared(busy: Run, cells: tuple[Any, Any]) -> None:
    history = busy.history()
    for second, verdict in ((cells[0], "pass"), (cells[1], "fail")):
        odd = pd.DataFrame({"node": list(busy.nodes), "x": pd.Series([cells[0], second, cells[0]], dtype=object)})
        assert convergence(replace(history, final={**history.final, "odd": odd})).verdict == verdict


def test_two_primaries_may_be_what_the_topology_wants(busy: Run) -> None:
    history = with_node(busy.history(), "node2", role="primary")
    assert convergence(replace(history, manifest={"topology": {"primaries": 2}})).verdict == "pass"
    assert convergence(replace(history, manifest={"topology": {"kind": "group"}})).verdict == "fail"


def test_a_row_missing_on_one_node_fails_and_is_shown(busy: Run, without: Edit) -> None:
    history = without(busy.history(), "transfers", node="node2", id="key-3")
    verdict = convergence(replace(history, nodes=None))
    assert verdict.verdict == "fail"
    assert verdict.witness[1]["row"]["id"] == "key-3"
    assert verdict.witness[1]["found"] == {"node1": 1, "node2": 0, "node3": 1}


def test_the_same_number_of_other_rows_fails(busy: Run, changed: Edit) -> None:
    assert convergence(changed(busy.history(), "accounts", {"balance": 1}, node="node3", id=1)).verdict == "fail"


def test_a_node_without_rows_or_missing_altogether_fails(busy: Run, without: Edit) -> None:
    history = busy.history(manifest={"topology": {"pods": 3}})
    assert convergence(without(history, "accounts", node="node3")).verdict == "fail"
    assert history.nodes is not None
    two = {name: frame[frame["node"] != "node3"] for name, frame in history.final.items()}
    nodes = {name: node for name, node in history.nodes.items() if name != "node3"}
    verdict = convergence(replace(history, final=two, nodes=nodes))
    assert [row["what"] for row in verdict.witness] == ["pods"]


def test_a_single_pod_passes_if_it_is_there(new_run: type[Run]) -> None:
    run = new_run(nodes=("node1",))
    run.transfer("one")
    verdict = convergence(run.history())
    assert (verdict.verdict, verdict.measured["note"]) == ("pass", "single pod")
    assert convergence(with_node(run.history(), "node1", state="UNREACHABLE")).verdict == "fail"
    no_group = with_node(run.history(), "node1", state=None)
    assert convergence(no_group).verdict == "pass"
    assert convergence(replace(no_group, nodes={"node1": {"state": None}})).verdict == "fail"


def test_either_evidence_will_do_and_none_is_unknown(busy: Run) -> None:
    history = busy.history()
    assert convergence(replace(history, nodes=None)).verdict == "pass"
    assert convergence(replace(history, final={})).verdict == "pass"
    assert convergence(replace(history, nodes=None, final={})).verdict == "unknown"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (f"{UUID}:1-5", f"{UUID.upper()}:1-3:4-5"),
        (f"{UUID}:1-5,\n{UUID[:-1]}a:7", f"{UUID[:-1]}a:7, {UUID}:1-5"),
        (f"{UUID}:1-2:tag:5:6", f"{UUID}:tag:5-6,{UUID}:1:2"),
        ("", " \n"),
    ],
)
def test_gtid_sets_compare_as_sets(left: str, right: str) -> None:
    assert gtid_set(left) == gtid_set(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [(f"{UUID}:1-5", f"{UUID}:1-4"), (f"{UUID}:1", f"{UUID}:tag:1"), (f"{UUID}:1", ""), ("", None)],
)
def test_gtid_sets_that_differ_differ(left: str, right: str | None) -> None:
    assert gtid_set(left) != gtid_set(right)
