"""What a control plane adds to every page: its decisions, pods it set aside, operations that are no faults, routing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from checks.judge import judge
from history.decisions import Decision
from history.faults import FaultRecord
from history.history import History
from reports.charts.canvas import NARROW, style
from reports.charts.charts import Picture
from reports.charts.recovery_steps import event_words, struck_together
from reports.charts.timeline import draw_timeline
from reports.formats.console import print_table
from reports.formats.junit import junit_xml
from reports.formats.markdown import summary_md
from reports.formats.openmetrics import openmetrics
from reports.formats.page import report_html
from reports.mesh_text import mesh_words
from reports.schema import validate
from reports.summary import summarise
from reports.summary_types import FaultRow, Summary
from reports.text.decisions import decision_rows

MakeHistory = Callable[..., History]
SECOND_NS = 1_000_000_000


def decision(history: History, at_s: float, event: str, pod: str | None = None, **detail: Any) -> Decision:
    zero_ns = int(history.ops["intended_ns"].min())
    return Decision(at_ns=zero_ns + round(at_s * SECOND_NS), event=event, epoch=2, pod=pod, detail=detail)


@pytest.fixture(scope="module")
def history(make_history: MakeHistory) -> History:
    """A recorded failover with decisions; node1 ends in quarantine, and node4 was added on the way."""
    made = make_history(rate=10)
    decisions = (
        decision(made, -2, "published", write=["node1"], read=[]),
        decision(made, 15.5, "primary_gone", "node1", agree=["node2", "node3"]),
        decision(made, 20, "promoted", "node2"),
        decision(made, 38, "quarantined", "node1", errant="uuid:101-103", count=3),
    )
    added = FaultRecord(
        id=1,
        fault="scale-out",
        target="new_replica",
        pods=("node4",),
        injected_ns=decisions[2].at_ns + 25 * SECOND_NS,
        bitten=True,
        clean=True,
    )
    nodes = {**(made.nodes or {})}
    nodes["node1"] = {**nodes["node1"], "state": "QUARANTINED"}
    mesh = {"mode": "gateway", "proxy": "router", "routing": "static first-available"}
    manifest = {**made.manifest, "mesh": mesh}
    return replace(made, decisions=decisions, nodes=nodes, faults=(*made.faults, added), manifest=manifest)


@pytest.fixture(scope="module")
def summary(history: History) -> Summary:
    made = summarise(history, judge(history))
    validate(made)
    return made


def test_the_summary_carries_decisions_and_quarantine(summary: Summary) -> None:
    assert [one["event"] for one in summary["decisions"]] == ["published", "primary_gone", "promoted", "quarantined"]
    assert summary["decisions"][1]["since_load_ms"] == 15_500
    assert summary["quarantined"] == [{"pod": "node1", "count": 3, "errant": "uuid:101-103", "explained": True}]
    assert [fault["operation"] for fault in summary["faults"]] == [False, True]
    assert [step["step"] for step in summary["faults"][0]["waterfall"]][-1] == "quarantined"


def test_decisions_are_worded(summary: Summary) -> None:
    rows = decision_rows(summary)
    assert rows[0][:4] == ("-2 s", "published", "", "writes to node1; reads from none")
    assert rows[1][2:] == ("node1", "agree: node2 node3")
    assert rows[3].detail == "3 transactions that no other node has: uuid:101-103"


def test_every_page_tells_of_them(summary: Summary) -> None:
    nothing = Picture(wide=b"", narrow=b"")
    page = re.sub(r"\s+", " ", report_html(summary, dict.fromkeys(("timeline", "latency", "waterfall"), nothing)))
    out = io.StringIO()
    print_table(summary, console=Console(file=out))
    words = "node1 is quarantined: it holds 3 transactions that no other node has (uuid:101-103)."
    assert words in page
    assert words in summary_md(summary)
    assert words in out.getvalue().replace("\n", "").replace("  ", " ")
    for text in (
        "<h2>Control plane decisions</h2>",
        "<h2>Faults and planned changes</h2>",
        "MySQL Router; static first-available routing",
    ):
        assert text in page
    assert "### Control plane decisions" in summary_md(summary)
    metrics = openmetrics(summary)
    assert 'proxy="router",pod="node1"} 3.0' in metrics
    assert 'kind="failover"} 1.0' in metrics


def test_an_operation_is_no_fault_to_junit(summary: Summary) -> None:
    names = [case.attrib["name"] for case in ET.fromstring(junit_xml(summary)).iter("testcase")]
    assert "fault 0: kill of primary takes effect" in names
    assert "step 1: scale-out of new_replica takes effect" in names


def test_a_quarantine_that_nobody_decided_says_so(history: History) -> None:
    made = replace(history, decisions=())
    assert "no decision of the control plane says why" in summary_md(summarise(made, judge(made)))


def test_the_why_tells_when_writes_were_away(summary: Summary) -> None:
    assert re.search(
        r"Writes were unavailable for 6[.\d]* s \(from 1\d[.\d]* s to 2\d[.\d]* s of the load\)", summary["why"]
    )
    assert summary["write_unavailable_ms"] == summary["write_outage_ms"]


def test_faults_that_struck_at_once_are_one_event(summary: Summary) -> None:
    kill, added = summary["faults"]
    injected_ns = kill["injected_ns"] or 0
    also: FaultRow = {**kill, "pod": "node3", "injected_ns": injected_ns - 1000, "waterfall": kill["waterfall"][:2]}
    later: FaultRow = {**kill, "injected_ns": injected_ns + 2 * SECOND_NS}
    never: FaultRow = {**kill, "injected_ns": None}
    groups = struck_together([kill, added, also, later, never])
    assert [[one["pod"] for one in group] for group in groups] == [["node1", "node3"], ["node1"], ["node4"]]
    assert event_words(groups[0]) == "kill of node1, node3"


@pytest.mark.parametrize(("faults", "labels"), [(1, 7), (2, 2)])
def test_many_faults_are_still_named(history: History, summary: Summary, faults: int, labels: int) -> None:
    """All steps of one event; of several, where all would be a wall, only what was done."""
    kill = summary["faults"][0]
    shown: list[FaultRow] = [
        {**kill, "injected_ns": (kill["injected_ns"] or 0) + i * 5 * SECOND_NS} for i in range(faults)
    ]
    with style(NARROW):
        strip = draw_timeline(history.ops, shown, NARROW).axes[0]
    assert len(strip.texts) == labels
    assert strip.texts[0].get_text() == "kill of node1"


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        ({}, ""),
        ({"mode": "direct"}, "direct: no proxy: clients know every node"),
        ({"mode": "gateway", "proxy": "envoy"}, "gateway: one proxy pod between clients and nodes; Envoy"),
        ({"mode": "gateway", "proxy": "router", "routing": "metadata-cache"}, "reads the group's members"),
        (
            {"mode": "gateway", "proxy": "own", "title": "Ours", "routing": "r", "routes": "by moon"},
            "Ours; r routing: by m",
        ),
        ({"mode": "else", "proxy": "own", "routing": "by-moon"}, "else: own; by-moon routing"),
    ],
)
def test_how_operations_reached_a_pod(mesh: dict[str, Any], words: str) -> None:
    assert words in mesh_words(mesh)
