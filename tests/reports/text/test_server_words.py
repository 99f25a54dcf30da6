"""MySQL's own words on every page, and what follows from them: a promise that did not hold is not said."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from checks.judge import judge
from history.history import History
from history.server_log.read import ServerLog
from history.server_log.words import Said
from reports.charts.charts import Picture
from reports.formats.console import print_table
from reports.formats.junit import junit_xml
from reports.formats.markdown import summary_md
from reports.formats.page import report_html
from reports.schema import validate
from reports.summary import summarise

MakeHistory = Callable[..., History]
ZERO_NS = 5_000_000_000_000
PICTURES = dict.fromkeys(("timeline", "latency", "waterfall"), Picture(wide=b"", narrow=b""))
TEACHES = "that semi-sync loses nothing"
DURABLE = {"sync_binlog": "1", "innodb_flush_log_at_trx_commit": "1"}
SOURCE = DURABLE | {
    "rpl_semi_sync_source_enabled": "ON",
    "rpl_semi_sync_source_timeout": "86400000",
    "rpl_semi_sync_source_wait_point": "AFTER_SYNC",
    "rpl_semi_sync_source_wait_no_replica": "ON",
}


def words(at_s: float, code: str, text: str, pod: str = "node1") -> Said:
    return Said(at_ns=ZERO_NS + round(at_s * 1e9), pod=pod, code=code, text=text)


FALLBACK = words(6.5, "MY-011153", "Timeout waiting for reply of binlog (file: binlog.000001, pos: 117547)")
BOOT = words(-9, "MY-010931", "ready for connections")


def semisync(history: History, *said: Said, missing: dict[str, str] | None = None, **changes: Any) -> History:
    scenario = history.manifest["scenario"] | {"teaches": TEACHES, "topology": {"kind": "semisync", "pods": 3}}
    manifest = history.manifest | {
        "scenario": scenario,
        "topology": {"kind": "semisync", "pods": 3, "primaries": 1},
        "variables": dict.fromkeys(("node1", "node2", "node3"), SOURCE),
    }
    log = ServerLog(said=said, missing=missing or {})
    return replace(history, manifest=manifest | changes, server_log=log)


def pages(history: History) -> dict[str, str]:
    """Console, page, Markdown and JUnit as text with one kind of white space."""
    summary = summarise(history, judge(history))
    validate(summary)
    out = io.StringIO()
    print_table(summary, console=Console(file=out, highlight=False))
    suite = ET.fromstring(junit_xml(summary)).find("testsuite")
    assert suite is not None
    texts = {
        "console": out.getvalue(),
        "page": report_html(summary, PICTURES).replace("&#39;", "'"),
        "markdown": summary_md(summary),
        "junit": (suite.findtext("system-out") or "")
        + " ".join(one.get("value", "") for one in suite.iter("property")),
    }
    return {name: " ".join(text.split()) for name, text in texts.items()}


def lost(history: History) -> History:
    """The same with one acknowledged transfer gone from every node."""
    gone = history.final["transfers"]["id"].iloc[0]
    final = {
        name: rows[rows["id" if name == "transfers" else "transfer"] != gone] if name != "accounts" else rows
        for name, rows in history.final.items()
    }
    return replace(history, final=final)


def test_a_fallback_is_named_on_every_page_and_the_promise_is_not_said(make_history: MakeHistory) -> None:
    found = pages(semisync(lost(make_history()), BOOT, FALLBACK))
    for text in found.values():
        assert "MY-011153" in text
        assert "emi-sync fell back on node1 6.4" in text or "emi-sync fell back on node1 6.5" in text
    assert "Timeout waiting for reply of binlog (file: binlog.000001, pos: 117547)" in found["page"]
    assert f"what the scenario shows, but not in this run: {TEACHES}" in found["page"]
    assert "the promise did not hold in this run: semi-sync fell back on node1" in found["page"]
    assert "yes: the promise did not hold" in found["page"]


def test_without_a_fallback_the_promise_stands(make_history: MakeHistory) -> None:
    found = pages(semisync(make_history(), BOOT))
    for text in found.values():
        assert "fell back" not in text
    assert f"· {TEACHES}" in found["page"]
    assert "no: a commit is acknowledged once a replica has it" in found["page"]
    assert "no server logged anything about semi-sync" in found["page"]


def test_a_run_that_lost_nothing_but_fell_back_shows_nothing_either(make_history: MakeHistory) -> None:
    history = semisync(make_history(), FALLBACK)
    summary = summarise(history, judge(history))
    assert summary["verdict"] == "pass"
    assert summary["shown"] is False
    assert summary["promise"] is not None
    assert summary["promise"]["may_lose"] is True
    assert "fell back on node1" in summary["headline"]["money"]


def test_a_scenario_that_is_made_to_fail_and_does_is_shown(make_history: MakeHistory) -> None:
    history = lost(make_history())
    scenario = history.manifest["scenario"] | {"expect": {"verdict": "fail", "checks": []}}
    summary = summarise(failed := replace(history, manifest=history.manifest | {"scenario": scenario}), judge(failed))
    assert (summary["verdict"], summary["shown"]) == ("fail", True)


def test_a_fallback_of_no_semi_sync_breaks_no_promise(make_history: MakeHistory) -> None:
    history = replace(make_history(), server_log=ServerLog(said=(FALLBACK,)))
    assert summarise(history, judge(history))["shown"] is True


def test_what_several_servers_say_of_one_event_is_one_row_and_what_was_said_before_is_none(
    make_history: MakeHistory,
) -> None:
    gone = "Primary server with address node1:3306 left the group. Electing new Primary."
    said = (
        words(-3, "MY-011490", "This server was declared online within the replication group."),
        words(20.0, "MY-011500", gone, "node3"),
        words(20.1, "MY-011500", gone, "node2"),
        words(40.0, "MY-011500", gone, "node2"),
    )
    history = replace(make_history(), server_log=ServerLog(said=said))
    rows = summarise(history, judge(history))["server_log"]["said"]
    assert [(row["pods"], row["what"]) for row in rows] == [
        (["node2", "node3"], "the primary left the group: node1"),
        (["node2"], "the primary left the group: node1"),
    ]


@pytest.mark.parametrize("why", ["log_error = /tmp/error.log keeps them from the container's log"])
def test_words_that_are_missing_are_said_to_be(make_history: MakeHistory, why: str) -> None:
    missing = dict.fromkeys(("node1", "node2", "node3"), why)
    found = pages(replace(make_history(), server_log=ServerLog(missing=missing)))
    for text in found.values():
        assert f"The log messages of node1, node2 and node3 are incomplete: {why}" in text
    assert f"Not available: {why}" in found["page"]


@pytest.mark.slow
def test_the_terminal_tells_of_losses_first_where_it_cannot_tell_all(make_history: MakeHistory) -> None:
    again = [words(9 + n, "MY-011494", f"Member with address node{n}:3306 is reachable again.") for n in range(1, 12)]
    expelled = words(30, "MY-011505", "Member was expelled from the group due to network failures.")
    history = make_history()
    some = pages(replace(history, server_log=ServerLog(said=(*again[:4], expelled))))["console"]
    assert "reachable again: node1 (MY-011494)" in some
    assert "more in the report" not in some
    most = pages(replace(history, server_log=ServerLog(said=(*again, expelled))))["console"]
    assert "this member was expelled from the group (MY-011505)" in most
    assert "… 11 more in the report" in most


def test_what_stands_in_a_log_is_text_and_nothing_else(make_history: MakeHistory) -> None:
    evil = "<script>alert(1)</script>\x1b[31m | `x` [red]"
    found = pages(replace(make_history(), server_log=ServerLog(said=(words(9, "MY-010584", evil),))))
    assert "<script>" not in found["page"]
    assert all("\x1b" not in text for text in found.values())
