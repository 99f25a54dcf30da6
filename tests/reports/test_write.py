"""The folder as its readers meet it: every file there, each valid in its own format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from checks.judge import judge
from checks.recovery import waterfall
from history.faults import FaultRecord
from history.history import History
from reports.charts.charts import Picture
from reports.formats.junit import junit_xml
from reports.formats.page import report_html
from reports.summary import summarise
from reports.write import write_reports

MakeHistory = Callable[..., History]
FILES = {
    "summary.json",
    "report.html",
    "timeline.png",
    "latency.png",
    "waterfall.png",
    "summary.md",
    "junit.xml",
    "metrics.prom",
}
HOSTILE = (
    '<script>alert("x")</script><img src=http://evil.example/a.png> | `x` $\\frac{1}$ \x00\x1b[31m \N{PILE OF POO}'
)

# OpenMetrics 1.0, section "ABNF", without timestamps and exemplars: nothing here writes them.
SAMPLE = re.compile(
    r'^[a-z_][a-z0-9_]*\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\} -?\d[\d.e+-]*$'
)
METADATA = re.compile(r"^# (TYPE [a-z_]+ gauge|UNIT [a-z_]+_(seconds) \2|HELP [a-z_]+ \S.*)$")


def write(history: History, out: Path) -> Any:
    return write_reports(history, judge(history), out)


@pytest.mark.slow
def test_a_faults_steps_are_worked_out_once_for_judgement_and_reports(
    make_history: MakeHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[int] = []
    once = waterfall.waterfall

    def counted(history: History, fault: FaultRecord) -> list[waterfall.Step]:
        asked_for.append(fault.id)
        return once(history, fault)

    monkeypatch.setattr(waterfall, "waterfall", counted)
    history = make_history()
    first, later = history.faults[0], replace(history.faults[0], id=1)
    summary = write(replace(history, faults=(first, later)), tmp_path)
    assert len(summary["faults"]) == 2
    assert asked_for == [0, 1]


@pytest.fixture(scope="module")
def whole(make_history: MakeHistory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a recorded run in which the log lines are out to break every format; tests only read it."""
    folder = tmp_path_factory.mktemp("whole")
    history = make_history()
    ops = history.ops.assign(error=history.ops["error"].mask(history.ops["outcome"] != "ok", HOSTILE))
    fault = replace(history.faults[0], bitten=False, bitten_evidence={HOSTILE: HOSTILE}, fault=HOSTILE)
    scenario = {**history.manifest["scenario"], "name": HOSTILE}
    write(replace(history, ops=ops, faults=(fault,), manifest={**history.manifest, "scenario": scenario}), folder)
    return folder


@pytest.mark.slow
def test_every_file_is_there_and_no_half_of_one(make_history: MakeHistory, tmp_path: Path) -> None:
    summary = write(make_history(), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == FILES | {"hdr"}
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1])
def test_a_folder_with_ops_alone_gets_every_report(make_history: MakeHistory, tmp_path: Path, rows: int) -> None:
    write(History(ops=make_history().ops[:rows]), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == FILES | ({"hdr"} if rows else set())


@pytest.mark.slow
def test_a_run_without_an_acknowledgement_gets_every_report(make_history: MakeHistory, tmp_path: Path) -> None:
    history = make_history()
    write(History(ops=history.ops.assign(outcome="unknown"), faults=history.faults), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == FILES


def test_a_summary_that_breaks_the_schema_writes_nothing(make_history: MakeHistory, tmp_path: Path) -> None:
    history = make_history()
    no_word: Any = 7
    broken = replace(history, faults=(replace(history.faults[0], peer=no_word),))
    with pytest.raises(jsonschema.ValidationError):
        write(broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class _Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_asks_nothing_of_the_network_and_runs_nothing(whole: Path) -> None:
    page = _Page((whole / "report.html").read_text())
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "object", "embed", "base")
        for name in ("src", "srcset", "href", "action", "data", "poster", "style"):
            assert (attributes.get(name) or "data:").startswith("data:")
    assert "url(" not in page.text
    assert "@import" not in page.text
    policies = [a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    assert [tag for tag, _ in page.tags].count("picture") == 3


def test_hostile_text_is_shown_and_not_obeyed(whole: Path) -> None:
    page = _Page((whole / "report.html").read_text())
    assert '<script>alert("x")</script>' in page.text
    assert '[data-label]::before { content: attr(data-label) ": "' in page.text
    markdown = (whole / "summary.md").read_text()
    assert "<script>" not in markdown.replace("\\<", "")
    rows = [line for line in markdown.splitlines() if line.startswith("| kill") or line.startswith("| lost |")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) in (3, 5) for row in rows)


def test_the_page_puts_the_verdict_before_the_gates_before_the_rest(whole: Path) -> None:
    text = _Page((whole / "report.html").read_text()).text
    order = ["The trial proves nothing", "Gates", "Checks", "Key numbers", "Recovery waterfall", "Over time"]
    order += ["Latency", "Faults", "Witnesses", "Errors", "Set-up", "Reproduce", "How to read this page"]
    places = [text.index(f"\n{word}") if word.istitle() else text.index(word) for word in order]
    assert places == sorted(places)
    assert "meshbench run primary-kill --seed 7 --set 'load.rate=200 '" in text


def test_junit_counts_what_it_holds(whole: Path) -> None:
    suite = ET.parse(whole / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    for attribute, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[attribute]) == sum(case.find(kind) is not None for case in cases)
    assert int(suite.attrib["tests"]) == len(cases)
    # The fault that did not take effect, and the void trial.
    assert int(suite.attrib["errors"]) == 2
    properties = {item.attrib["name"]: item.attrib["value"] for item in suite.iter("property")}
    assert (properties["verdict"], properties["seed"], properties["rpo.lost"]) == ("void", "7", "0")
    assert float(properties["phases.after.response_ms.p99"]) > 0


def test_junit_has_a_failure_for_a_failed_check(make_history: MakeHistory) -> None:
    history = make_history()
    failing = replace(history, manifest={**history.manifest, "gates": {"write_outage_ms": 1}})
    root = ET.fromstring(junit_xml(summarise(failing, judge(failing))))
    failed = [case.attrib["name"] for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["availability"]


def test_junit_has_a_failure_for_what_had_to_be_decided_and_was_not(make_history: MakeHistory) -> None:
    history = make_history(observed=None)
    gates = {"stale_reads": 0, "require": ["replication"]}
    summary = summarise(history, judge(replace(history, manifest={**history.manifest, "gates": gates})))
    assert (summary["verdict"], summary["undecided_gates"], summary["failed"]) == (
        "fail",
        ["stale_reads"],
        ["replication"],
    )
    assert "Gate stale_reads fails: this run has no measurement for it." in summary["why"]
    failed = [case for case in ET.fromstring(junit_xml(summary)).iter("testcase") if case.find("failure") is not None]
    assert [case.attrib["name"] for case in failed] == ["replication", "gate stale_reads"]


def test_metrics_are_openmetrics(whole: Path) -> None:
    text = (whole / "metrics.prom").read_text()
    assert text.endswith("\n# EOF\n")
    lines = text.splitlines()[:-1]
    for line in lines:
        assert METADATA.match(line) if line.startswith("#") else SAMPLE.match(line), line
    samples = [line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")]
    assert len(samples) == len(set(samples))
    assert any(line.startswith("meshbench_write_outage_seconds{") for line in lines)
    assert 'topology="group",proxy="envoy",verdict="void"} 1.0' in text


def test_a_workload_without_a_name_has_a_page(make_history: MakeHistory) -> None:
    history = make_history()
    scenario = {**history.manifest["scenario"], "workload": {"accounts": 100}}
    made = replace(history, manifest={**history.manifest, "scenario": scenario})
    pictures = dict.fromkeys(("timeline", "latency", "waterfall"), Picture(wide=b"", narrow=b""))
    page = report_html(summarise(made, judge(made)), pictures)
    assert "seed 7" in page
    assert "workload " not in _Page(page).text.split("seed 7")[0]
