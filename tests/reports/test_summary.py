"""summary.json: keeps its schema, carries what the checks measured, and never invents a number."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import pandas as pd
import pytest

from checks.judge import judge
from history.history import History
from reports.charts.charts import Picture
from reports.formats.page import report_html
from reports.schema import schema, validate
from reports.summary import summarise

MakeHistory = Callable[..., History]
Broken = Callable[[History], History]


def summary_of(history: History) -> Any:
    summary = summarise(history, judge(history))
    validate(summary)
    return summary


@pytest.fixture(scope="module")
def whole(make_history: MakeHistory) -> Any:
    """The summary of a recorded run; tests only read it."""
    return summary_of(make_history())


def test_a_recorded_run_gives_a_whole_summary(whole: dict[str, Any]) -> None:
    summary = whole
    assert summary["schema"] == "meshbench/summary/1"
    assert summary["verdict"] == "pass"
    assert (summary["scenario"], summary["seed"]) == ("primary-kill", 7)
    assert 5_900 < summary["write_outage_ms"] < 6_500
    assert summary["rpo"]["acked"] > 800
    assert (summary["rpo"]["lost"], summary["rpo"]["duplicated"], summary["rpo"]["torn"]) == (0, 0, 0)
    assert summary["load"]["lateness_ms"]["p99"] == 2.0
    assert summary["load"]["client_cpu_us_per_txn"] == pytest.approx(600)
    assert summary["phases"]["during"]["response_ms"]["p99"] > 10 * summary["phases"]["after"]["response_ms"]["p99"]
    steps = [step["step"] for step in summary["faults"][0]["waterfall"]]
    assert steps == ["injected", "detected", "elected", "rerouted", "first_ack", "steady", "rejoined"]
    assert summary["faults"][0]["bitten_evidence"]["result"] == "connection refused"
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_numbers_are_those_of_the_checks(make_history: MakeHistory) -> None:
    history = make_history()
    measured = {check.name: check.measured for check in judge(history).checks}
    summary = summary_of(history)
    assert summary["write_outage_ms"] == measured["availability"]["write_outage_ms"]
    assert summary["errors"] == measured["availability"]["errors"]
    assert summary["phases"]["after"] == measured["latency"]["after"]


def test_a_folder_with_ops_alone_knows_little_and_says_so(make_history: MakeHistory) -> None:
    summary = summary_of(History(ops=make_history().ops))
    assert summary["verdict"] == "pass"
    assert summary["rpo"] == dict.fromkeys(summary["rpo"])
    assert summary["load"]["lateness_ms"] is None
    assert (summary["seed"], summary["scenario"], summary["boot_s"]) == (None, None, None)
    assert summary["phases"]["during"] is None
    assert "durability" in summary["why"]


def test_no_operation_at_all_is_void(make_history: MakeHistory) -> None:
    summary = summary_of(History(ops=make_history().ops[:0]))
    assert summary["verdict"] == "void"
    assert "The trial proves nothing: " in summary["headline"]["look_at"]
    assert summary["headline"]["money"].startswith("Whether money was lost is not known: ")
    assert (summary["write_outage_ms"], summary["errors"]) == (None, None)


def test_a_lost_transfer_fails_and_is_named_in_the_why(make_history: MakeHistory) -> None:
    history = make_history()
    transfers = history.final["transfers"]
    lost = replace(history, final={**history.final, "transfers": transfers[transfers["id"] != transfers["id"].iloc[5]]})
    summary = summary_of(lost)
    assert summary["verdict"] == "fail"
    assert summary["why"].startswith("1 of 948 acknowledged transfers (1.00) is missing on every node. ")
    assert {gate["name"]: gate["verdict"] for gate in summary["gates"]}["lost"] == "fail"


@pytest.mark.slow
def test_what_did_not_succeed_is_told_from_one_in_a_hundred_on(make_history: MakeHistory) -> None:
    history = make_history(outage_s=0)
    ops = history.ops.assign(outcome="ok", error=None)

    def told(failed: int, error: str, outcome: str = "fail") -> str:
        first = ops.index[:failed]
        tried = ops.copy()
        tried["error"] = tried["error"].astype(object)
        tried.loc[first, ["outcome", "error"]] = [outcome, error]
        return str(summary_of(History(ops=tried))["why"])

    few = ops["key"].nunique() // 100
    assert "did not succeed" not in told(few, "overflow")
    full = f"{few + 1} of 1,200 operations (1 %) did not succeed: not sent, as the backlog was full ({few + 1}, 100 %)."
    assert full in told(few + 1, "overflow")
    assert "did not succeed: no reason given" not in told(200, "insufficient-funds"), "a refusal is an answer"
    lost = "200 of 1,200 operations (17 %) did not succeed: connection lost (200, 100 %)."
    assert lost in told(200, "connection lost", "unknown")
    again = ops.head(200).assign(outcome="fail", error="deadlock")
    retried = History(ops=pd.concat([again, ops.assign(attempt=2)], ignore_index=True))
    assert "did not succeed" not in summary_of(retried)["why"], "what a retry mended did succeed"


def test_what_a_locustfile_s_tasks_raised_is_told(make_history: MakeHistory) -> None:
    history = make_history()
    load = history.manifest["load"] | {"task_errors": 135, "task_error": "ValueError: boo (locustfile.py:9, in pay)"}
    why = summary_of(replace(history, manifest={**history.manifest, "load": load}))["why"]
    assert "Tasks of the locustfile raised 135 exceptions, the first: ValueError: boo (locustfile.py:9, in pay)." in why


def test_an_unbitten_fault_is_void_and_the_why_names_it(make_history: MakeHistory) -> None:
    history = make_history()
    summary = summary_of(replace(history, faults=(replace(history.faults[0], bitten=False),)))
    assert summary["verdict"] == "void"
    assert "kill on node1" in summary["why"]


def test_a_gate_that_is_null_is_no_gate(make_history: MakeHistory) -> None:
    history = make_history()
    gates = {"lost": 0, "min_acked": None, "require": None}
    summary = summary_of(replace(history, manifest={**history.manifest, "gates": gates}))
    assert [gate["name"] for gate in summary["gates"]] == ["lost"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gates", "checks", "says"),
    [
        ({"write_outage_ms": 1_000}, ["availability"], "meant to fail by availability, and it did."),
        ({"write_outage_ms": 1_000}, ["durability"], "meant to fail by durability, and it did not."),
        ({}, ["durability"], "meant to fail by durability, and it did not."),
        ({}, "durability", "meant to fail, and it did not."),
    ],
)
def test_a_scenario_that_is_made_to_fail_says_whether_it_did(
    make_history: MakeHistory, gates: dict[str, Any], checks: object, says: str
) -> None:
    history = make_history()
    scenario = {**history.manifest["scenario"], "expect": {"verdict": "fail", "checks": checks}}
    manifest = {**history.manifest, "scenario": scenario, "gates": gates}
    assert says in summary_of(replace(history, manifest=manifest))["why"]
    assert "meant to fail" not in summary_of(history)["why"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ({"write_outage_ms": 30_000}, "pass"),
        ({"write_outage_ms": 1_000}, "fail"),
        ({"min_acked": 10}, "pass"),
        ({"min_acked": 10_000_000}, "fail"),
        ({"response_p99_ms": 0.001}, "fail"),
        ({"lateness_p99_ms": 100}, "pass"),
        ({"lateness_p99_ms": 1}, "void"),
        ({"steal_percent": 25}, "pass"),
        ({"read_outage_ms": 60_000}, "pass"),
        ({"read_outage_ms": 1}, "fail"),
        ({"brownout_ms": 30_000}, "pass"),
        ({"brownout_ms": 1_000}, "fail"),
        ({"behind_ms": 1_000}, "pass"),
        ({"behind_ms": 0.001}, "fail"),
        ({"success_ratio": 0.5}, "pass"),
        ({"success_ratio": 0.999}, "fail"),
        ({"response_p99_during_ms": 60_000}, "pass"),
        ({"response_p99_during_ms": 0.001}, "fail"),
        ({"response_p99_after_ms": "100x"}, "pass"),
        ({"stale_reads": 0}, "unknown"),
        ({"require": ["durability"]}, "pass"),
        ({"require": ["isolation"]}, "fail"),
    ],
)
def test_every_gate_has_its_own_row(make_history: MakeHistory, gates: dict[str, Any], expected: str) -> None:
    history = make_history(observed=None)
    summary = summary_of(replace(history, manifest={**history.manifest, "gates": gates}))
    assert [gate["verdict"] for gate in summary["gates"]] == [expected]


def test_options_set_by_the_scenario_are_shown_as_the_pods_have_them(make_history: MakeHistory) -> None:
    history = make_history()
    option = "group-replication-member-expel-timeout"
    scenario = {**history.manifest["scenario"], "mysql": {"config": {option: 0, "not_reported": 5}}}
    summary = summary_of(replace(history, manifest={**history.manifest, "scenario": scenario}))
    assert summary["mysql_config"][option] == {"node1": "0", "node2": "0", "node3": "0"}


@pytest.mark.slow
def test_options_asked_for_are_shown_with_what_is_in_effect(make_history: MakeHistory) -> None:
    history = make_history()
    asked = {"option": "sync_binlog", "from": "own.cnf", "asked": "OFF", "note": "", "effective": {"node1": "0"}}
    vain = {**asked, "option": "clone_x", "effective": {}, "note": "not in effect: topology single has no clone"}
    manifest = {**history.manifest, "options": [asked, vain]}
    summary = summary_of(replace(history, manifest=manifest))
    assert summary["mysql_options"] == [asked, vain]
    assert summary["mysql_config"] == {"sync_binlog": {"node1": "0"}, "clone_x": vain["note"]}
    nothing = Picture(wide=b"", narrow=b"")
    page = report_html(summary, dict.fromkeys(("timeline", "latency", "waterfall"), nothing))
    assert "own.cnf asked OFF; in effect: 0" in page
    assert "own.cnf asked OFF (not in effect: topology single has no clone)" in page
    for strange in ("nonsense", [7, {"option": ["x"], "effective": 3}]):
        summary_of(replace(history, manifest={**history.manifest, "options": strange}))


def test_a_number_that_is_none_becomes_null(make_history: MakeHistory) -> None:
    history = make_history()
    summary = summary_of(replace(history, manifest={**history.manifest, "versions": {"share": float("nan")}}))
    assert summary["versions"] == {"share": None}


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "meshbench/summary/2"),
        ("verdict", "perhaps"),
        ("verdict", "void"),
        ("seed", "seven"),
        ("write_outage_ms", -1),
        ("why", ""),
        ("rpo", {"acked": 1}),
        ("checks", [{"name": "durability", "verdict": "void", "expected": "", "measured": {}, "witness": []}]),
    ],
)
def test_the_schema_refuses_what_no_summary_says(whole: dict[str, Any], key: str, value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate({**whole, key: value})


def test_the_schema_lets_later_issues_add(whole: dict[str, Any]) -> None:
    validate({**whole, "isolation_model": "serializable"})
