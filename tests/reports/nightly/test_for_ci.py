"""A night as a CI shows it: JUnit, GitHub's step summary and its error lines, which agree with the exit code."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reports.nightly.error_lines import LINES_MAX, error_lines
from reports.nightly.flagged import flagged
from reports.nightly.junit import junit_xml
from reports.nightly.step_summary import BYTES_MAX, step_summary
from reports.schema import validate

HOSTILE = "a|b <script>alert(1)</script>\n%0A::error::x \x00\x1b[31m"


def trial(cell: str = "group / envoy", *, number: int = 1, outcome: str = "pass", **more: Any) -> dict[str, Any]:
    return {
        "scenario": "primary-kill",
        "cell": cell,
        "number": number,
        "attempt": 1,
        "seed": 6 + number,
        "order": number,
        "started_at": "2026-11-28T01:00:00+00:00",
        "took_s": 61.5,
        "verdict": outcome,
        "outcome": outcome,
        "why": f"it is a {outcome}",
        "void_reasons": ["noise"] if outcome == "void" else [],
        "failed": ["write_outage"] if outcome == "fail" else [],
        "counts": outcome in ("pass", "fail"),
        "numbers": {"write_outage_ms": 2400.0, "lost": 0.0},
        "folder": f"../../primary-kill/run-{number}",
        "command": ["meshbench", "run", "primary-kill", "--seed", str(6 + number)],
        "sentinel": {"cpu_s": 0.5, "fsync_ms": 2.0},
        **more,
    }


def cell(verdict: str = "pass", *, mesh: str = "envoy", **more: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("passed", "failed", "void", "broken", "left_out"), 0)
    counts |= {{"pass": "passed", "fail": "failed", "not run": "left_out"}.get(verdict, verdict): 1}
    counts.pop("not applicable", None)
    return {
        "scenario": "primary-kill",
        "cell": f"group / {mesh}",
        "topology": "group",
        "mesh": mesh,
        "expected": "pass",
        "planned": 1,
        **counts,
        "verdict": verdict,
        "not_applicable": None,
        "medians": {"write_outage_ms": 2400.0, "lost": 0.0},
        **more,
    }


def finding(*, confirmed: bool | None = True) -> dict[str, Any]:
    return {
        "scenario": "primary-kill",
        "cell": "group / envoy",
        "metric": "write_outage_ms",
        "words": "longest time without an acknowledged write",
        "unit": "ms",
        "before": 2400.0,
        "tonight": 9000.0,
        "p": 0.0004,
        "effect": 2.75,
        "confirmed": confirmed,
        "step": "rerouted",
        "text": "write outage 2.4 s -> 9 s, mostly rerouted",
    }


def gate(*findings: dict[str, Any], verdict: str = "worse") -> dict[str, Any]:
    return {
        "verdict": verdict,
        "why": "compared with 3 nights",
        "nights": ["20261127T010203Z"],
        "trials": {"before": 12, "tonight": 4},
        "findings": list(findings),
        "undecided": [],
    }


def night(*cells: dict[str, Any], trials: Any = (), verdict: str = "pass", **more: Any) -> Any:
    """A nightly.json that keeps its schema."""
    content = {
        "schema": "meshbench/nightly/1",
        "name": "nightly",
        "id": "20261128T010203Z",
        "suite": {},
        "suite_digest": "0" * 64,
        "command": ["meshbench", "nightly", "nightly.yaml"],
        "seed": 7,
        "started_at": "2026-11-28T01:02:03+00:00",
        "ended_at": "2026-11-28T02:02:03+00:00",
        "state": "ended",
        "commit": "abc123",
        "dirty": False,
        "host": "2 cores",
        "budget_s": 3600.0,
        "spent_s": 3500.0,
        "resumed": 0,
        "verdict": verdict,
        "why": f"the night is a {verdict}",
        "exit_code": {"pass": 0, "fail": 1, "void": 3, "broken": 4, "not run": 3}[verdict],
        "cells": list(cells),
        "trials": list(trials),
        "left_out": [],
        "cut": [],
        "running": None,
        "gate": None,
        **more,
    }
    validate(content, "nightly")
    return content


def suites(content: Any) -> list[ET.Element]:
    return ET.fromstring(junit_xml(content)).findall("testsuite")


@pytest.mark.parametrize(
    ("outcomes", "verdict", "counted"),
    [
        (["pass", "pass"], "pass", ("2", "0", "0", "0")),
        (["pass", "fail"], "fail", ("2", "1", "0", "0")),
        (["void", "pass"], "pass", ("2", "0", "0", "1")),
        (["void", "void"], "void", ("2", "0", "2", "0")),
        (["broken", "pass"], "pass", ("2", "0", "0", "1")),
        (["broken", "broken"], "broken", ("2", "0", "2", "0")),
    ],
)
def test_junit_is_red_where_the_exit_code_is_not_0(outcomes: list[str], verdict: str, counted: tuple[str, ...]) -> None:
    rows = [trial(number=number, outcome=outcome) for number, outcome in enumerate(outcomes, start=1)]
    content = night(cell(verdict), trials=rows, verdict=verdict)
    (suite,) = suites(content)
    assert tuple(suite.get(name) for name in ("tests", "failures", "errors", "skipped")) == counted
    red = suite.findall("testcase/failure") + suite.findall("testcase/error")
    assert bool(red) == bool(content["exit_code"]) == bool(flagged(content)) == bool(error_lines(content))


def test_a_case_carries_its_seed_folder_command_and_numbers_as_properties() -> None:
    (suite,) = suites(night(cell(), trials=[trial()]))
    facts = {one.get("name"): one.get("value") for one in suite.findall("testcase/properties/property")}
    assert facts["seed"] == "7"
    assert facts["folder"] == "../../primary-kill/run-1"
    assert facts["command"] == "meshbench run primary-kill --seed 7"
    assert facts["write_outage_ms"] == "2400.0"
    assert facts["sentinel.cpu_s"] == "0.5"
    of_suite = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert (of_suite["commit"], of_suite["median.write_outage_ms"]) == ("abc123", "2400.0")
    assert suite.find("testcase").get("time") == "61.500"  # type: ignore[union-attr]


def test_only_what_a_rerun_confirmed_is_a_failure_of_the_gate() -> None:
    three = [finding(), finding(confirmed=False), finding(confirmed=None)]
    content = night(cell(), trials=[trial()], verdict="fail", gate=gate(*three))
    of_gate = suites(content)[1]
    assert [one[1].tag for one in of_gate.findall("testcase")] == ["failure", "skipped", "skipped"]
    assert "write outage 2.4 s -> 9 s, mostly rerouted" in of_gate.find("testcase/failure").get("message", "")  # type: ignore[union-attr]
    assert [flag.text for flag in flagged(content)] == ["write outage 2.4 s -> 9 s, mostly rerouted"]


def test_a_gate_that_found_nothing_has_one_case_that_passed() -> None:
    of_gate = suites(night(cell(), trials=[trial()], gate=gate(verdict="nothing moved")))[1]
    assert (of_gate.get("tests"), of_gate.get("failures"), of_gate.get("skipped")) == ("1", "0", "0")


def test_what_was_not_run_is_skipped_and_says_why() -> None:
    left = {"scenario": "primary-kill", "cell": "group / envoy", "number": 2, "why": "the budget is spent"}
    never = cell("not applicable", mesh="router", not_applicable="router needs a group")
    content = night(cell(), never, trials=[trial()], left_out=[left])
    told = [one.get("message") for suite in suites(content) for one in suite.findall("testcase/skipped")]
    assert told == ["the budget is spent", "router needs a group"]
    assert "the budget is spent" in step_summary(content)
    assert "router needs a group" in step_summary(content)


def test_the_step_summary_says_first_what_is_flagged() -> None:
    cells = [cell(), cell("fail", mesh="haproxy")]
    rows = [trial(), trial("group / haproxy", number=2, outcome="fail")]
    content = night(*cells, trials=rows, verdict="fail", gate=gate(finding()))
    text = step_summary(content)
    assert text.startswith("## FAIL: nightly (20261128T010203Z)\n")
    order = ["### To look at", "write outage 2.4 s", "primary-kill: group / haproxy**: 1 of 1 trial failed"]
    order += [
        "### Compared",
        "### Cells",
        "### Trials that failed",
        "meshbench run primary-kill --seed 8",
        "commit abc123",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "| write_outage_ms | 2.4 s | 9 s | 0.0004 | rerouted | yes |" in text.replace("\\_", "_")


def test_hostile_words_do_nothing_in_markdown_xml_or_an_error_line() -> None:
    rows = [trial(outcome="fail", why=HOSTILE)]
    content = night(cell("fail"), trials=rows, verdict="fail", why=HOSTILE)
    text = step_summary(content)
    assert "<script>" not in text.replace("\\<", "")
    assert all(
        line.count("|") - line.count("\\|") == 6 for line in text.splitlines() if "alert" in line and line[0] == "|"
    )
    assert "\x1b" not in text
    suites(content)
    (line,) = error_lines(content)
    assert "\n" not in line
    assert line.count("::error") == 1 + 1
    assert line.startswith("::error title=primary-kill%3A group / envoy::1 of 1 trial failed")
    assert "%250A" in line
    assert "\x1b" not in line


def test_there_are_at_most_ten_error_lines_and_the_last_says_how_many_more() -> None:
    cells = [cell("fail", mesh=f"mesh{number}") for number in range(14)]
    rows = [trial(f"group / mesh{number}", number=1, outcome="fail") for number in range(14)]
    lines = error_lines(night(*cells, trials=rows, verdict="fail"))
    assert len(lines) == LINES_MAX == 10
    assert lines[-1] == "::error title=nightly::and 5 more; see the summary"
    assert len(error_lines(night(*cells[:10], trials=rows, verdict="fail"))) == 10


def test_a_night_of_which_nothing_was_run_is_flagged() -> None:
    content = night(cell("not run"), verdict="not run")
    assert error_lines(content) == ["::error title=nightly::the night is a not run"]


@pytest.mark.slow
def test_a_summary_that_is_too_long_keeps_the_flags_and_says_what_it_leaves_out() -> None:
    rows = [trial(number=number, outcome="fail", why="é" * 390) for number in range(1, 3001)]
    text = step_summary(night(cell("fail", planned=3000, failed=3000), trials=rows, verdict="fail"))
    assert len(text.encode()) <= BYTES_MAX < 2**20
    assert "3,000 of 3,000 trials failed" in text
    assert "lines do not fit here; nightly.json has everything" in text
    assert len(text.encode()) > BYTES_MAX * 0.9
