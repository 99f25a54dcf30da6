"""Folders that no run left: each gets a verdict or one line that names what is wrong, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks.availability import availability
from checks.convergence import convergence
from checks.judge import judge
from history.history import History, load_history
from history.json_files import HistoryError

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Write = Callable[[History], Path]
DECISION = {"at_ns": 7, "event": "promoted", "epoch": 2, "pod": "node2", "detail": {"gtid": "x:1"}}


@pytest.fixture
def folder(busy: Run, written: Write) -> Path:
    return written(busy.history())


def test_decisions_are_read_in_order_of_time(folder: Path) -> None:
    assert load_history(folder).decisions == ()
    lines = [DECISION, {"at_ns": 5, "event": "started", "epoch": 1, "pod": None, "detail": {}}]
    (folder / "decisions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    started, promoted = load_history(folder).decisions
    assert (started.event, started.pod) == ("started", None)
    assert (promoted.at_ns, promoted.epoch, promoted.pod, promoted.detail) == (7, 2, "node2", {"gtid": "x:1"})


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "",
        "{}",
        json.dumps(DECISION | {"at_ns": "soon"}),
        json.dumps(DECISION | {"at_ns": -1}),
        json.dumps(DECISION | {"event": None}),
        json.dumps(DECISION | {"epoch": None}),
        json.dumps(DECISION | {"pod": 7}),
        json.dumps(DECISION | {"detail": [1]}),
        '{"detail": ' + "[" * 100_000,
        json.dumps(DECISION | {"pod": "\ud800"}),
    ],
)
def test_a_bad_decision_is_named_with_its_line(folder: Path, line: str) -> None:
    (folder / "decisions.jsonl").write_text(json.dumps(DECISION) + "\n" + line + "\n")
    with pytest.raises(HistoryError) as caught:
        load_history(folder)
    assert str(caught.value).startswith(f"{folder / 'decisions.jsonl'}:2: not a decision of the control plane")


@pytest.mark.parametrize(
    ("manifest", "named"),
    [
        ({"load": {"lateness_ms": {"p99": "big"}}}, "'load.lateness_ms.p99'"),
        ({"load": {"lateness_ms": "big"}}, "'load.lateness_ms'"),
        ({"load": {"cpu_s": True}}, "'load.cpu_s'"),
        ({"host": {"steal_percent": "much"}}, "'host.steal_percent'"),
        ({"boot_s": -1}, "'boot_s'"),
        ({"durations_s": {"load": []}}, "'durations_s.load'"),
        ({"seed": "seven"}, "'seed'"),
        ({"command": "meshbench"}, "'command'"),
        ({"scenario": {"name": 7}}, "'scenario.name'"),
        ({"topology": {"pods_at_end": []}}, "'topology.pods_at_end'"),
        ({"topology": {"pods": 2.5}}, "'topology.pods'"),
        ({"topology": {"primaries": -1}}, "'topology.primaries'"),
    ],
)
def test_a_value_of_another_kind_in_the_manifest_is_named(folder: Path, manifest: dict[str, Any], named: str) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(HistoryError, match="manifest.json: " + named.replace(".", r"\.")):
        load_history(folder)


@pytest.mark.parametrize("depth", [100, 500, 100_000])
def test_a_manifest_without_end_is_refused(folder: Path, depth: int) -> None:
    (folder / "manifest.json").write_text('{"a":' * depth + "1" + "}" * depth)
    with pytest.raises(HistoryError, match="nested deeper"):
        load_history(folder)


def test_gates_that_are_null_are_no_gates(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"gates": null}')
    assert judge(load_history(folder)).verdict == "pass"


def test_evidence_that_is_no_object_is_named(folder: Path) -> None:
    step = {"id": 0, "step": "bitten", "at_ns": 5, "fault": "kill", "target": "primary", "ok": True, "evidence": "yes"}
    (folder / "faults.jsonl").write_text(json.dumps(step))
    with pytest.raises(HistoryError, match=r"faults\.jsonl:1: not a fault step"):
        load_history(folder)


def test_several_pods_hit_by_one_fault_are_told_apart(folder: Path) -> None:
    step = {"id": 0, "step": "injected", "at_ns": 5, "fault": "kill", "target": "minority", "pod": ["node1", "node2"]}
    (folder / "faults.jsonl").write_text(json.dumps(step))
    assert load_history(folder).faults[0].pods == ("node1", "node2")


def test_ops_that_end_before_they_were_wanted_are_judged(run: Run) -> None:
    run.traffic(0, 1000)
    run.transfer("early", at_ms=5000, start_ms=4000, took_ms=-4900, outcome="unknown")
    verdict = availability(run.history())
    assert (verdict.verdict, verdict.measured["unknown"]) == ("pass", 1)
    ops = run.history().ops
    assert availability(run.history(ops=ops[ops["key"] == "early"])).verdict == "fail"


def test_a_fault_after_the_load_voids(run: Run) -> None:
    run.traffic(0, 1000)
    run.fault(injected_ms=990.5, healed_ms=995)
    judgement = judge(run.history())
    assert judgement.verdict == "void"
    assert "after the load had ended" in judgement.void_reasons[0]


@pytest.mark.parametrize(
    ("pods", "verdict"), [({"pods_at_end": 3}, "pass"), ({}, "fail"), ({"pods_at_end": 4}, "fail")]
)
def test_the_number_of_pods_at_the_end_may_differ(busy: Run, pods: dict[str, int], verdict: str) -> None:
    history = busy.history(manifest={"topology": {"pods": 2, **pods}})
    assert convergence(history).verdict == verdict
    assert convergence(replace(history, manifest={"topology": {"pods": 3}})).verdict == "pass"


@pytest.mark.parametrize(
    ("manifest", "named"),
    [
        ({"scenario": "primary-kill"}, "'scenario' must be an object"),
        ({"scenario": {"faults": {"fault": "kill"}}}, "'scenario.faults' must be a list"),
        ({"scenario": {"faults": ["kill"]}}, "'scenario.faults.0' must be an object"),
        ({"scenario": {"mysql": {"config": []}}}, "'scenario.mysql.config' must be an object"),
        ({"topology": "group"}, "'topology' must be an object"),
        ({"topology": {"pods": "three"}}, "'topology.pods' must be a whole number from 0 up"),
        ({"versions": ["9.7"]}, "'versions' must be an object"),
        ({"gates": [1]}, "'gates' must be an object"),
        ({"load": "?"}, "'load' must be an object"),
        ({"load": {"complete": "no"}}, "'load.complete' must be true or false"),
        ({"load": {"dead": "load2"}}, "'load.dead' must be a list of words"),
        ({"monotonic_zero_unix_ns": "now"}, "'monotonic_zero_unix_ns' must be a whole number"),
        ({"load": {"offered": 5, "overflow": 6}}, "'load.overflow' is 6, of 5 offered"),
        ({"load": {"offered": 5, "ok": 4, "fail": 2}}, "'load.offered' is 5, and of these are ok 4, fail 2"),
        (
            {"load": {"fail": 1, "overflow": 1, "refused": 1}},
            "'load.fail' is 1, and of these are overflow 1, refused 1",
        ),
        (
            {"topology": {"kind": "group-multi"}, "scenario": {"topology": "group"}},
            "'topology.kind' is \"group-multi\", and 'scenario.topology.kind' \"group\"",
        ),
        (
            {"mesh": {"mode": "direct"}, "scenario": {"mesh": {"mode": "gateway"}}},
            "'mesh.mode' is \"direct\", and 'scenario.mesh.mode' \"gateway\"",
        ),
        ({"topology": {"kind": "group", "primaries": 2}}, "'topology.primaries' is 2, but kind group has one primary"),
    ],
)
def test_a_manifest_that_cannot_be_is_named_in_plain_words(folder: Path, manifest: dict[str, Any], named: str) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(HistoryError) as caught:
        load_history(folder)
    assert str(caught.value).startswith(f"{folder / 'manifest.json'}: {named}")


@pytest.mark.parametrize(
    "manifest",
    [
        dict.fromkeys(("scenario", "gates", "load", "host", "topology", "mesh", "versions", "command")),
        {"scenario": {"topology": "group", "mesh": "envoy"}, "mesh": {"mode": "gateway", "proxy": "envoy"}},
        {"topology": {"kind": "group-multi", "primaries": 3}},
        {"load": {"fail": 1, "expired": 2, "unknown": 1}},
        {"topology": {"kind": "galera", "pods": 3}, "anything": [{"else": None}]},
    ],
)
def test_a_manifest_that_says_less_or_says_it_shorter_is_taken(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert load_history(folder).manifest == manifest
