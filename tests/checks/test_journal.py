"""What a line of faults.jsonl says of its step beside its story, and what is read where it says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from history.faults import FaultRecord, fault_records
from history.json_files import HistoryError

LINE = {"id": 0, "step": "injected", "at_ns": 5, "fault": "partition", "target": "replicas", "pod": "node2"}
FACTS = {
    "kind": "fault",
    "hits": "link",
    "peer": "primary",
    "isolates_from": ["node1"],
    "after": "promoted",
    "heal_after_s": 2.5,
    "for_good": False,
    "parameters": {"delay_s": 0.2},
}


def read(*lines: dict[str, Any]) -> FaultRecord:
    return fault_records((f"faults.jsonl:{i}", line) for i, line in enumerate(lines, start=1))[0]


def test_everything_that_a_step_was_is_read_from_its_lines() -> None:
    planned = LINE | FACTS | {"step": "planned", "pod": None, "isolates_from": None}
    record = read(planned, LINE | FACTS)
    assert (record.kind, record.hits, record.peer, record.isolates_from) == ("fault", "link", "primary", ("node1",))
    assert (record.after, record.heal_after_s, record.for_good) == ("promoted", 2.5, False)
    assert record.parameters == {"delay_s": 0.2}


def test_a_line_of_an_older_folder_is_read_by_the_name_of_its_fault() -> None:
    record = read(LINE)
    assert (record.kind, record.hits, record.isolates_from, record.is_change, record.hit_node) == (
        None, None, None, False, True,
    )  # fmt: skip
    assert read(LINE | {"fault": "switchover", "target": "primary"}).is_change
    assert not read(LINE | {"target": "control_plane"}).hit_node


def test_the_journal_is_believed_before_the_name() -> None:
    assert read(LINE | FACTS | {"kind": "change"}).is_change
    assert not read(LINE | FACTS | {"hits": "agent", "target": "agent of primary"}).hit_node


def test_a_fault_of_a_name_that_nobody_knows_says_itself_what_it_is() -> None:
    name: dict[str, Any] = {"fault": "unplug", "target": "primary"}
    assert read(LINE | name | {"isolates_from": ["all"], "part": "node"}).isolated_from == ("all",)
    assert read(LINE | name).isolated_from == ()
    assert read(LINE | name | {"kind": "change", "intends": "pod_removed"}).brings_about == "pod_removed"
    assert not read(LINE | name | {"hits": "link", "part": "proxy", "target": "proxy"}).hit_node
    refuted = read(LINE | name | {"refuted_by": {"bitten": {"plugged": [True]}}})
    assert (refuted.refuted("bitten"), refuted.refuted("clean")) == ({"plugged": [True]}, {})


def test_an_older_line_says_by_its_name_what_refutes_it_and_what_it_brings_about() -> None:
    assert read(LINE).isolated_from == ("all",)
    assert read(LINE).refuted("bitten") == {"rule": [False], "packets_dropped": [0]}
    assert read(LINE | {"fault": "scale-out"}).brings_about == "pod_added"


@pytest.mark.parametrize(
    "wrong",
    [
        {"refuted_by": {"bitten": ["answers"]}},
        {"part": "link"},
        {"intends": "peace"},
        {"isolates_from": "node1"},
        {"isolates_from": [1]},
        {"peer": 3},
        {"for_good": "yes"},
        {"parameters": []},
        {"heal_after_s": "soon"},
        {"hits": "everything"},
        {"kind": "accident"},
    ],
)
def test_what_is_no_such_fact_is_refused_with_its_line(wrong: dict[str, Any]) -> None:
    with pytest.raises(HistoryError, match=rf"faults\.jsonl:1: {next(iter(wrong))!r} must be "):
        read(LINE | wrong)


def test_a_node_is_lost_where_the_fault_says_so_and_where_it_says_nothing() -> None:
    name: dict[str, Any] = {"fault": "delay", "target": "primary", "hits": "link", "part": "node"}
    assert read(LINE | name).lost_node, "older lines say nothing of it"
    assert read(LINE | name | {"loses_node": True}).lost_node
    assert not read(LINE | name | {"loses_node": False}).lost_node
    assert not read(LINE | name | {"loses_node": True, "part": "proxy"}).lost_node
    assert not read(LINE | name | {"kind": "change"}).lost_node
    assert read(LINE | name | {"kind": "change", "loses_node": True}).lost_node
